import { describe, expect, it } from 'vitest';
import { followUp, formatSessionDescription, parseSessionDescription, readMsrpMedia } from '../../src/sdp/index.ts';
import { badSdp } from './errors.ts';
import { ALICE, crlf, EXAMPLES, SESSION } from './examples.ts';

const MIXED = `v=0
o=jdoe 3724394400 3724394405 IN IP6 2001:db8::1
s=Call to John Smith
x=nobody knows what this is
a=tool:something
m=audio 49170/2 RTP/AVP 0 8
a=rtpmap:0 PCMU/8000
m=message 7777 TCP/MSRP *
z=
m=video 0 RTP/AVP 31
`;

describe('parseSessionDescription', () => {
  it('cuts a description into the lines of the session and the media sections', () => {
    const { origin, lines, media } = parseSessionDescription(crlf(MIXED));
    expect(origin).toBe('jdoe 3724394400 3724394405 IN IP6 2001:db8::1');
    expect(lines).toEqual([
      { number: 3, type: 's', value: 'Call to John Smith' },
      { number: 4, type: 'x', value: 'nobody knows what this is' },
      { number: 5, type: 'a', value: 'tool:something' },
    ]);
    expect(media.map(({ head, lines, ...rest }) => ({ ...rest, number: head.number, below: lines.length }))).toEqual([
      { media: 'audio', port: 49170, protocol: 'RTP/AVP', formats: '0 8', number: 6, below: 1 },
      { media: 'message', port: 7777, protocol: 'TCP/MSRP', formats: '*', number: 8, below: 1 },
      { media: 'video', port: 0, protocol: 'RTP/AVP', formats: '31', number: 10, below: 0 },
    ]);
  });

  it.each(EXAMPLES)('reads the example of %s and writes it back octet for octet', (_, text) => {
    expect(formatSessionDescription(parseSessionDescription(crlf(text)))).toBe(crlf(text));
  });

  it('takes LF for CRLF, a missing end of the last line, and empty lines at the end', () => {
    const whole = parseSessionDescription(crlf(MIXED));
    expect(parseSessionDescription(MIXED)).toEqual(whole);
    expect(parseSessionDescription(crlf(MIXED).slice(0, -2))).toEqual(whole);
    expect(parseSessionDescription(`${crlf(MIXED)}\r\n\n`)).toEqual(whole);
  });

  it.each([
    ['', 'line 1: expected "v=0"'],
    ['\n\n', 'line 1: expected "v=0"'],
    ['v=1\n', 'line 1: expected "v=0"'],
    ['o=- 1 1 IN IP4 a.example\nv=0\n', 'line 1: expected "v=0"'],
    ['v=0\n', 'line 2: expected "o="'],
    ['v=0\ns=-\n', 'line 2: expected "o="'],
    ['v=0\no=- 1 1 IN IP4\n', 'line 2: expected "o="'],
    ['v=0\no=- 1 one IN IP4 a.example\n', 'line 2: expected "o="'],
    ['v=0\no=- 1 1 IN IP4 a.example b\n', 'line 2: expected "o="'],
    [`${SESSION}\na=x\n`, 'line 5: expected a letter'],
    [`${SESSION}attribute\n`, 'line 5: expected a letter'],
    [`${SESSION} a=x\n`, 'line 5: expected a letter'],
    [`${SESSION}a =x\n`, 'line 5: expected a letter'],
    [`${SESSION}a=x\ry\n`, 'line 5: expected a value without CR and NUL'],
    [`${SESSION}a=x\r\r\n`, 'line 5: expected a value without CR and NUL'],
    [`${SESSION}a=\0\n`, 'line 5: expected a value without CR and NUL'],
    [`${SESSION}m=\n`, 'line 5: expected "m="'],
    [`${SESSION}m=message 7777 TCP/MSRP\n`, 'line 5: expected "m="'],
    [`${SESSION}m=message x TCP/MSRP *\n`, 'line 5: expected "m="'],
    [`${SESSION}m=message -1 TCP/MSRP *\n`, 'line 5: expected "m="'],
    [`${SESSION}m=message 65536 TCP/MSRP *\n`, 'line 5: expected "m="'],
    [`${SESSION}m=message 1/x TCP/MSRP *\n`, 'line 5: expected "m="'],
  ])('refuses %j and names the line', (text, message) => {
    expect(badSdp(() => parseSessionDescription(text))).toContain(message);
    expect(badSdp(() => parseSessionDescription(crlf(text)))).toContain(message);
  });

  it('quotes nothing of the text in its errors, since session URIs are secrets', () => {
    expect(badSdp(() => parseSessionDescription(`${SESSION}secret\n`))).not.toContain('secret');
  });

  it('takes time in proportion to the length, whatever the text', () => {
    const shapes = [
      ['v=0\no=', 'a '],
      ['', 'v=0\r\n'],
      ['', '\n'],
      ['', '\r'],
      [`${SESSION}m=`, 'a '],
      [SESSION, 'a=x\n'],
      [SESSION, 'm=message 0 TCP/MSRP *\n'],
      [`${SESSION}${'a=x\n'.repeat(200_000)}`, 'm=message 0 TCP/MSRP *\n'],
    ] as const;
    for (const [start, piece] of shapes) {
      const text = start + piece.repeat(200_000);
      const began = performance.now();
      badSdp(() => readMsrpMedia(parseSessionDescription(text)));
      expect(performance.now() - began).toBeLessThan(8_000);
    }
  });

  it('gives the error for a line of 40 million characters too', () => {
    expect(badSdp(() => parseSessionDescription(`v=0\no=${'a'.repeat(40_000_000)}`))).toContain('line 2');
  });
});

describe('formatSessionDescription', () => {
  it('writes no line break that a value brought', () => {
    const description = parseSessionDescription(ALICE);
    const lines = [{ number: 3, type: 's', value: 'x\r\na=setup:active' }];
    expect(badSdp(() => formatSessionDescription({ ...description, lines }))).toContain('s= to be written');
    expect(badSdp(() => formatSessionDescription({ ...description, origin: 'x\ny' }))).toContain('o= to be written');
  });
});

describe('followUp', () => {
  const NEXT = ALICE.replace('o=alice 2890844557 2890844559', 'o=other 1 1');

  it('keeps the o= line of before when nothing else changed (SD-07)', () => {
    expect(followUp(ALICE, ALICE)).toBe(crlf(ALICE));
    expect(followUp(crlf(ALICE), NEXT)).toBe(crlf(ALICE));
  });

  it('raises the session version of before when anything changed (SD-07)', () => {
    const changed = NEXT.replace('iau39soe2843z', 'another');
    const expected = ALICE.replace('2890844559', '2890844560').replace('iau39soe2843z', 'another');
    expect(followUp(ALICE, changed)).toBe(crlf(expected));
    expect(followUp(expected, changed)).toBe(crlf(expected));
  });

  it('counts beyond what a number holds', () => {
    const before = ALICE.replace('2890844559', '18446744073709551614');
    expect(followUp(before, BOTH(before))).toContain('o=alice 2890844557 18446744073709551615 IN');
  });

  it('has no version after the last one', () => {
    const last = ALICE.replace('2890844559', '9'.repeat(20));
    expect(badSdp(() => followUp(last, BOTH(last)))).toContain('no higher session version');
  });

  function BOTH(text: string): string {
    return `${text}a=x\n`;
  }
});
