/** What vectors cannot show of the parser: views, memory, being stopped. What it makes of octets is in test/vectors. */
import { describe, expect, it } from 'vitest';
import { MsrpError } from '../../src/base/index.ts';
import { type Head, Parser, type ParserEvents, type ParserLimits } from '../../src/wire/index.ts';
import { transcript } from '../transcript.ts';
import { DEFAULT_LIMITS } from '../vectors.ts';

const PATHS = 'To-Path: msrp://b.example:8888/r3Lm9;tcp\r\nFrom-Path: msrp://a.example:7777/k81Zs;tcp\r\n';
const HEAD = `MSRP a1b2 SEND\r\n${PATHS}Message-ID: m-0417\r\nContent-Type: text/plain\r\n\r\n`;
const END = '\r\n-------a1b2$\r\n';
const BODILESS = `MSRP a1b2 SEND\r\n${PATHS}Message-ID: m-0417\r\n-------a1b2$\r\n`;

const octetsOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A parser, and all that it told. */
function listen(limits: Partial<ParserLimits> = {}, on: Partial<ParserEvents> = {}) {
  const told: string[] = [];
  const heads: Head[] = [];
  const bodies: Uint8Array[] = [];
  const broken: { error: MsrpError; head: Head | undefined }[] = [];
  const parser = new Parser(
    {
      head(head) {
        told.push('head');
        heads.push(head);
        on.head?.(head);
      },
      body(octets) {
        told.push('body');
        bodies.push(octets);
        on.body?.(octets);
      },
      end(flag) {
        told.push(`end ${flag}`);
        on.end?.(flag);
      },
      broken(error, head) {
        told.push('broken');
        broken.push({ error, head });
        on.broken?.(error, head);
      },
    },
    { ...DEFAULT_LIMITS, ...limits },
  );
  return { parser, told, heads, bodies, broken };
}

const octetsIn = (bodies: readonly Uint8Array[]) => bodies.reduce((sum, { length }) => sum + length, 0);

describe('a body', () => {
  it('is told as views on what was written, never copied (F-34)', () => {
    const { parser, bodies } = listen();
    const [first, second] = [octetsOf(`${HEAD}abc`), octetsOf(`def\r\nghi${END}`)];
    parser.write(first);
    parser.write(second);
    expect(bodies.map(({ buffer }) => buffer)).toEqual([first.buffer, second.buffer]);
    expect(bodies.map((octets) => Buffer.from(octets).toString())).toEqual(['abc', 'def\r\nghi']);
  });

  it('of 1 MiB in one read is told at once (F-34)', () => {
    const { parser, told, bodies } = listen();
    parser.write(octetsOf(`${HEAD}${'x'.repeat(1 << 20)}${END}`));
    expect(told).toEqual(['head', 'body', 'end $']);
    expect(octetsIn(bodies)).toBe(1 << 20);
  });

  it('is never held back beyond what could begin an end-line (F-17, F-32)', () => {
    const { parser, bodies } = listen();
    parser.write(octetsOf(HEAD));
    let written = 0;
    for (const piece of [
      'x',
      '\r',
      '\n',
      '-------',
      'a1b2',
      '$',
      '\r',
      'x'.repeat(70_000),
      '\r\n-------a1b',
      '\r',
    ].flatMap((text, index, texts) => [text, ...texts.slice(0, index)])) {
      parser.write(octetsOf(piece));
      written += piece.length;
      expect(written - octetsIn(bodies)).toBeLessThan(END.length);
    }
  });

  // Work is counted in events: each look-alike may cost some, and twice the octets cost twice as much.
  it.each([
    ['CRs', '\r', 2],
    ['LFs', '\n', 2],
    ['CRLFs', '\r\n', 2],
    ['hyphens', '-', 2],
    ['zeros', '\0', 2],
    ['beginnings of end-lines', '\r\n-------a1b', 2],
    ['end-lines without flag', '\r\n-------a1b2', 2],
    ['end-lines but for the LF', '\r\n-------a1b2$\r', 2],
  ])('of 1 MiB of %s is told in full, with work that grows as it does (F-17)', (_, run, eventsPerRun) => {
    const events = [1 << 19, 1 << 20].map((octets) => {
      const body = run.repeat(octets / run.length);
      const { parser, told, bodies } = listen();
      parser.write(octetsOf(`${HEAD}${body}${END}`));
      expect(told.at(-1)).toBe('end $');
      expect(octetsIn(bodies)).toBe(body.length);
      expect(told.length).toBeLessThanOrEqual(3 + (eventsPerRun * body.length) / run.length);
      return told.length;
    });
    expect(events[1]).toBeLessThanOrEqual(2 * events[0]! + 3);
  });

  it('of look-alikes in reads of 1000 octets is told in full (F-17, F-32)', () => {
    const body = '\r\n-------a1b2$\r'.repeat(20_000);
    const { parser, told, bodies } = listen();
    const octets = octetsOf(`${HEAD}${body}${END}`);
    for (let at = 0; at < octets.length; at += 1000) parser.write(octets.subarray(at, at + 1000));
    expect(told.at(-1)).toBe('end $');
    expect(octetsIn(bodies)).toBe(body.length);
  });
});

describe('a head', () => {
  it('is not kept in the memory that was written (F-32)', () => {
    for (const make of [octetsOf, (text: string) => new Uint8Array(octetsOf(text))]) {
      const { parser, heads } = listen();
      const begin = make(BODILESS.slice(0, 60));
      parser.write(begin);
      begin.fill(0);
      parser.write(make(BODILESS.slice(60)));
      expect(heads[0]).toMatchObject({ fault: undefined, toPath: 'msrp://b.example:8888/r3Lm9;tcp' });
    }
  });

  it('is held only up to the bound, whatever it consists of (F-28)', () => {
    for (const run of ['x', '\n', ': ', '\r', 'X: 1\r\n']) {
      const { parser, told } = listen({ maxHeadLines: 1_000_000 });
      let written = 15;
      parser.write(octetsOf('MSRP a1b2 SEND\r'));
      parser.write(octetsOf('\n'));
      for (written += 1; told.length === 0; written += 100 * run.length) {
        expect(written).toBeLessThanOrEqual(DEFAULT_LIMITS.maxHeadOctets);
        parser.write(octetsOf(run.repeat(100)));
      }
      expect(told).toEqual(['broken']);
    }
  });

  it('over the bound is answerable only when both paths were read (F-28)', () => {
    const known = listen({ maxHeadOctets: 300 });
    known.parser.write(octetsOf(BODILESS.replace('Message-ID', `X: ${'x'.repeat(300)}\r\nMessage-ID`)));
    expect(known.broken).toMatchObject([
      { error: { code: 'MSRP_HEAD_TOO_LARGE' }, head: { transactionId: 'a1b2', method: 'SEND', failureReport: 'yes' } },
    ]);
    expect(known.broken[0]!.head).toMatchObject({
      toPath: 'msrp://b.example:8888/r3Lm9;tcp',
      fromPath: 'msrp://a.example:7777/k81Zs;tcp',
    });
    const unknown = listen({ maxHeadOctets: 60 });
    unknown.parser.write(octetsOf(BODILESS));
    expect(unknown.broken).toEqual([{ error: expect.any(MsrpError), head: undefined }]);
  });

  it('needs no octet more than its own to be told (F-32)', () => {
    const { parser, told } = listen();
    const octets = octetsOf(BODILESS);
    parser.write(octets.subarray(0, -1));
    expect(told).toEqual([]);
    parser.write(octets.subarray(-1));
    expect(told).toEqual(['head', 'end $']);
  });

  it('with a body is told before any octet of the body (F-14)', () => {
    const { parser, told } = listen();
    parser.write(octetsOf(HEAD));
    expect(told).toEqual(['head']);
  });

  it('of each method and status says which it is (F-06)', () => {
    const { parser, heads } = listen();
    parser.write(octetsOf(`${BODILESS}MSRP a1b2 481 Gone: so what\r\n${PATHS}-------a1b2$\r\n`));
    expect(heads).toMatchObject([
      { method: 'SEND', status: 0, comment: '' },
      { method: '', status: 481, comment: 'Gone: so what', messageId: '', byteRange: undefined },
    ]);
  });

  it('does not inherit anything from the one before (F-32)', () => {
    const full = `MSRP a1b2 SEND\r\n${PATHS}Message-ID: m-0417\r\nByte-Range: 5-6/7\r\nSuccess-Report: yes\r\nFailure-Report: no\r\nStatus: x\r\nContent-Type: a/b\r\n\r\nabc${END}`;
    const { parser, heads } = listen();
    parser.write(octetsOf(`${full}MSRP a1b3 AUTH\r\n${PATHS}-------a1b3$\r\n`));
    expect(heads[0]!.fault).toBeDefined();
    expect(heads[1]).toEqual({
      transactionId: 'a1b3',
      method: 'AUTH',
      status: 0,
      comment: '',
      toPath: 'msrp://b.example:8888/r3Lm9;tcp',
      fromPath: 'msrp://a.example:7777/k81Zs;tcp',
      messageId: '',
      byteRange: undefined,
      successReport: false,
      failureReport: 'yes',
      hasBody: false,
      lines: '',
      rangeStart: 0,
      rangeEnd: 0,
      fault: undefined,
    });
  });

  it('beyond the first few KiB of a read is read like any other (F-32)', () => {
    for (const octets of [4000, 4050, 4080, 4090, 4096, 5000, 20_000]) {
      const { parser, heads } = listen();
      parser.write(octetsOf(`${HEAD}${'x'.repeat(octets)}${END}${BODILESS}`));
      expect(heads.map(({ messageId, fault }) => [messageId, fault])).toEqual([
        ['m-0417', undefined],
        ['m-0417', undefined],
      ]);
    }
  });
});

describe('a head that a long read goes on with', () => {
  const filler = 'x'.repeat(3000);
  const long = `MSRP a1b2 SEND\r\n${PATHS}Message-ID: m-0417\r\nX-Filler: ${filler}\r\nContent-Type: text/plain\r\n\r\n`;
  const tell = (pieces: Uint8Array[]) =>
    transcript(pieces, { ...DEFAULT_LIMITS, maxHeadOctets: 8192 }, (events, limits) => new Parser(events, limits));

  it.each([
    ['a short head', `\r\n${HEAD}${filler}${END}\r\n${BODILESS}`],
    ['a head longer than what is joined', `${long}${filler}${END}${BODILESS}`],
    ['a head without body', `${BODILESS}${HEAD}${filler}${END}`],
    ['what is no message', `${BODILESS}MSRX a1b2 SEND\r\n${filler}`],
  ])('is told as if it had come at once, wherever the cut: %s (F-32)', (_, text) => {
    const octets = octetsOf(text);
    const expected = tell([octets]);
    for (let cut = 1; cut < octets.length; cut += 1) {
      expect(tell([octets.subarray(0, cut), octets.subarray(cut)]), `cut at ${cut}`).toEqual(expected);
    }
  });
});

describe('header lines that every head has', () => {
  const send = (lines: string) => `MSRP a1b2 SEND\r\n${PATHS}Message-ID: m-0417\r\n${lines}\r\nbody${END}`;
  const known = ['Failure-Report: partial', 'Success-Report: yes', 'Content-Type: text/plain', ''].join('\r\n');

  /** What a parser says of a head with `lines` after many with others. */
  function readAfterMany(lines: string): Head | undefined {
    const { parser, heads } = listen();
    for (let count = 0; count < 40; count += 1) parser.write(octetsOf(send(known)));
    parser.write(octetsOf(send(lines)));
    return heads.at(-1);
  }

  it('say what they say, however often they were read (F-32)', () => {
    expect(readAfterMany(known)).toMatchObject({
      ...{ failureReport: 'partial', successReport: true, hasBody: true, fault: undefined },
      lines: `Message-ID: m-0417\r\n${known}`,
    });
  });

  it.each([
    ['Content-Type: text/plain\r\n', { failureReport: 'yes', successReport: false, fault: undefined }],
    [known.replace('partial', 'no'), { failureReport: 'no', successReport: true, fault: undefined }],
    [known.replace('partial', 'partially'), { fault: 'Failure-Report has an unknown value' }],
    [`Success-Report: yes\r\n${known}`, { fault: 'a second Success-Report' }],
    [`Content-Type: text/plain\r\n${known}`, { fault: 'a header after Content-Type' }],
    [known.replace('text/plain', 'text/plain;charset=utf-8'), { fault: undefined, hasBody: true }],
  ])('are not taken for others that begin alike: %j (F-32)', (lines, expected) => {
    expect(readAfterMany(lines)).toMatchObject(expected);
  });
});

describe('stop', () => {
  const STREAM = octetsOf(`${HEAD}abc\r\n-------a1b2?def${END}${BODILESS}${HEAD}ghi${END}nonsense`);

  it.each(['head', 'body', 'end'] as const)('in a %s event is the last that is told, then and later', (event) => {
    const stopping = listen({}, { [event]: () => stopping.parser.stop() });
    stopping.parser.write(STREAM);
    const { length } = stopping.told;
    expect(stopping.told.at(-1)).toMatch(event);
    expect(stopping.told.slice(0, -1).some((line) => line.startsWith(event))).toBe(false);
    stopping.parser.write(STREAM);
    expect(stopping.told).toHaveLength(length);
  });

  it('between two reads tells nothing of what is held', () => {
    for (const begin of [BODILESS.slice(0, 40), `${HEAD}abc\r\n---`]) {
      const { parser, told } = listen();
      parser.write(octetsOf(begin));
      const before = told.length;
      parser.stop();
      parser.write(STREAM);
      expect(told).toHaveLength(before);
    }
  });

  it('is what happens by itself when the stream breaks (F-30)', () => {
    const { parser, told, broken } = listen();
    parser.write(STREAM);
    expect(told.at(-1)).toBe('broken');
    const { length } = told;
    parser.write(octetsOf(BODILESS));
    parser.write(octetsOf('GET / HTTP/1.1\r\n\r\n'));
    expect(told).toHaveLength(length);
    expect(broken).toEqual([{ error: expect.objectContaining({ code: 'MSRP_BAD_START_LINE' }), head: undefined }]);
  });
});

describe('where the parser stands', () => {
  const states = (text: string) => {
    const { parser } = listen();
    parser.write(octetsOf(text));
    return [parser.isInsideHead, parser.isInsideBody];
  };

  it.each([
    ['at the start', '', [false, false]],
    ['between two messages', BODILESS, [false, false]],
    ['after an empty line', '\r\n', [false, false]],
    ['after the first octet of a head', `${BODILESS}M`, [true, false]],
    ['before the last octet of a head', BODILESS.slice(0, -1), [true, false]],
    ['after a head that a body follows', HEAD, [false, true]],
    ['inside a body', `${HEAD}abc`, [false, true]],
    ['before the last octet of an end-line', `${HEAD}abc${END}`.slice(0, -1), [false, true]],
    ['after a body', `${HEAD}abc${END}`, [false, false]],
    ['after garbage', 'nonsense', [false, false]],
  ])('is known %s', (_, text, expected) => {
    expect(states(text)).toEqual(expected);
  });

  it('is nowhere once stopped', () => {
    const { parser } = listen();
    parser.write(octetsOf('MSRP a1b2'));
    parser.stop();
    expect([parser.isInsideHead, parser.isInsideBody]).toEqual([false, false]);
  });
});
