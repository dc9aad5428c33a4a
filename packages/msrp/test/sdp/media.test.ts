import { describe, expect, it } from 'vitest';
import {
  isMsrp,
  type MsrpMedia,
  maySendContent,
  parseSessionDescription,
  readMedia,
  readMsrpMedia,
} from '../../src/sdp/index.ts';
import { badSdp } from './errors.ts';
import {
  ALICE,
  BEHIND_RELAY,
  BOB,
  BROWSER,
  CHAT_ROOM,
  ENDPOINT_A,
  ENDPOINT_B,
  FIGURE_7,
  FIGURE_19,
  FILE,
  OPTIONS,
  SESSION,
} from './examples.ts';

const read = (text: string): MsrpMedia[] => readMsrpMedia(parseSessionDescription(text));

function only(text: string): MsrpMedia {
  const [media, ...more] = read(text);
  if (media === undefined || more.length > 0) throw new Error(`${more.length + 1} streams`);
  return media;
}

const TYPES = 'a=accept-types:text/plain\n';
const PATH = 'a=path:msrp://a.example.com:7777/k81Zs;tcp\n';
/** Lines 5 to 7, and what a test adds from line 8 on. */
const STREAM = `${SESSION}m=message 7777 TCP/MSRP *\n${TYPES}${PATH}`;
const HEX = Array.from({ length: 32 }, () => 'AB').join(':');

describe('readMedia', () => {
  it('reads the first description of a chat (SD-01)', () => {
    expect(only(ALICE)).toEqual({
      port: 7777,
      protocol: 'TCP/MSRP',
      address: 'alicepc.example.com',
      path: ['msrp://alicepc.example.com:7777/iau39soe2843z;tcp'],
      acceptTypes: ['text/plain'],
      acceptWrappedTypes: [],
      maxSize: undefined,
      setup: undefined,
      direction: 'sendrecv',
      fingerprints: [],
      attributes: [],
    });
  });

  it('reads the path of an endpoint behind a relay, and a space that should not be there (SD-02)', () => {
    expect(only(BEHIND_RELAY)).toMatchObject({
      port: 1234,
      protocol: 'TCP/TLS/MSRP',
      acceptTypes: ['message/cpim', 'text/plain'],
      path: ['msrps://relay.example.com:9000/hjdhfha;tcp', 'msrps://bob.example.com:1234/fuige;tcp'],
    });
  });

  it('reads the path of a browser: ;ws stands in its own URI only (WS-10)', () => {
    expect(only(BROWSER)).toMatchObject({
      protocol: 'TCP/TLS/MSRP',
      path: ['msrps://a.example.com:2855/jui787s2f;tcp', 'msrps://df7jal23ls0d.invalid:2855/98cjs;ws'],
    });
  });

  it('keeps URIs octet for octet (SD-02, U-12)', () => {
    const uri = 'MSRP://Alice@A.Example.com:7777/k81Zs;TCP;x=%41';
    expect(only(STREAM.replace(PATH, `a=path:${uri}\n`)).path).toEqual([uri]);
  });

  it('asks for a port in the first URI, which somebody has to connect to, and not in others (SD-02, U-15)', () => {
    const path = (uris: string) => STREAM.replace(PATH, `a=path:${uris}\n`);
    const [first, second] = ['msrps://r.example.com:2855/s;tcp', 'msrps://a.invalid/s;ws'];
    expect(only(path(`${first} ${second}`)).path).toEqual([first, second]);
    expect(badSdp(() => read(path(`${second} ${first}`)))).toContain('line 7: expected a=path with MSRP URIs');
  });

  it('reads three URIs (SD-02)', () => {
    const uris = [1, 2, 3].map((port) => `msrps://r${port}.example.com:${port}/s;tcp`);
    expect(only(STREAM.replace(PATH, `a=path:${uris.join(' ')}\n`)).path).toEqual(uris);
  });

  it('leaves the attributes of files as they are (SD-08)', () => {
    const media = only(FILE);
    expect(media).toMatchObject({ direction: 'sendonly', acceptTypes: ['message/cpim'], acceptWrappedTypes: ['*'] });
    expect(media.attributes.map(({ name }) => name)).toEqual([
      'file-selector',
      'file-transfer-id',
      'file-disposition',
      'file-date',
      'file-icon',
      'file-range',
    ]);
    expect(media.attributes[4]).toEqual({ name: 'file-icon', value: 'cid:id2@alicepc.example.com' });
  });

  it('reads a rejected stream that has no path, and its max-size (SD-05, SD-06)', () => {
    expect(only(OPTIONS)).toMatchObject({
      port: 0,
      path: [],
      acceptTypes: ['message/cpim'],
      maxSize: 20_000,
      attributes: [{ name: 'file-selector', value: undefined }],
    });
    expect(only(`${SESSION}m=message 0 TCP/MSRP *\n`)).toMatchObject({ port: 0, path: [], acceptTypes: [] });
  });

  it('reads a chat room', () => {
    expect(only(CHAT_ROOM)).toMatchObject({
      acceptWrappedTypes: ['text/plain', 'text/html', '*'],
      attributes: [{ name: 'chatroom', value: 'nickname private-messages' }],
    });
  });

  it('leaves msrp-cema as it is and knows nothing of a=connection (CM-05)', () => {
    expect(only(`${STREAM}a=connection:new\na=msrp-cema\n`).attributes).toEqual([
      { name: 'msrp-cema', value: undefined },
    ]);
  });

  it('reads fingerprints, weak and unknown ones too, of any case (SD-09)', () => {
    expect(only(FIGURE_19).fingerprints).toEqual([
      { hash: 'sha-1', value: '4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB' },
    ]);
    const more = `a=fingerprint:SHA-256 ${HEX.toLowerCase()}\na=fingerprint:blake 00\n`;
    expect(only(STREAM + more).fingerprints).toEqual([
      { hash: 'sha-256', value: HEX },
      { hash: 'blake', value: '00' },
    ]);
  });

  it('does not care about c=, the port and the formats, since nobody connects to them (SD-01)', () => {
    const odd = STREAM.replace('message 7777 TCP/MSRP *', 'message 9 TCP/MSRP wb x');
    expect(only(`${odd}c=IN IP6 IP6 2001:db8::1\n`)).toMatchObject({
      port: 9,
      address: '2001:db8::1',
      path: ['msrp://a.example.com:7777/k81Zs;tcp'],
    });
    expect(only(`${odd}c=\n`).address).toBe('');
    expect(only(odd).address).toBeUndefined();
  });

  it('reads every stream by itself, although their ports are the same (CN-28)', () => {
    const two = `${STREAM}m=audio 5004 RTP/AVP 0\na=path:nothing\n${STREAM.slice(SESSION.length).replace('k81Zs', 'r3Lm9')}`;
    expect(read(two).map(({ port, path }) => [port, ...path])).toEqual([
      [7777, 'msrp://a.example.com:7777/k81Zs;tcp'],
      [7777, 'msrp://a.example.com:7777/r3Lm9;tcp'],
    ]);
  });

  it.each([
    ['active', 'active'],
    ['passive', 'passive'],
    ['actpass', 'actpass'],
    ['ACTPASS ', 'actpass'],
    ['holdconn', undefined],
  ])('reads a=setup:%s as %s (CM-01)', (value, setup) => {
    expect(only(`${STREAM}a=setup:${value}\n`).setup).toBe(setup);
  });

  it.each(['sendrecv', 'sendonly', 'recvonly', 'inactive'])('reads a=%s (SD-08)', (direction) => {
    expect(only(`${STREAM}a=${direction}\n`)).toMatchObject({ direction, attributes: [] });
  });

  it('takes from the session what the section does not say', () => {
    const session = `c=IN IP4 192.0.2.1\na=setup:passive\na=recvonly\na=fingerprint:sha-256 ${HEX}\na=path:nothing\n`;
    const text = STREAM.replace('m=', `${session}m=`);
    expect(only(text)).toMatchObject({
      ...{ address: '192.0.2.1', setup: 'passive', direction: 'recvonly', attributes: [] },
      fingerprints: [{ hash: 'sha-256', value: HEX }],
    });
    const own = 'c=IN IP4 192.0.2.2\na=setup:active\na=sendonly\na=fingerprint:x 00\n';
    expect(only(text + own)).toMatchObject({
      ...{ address: '192.0.2.2', setup: 'active', direction: 'sendonly' },
      fingerprints: [{ hash: 'x', value: '00' }],
    });
    expect(only(`${text}a=setup:holdconn\n`).setup).toBeUndefined();
  });

  it.each([
    ['0', 0],
    ['20000', 20_000],
    ['007', 7],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740993', Number.MAX_SAFE_INTEGER],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ])('reads max-size %s (SD-05)', (value, maxSize) => {
    expect(only(`${STREAM}a=max-size:${value}\n`).maxSize).toBe(maxSize);
  });

  it.each([
    ['m=message 7777 TCP/MSRP *\na=accept-types:*\n', 'line 5: expected a=path below this m= line'],
    [`m=message 7777 TCP/MSRP *\n${PATH}`, 'line 5: expected a=accept-types below this m= line'],
    [`m=message 7777 TCP/MSRP *\n${PATH}a=accept-types\n`, 'line 7: expected a=accept-types with media types'],
    [`m=message 7777 TCP/MSRP *\n${PATH}a=accept-types:text\n`, 'line 7: expected a=accept-types with media types'],
    [`m=message 7777 TCP/MSRP *\n${TYPES}a=path:\n`, 'line 7: expected a=path with MSRP URIs'],
    [`m=message 7777 TCP/MSRP *\n${TYPES}a=path:sip:x\n`, 'line 7: expected a=path with MSRP URIs'],
    [`m=message 7777 TCP/MSRP *\n${TYPES}a=path:msrp://a.example/s;tcp\n`, 'line 7: expected a=path with MSRP URIs'],
    [`m=message 7777 TCP/MSRP *\n${TYPES}${PATH.trim()} x\n`, 'line 7: expected a=path with MSRP URIs'],
  ])('names the line of what is missing or wrong in %j (SD-02, SD-03)', (section, message) => {
    expect(badSdp(() => read(SESSION + section))).toContain(message);
  });

  it.each([
    ['a=setup:both', 'line 8: expected a=setup with active, passive, actpass or holdconn'],
    ['a=setup', 'line 8: expected a=setup with active'],
    ['a=max-size:1k', 'line 8: expected a=max-size with a number of octets'],
    ['a=max-size:', 'line 8: expected a=max-size with'],
    ['a=max-size:-1', 'line 8: expected a=max-size with'],
    ['a=accept-wrapped-types:', 'line 8: expected a=accept-wrapped-types with media types'],
    ['a=fingerprint:sha-256 AB', 'line 8: expected a=fingerprint with a hash'],
    ['a=fingerprint', 'line 8: expected a=fingerprint with a hash'],
    ['a=setup:active\na=setup:active', 'line 9: expected no second a=setup'],
    ['a=max-size:1\na=max-size:1', 'line 9: expected no second a=max-size'],
    ['a=accept-types:*', 'line 8: expected no second a=accept-types'],
    [PATH.trim(), 'line 8: expected no second a=path'],
    ['a=sendonly\na=recvonly', 'line 9: expected no second direction'],
  ])('names the line of what is wrong in %j (CM-01, SD-05, SD-09)', (lines, message) => {
    expect(badSdp(() => read(`${STREAM}${lines}\n`))).toContain(message);
  });

  it('names a line of the session', () => {
    const text = STREAM.replace('m=', 'a=setup:x\nm=');
    expect(badSdp(() => read(text))).toContain('line 5: expected a=setup with');
  });

  it('reads no section that is not MSRP', () => {
    const description = parseSessionDescription(`${SESSION}m=audio 5004 RTP/AVP 0\nm=message 1 UDP/MSRP *\n`);
    expect(readMsrpMedia(description)).toEqual([]);
    expect(description.media.map(isMsrp)).toEqual([false, false]);
    for (const [index, section] of description.media.entries()) {
      expect(badSdp(() => readMedia(description, section))).toContain(`line ${5 + index}: expected "m=message" with`);
    }
  });

  it('quotes nothing of a path in its errors', () => {
    expect(badSdp(() => read(STREAM.replace('7777/', '/')))).not.toContain('k81Zs');
  });

  it.each([
    [BOB, 'bob.example.com', 8888],
    [ENDPOINT_A, 'alice.example.com', 7394],
    [ENDPOINT_B, 'bob.example.com', 8493],
    [FIGURE_7, 'alice.example.com', 7394],
  ])('reads %j: c= and port are those of the URI (SD-01)', (text, address, port) => {
    const media = only(text);
    expect(media).toMatchObject({ address, port });
    expect(media.path.join(' ')).toContain(`//${address}:${port}/`);
  });
});

describe('maySendContent', () => {
  it.each([
    ['sendrecv', 'sendrecv', true],
    ['sendrecv', 'sendonly', false],
    ['sendrecv', 'recvonly', true],
    ['sendrecv', 'inactive', false],
    ['sendonly', 'recvonly', true],
    ['recvonly', 'sendonly', false],
    ['recvonly', 'sendrecv', false],
    ['inactive', 'sendrecv', false],
  ] as const)('as %s to %s: %s (SD-08)', (own, peer, expected) => {
    expect(maySendContent({ direction: own }, { direction: peer })).toBe(expected);
  });
});
