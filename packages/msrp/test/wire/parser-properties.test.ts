/** What must hold for any octets, cut anyhow. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Parser, type ParserEvents, type ParserLimits } from '../../src/wire/index.ts';
import { octetByOctet, quote, transcript } from '../transcript.ts';
import { DEFAULT_LIMITS, readVectors } from '../vectors.ts';

const RUNS = { numRuns: 400 };
const PATHS = 'To-Path: msrp://b.example:8888/r3Lm9;tcp\r\nFrom-Path: msrp://a.example:7777/k81Zs;tcp\r\n';
const SMALL: ParserLimits = { maxHeadOctets: 250, maxHeadLines: 5 };

const makeParser = (events: ParserEvents, limits: ParserLimits) => new Parser(events, limits);
const told = (pieces: Iterable<Uint8Array>, limits: ParserLimits = DEFAULT_LIMITS) =>
  transcript(pieces, limits, makeParser);

/** Cuts octets at places given as shares of their length. */
function cutUp(octets: Uint8Array, places: readonly number[]): Uint8Array[] {
  const offsets = [0, ...places.map((place) => Math.floor(place * octets.length)).sort((a, b) => a - b), octets.length];
  return offsets.slice(1).map((offset, index) => octets.subarray(offsets[index], offset));
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
const transactionId = fc.constantFrom('a1b2', 'a1b2c', 'a1b', 'zzzz', '0-------').map((id) => id.padEnd(4, '-'));

/** Bodies of octets and of parts of end-lines. */
function bodyFor(id: string): fc.Arbitrary<string> {
  const parts = [
    '\r',
    '\n',
    '\r\n',
    '-',
    '-------',
    '\r\n-------',
    id,
    id.slice(0, -1),
    '$',
    '+',
    '#',
    'x',
    '\0',
    '\xff',
  ];
  const octets = fc.uint8Array({ maxLength: 20 }).map((list) => String.fromCharCode(...list));
  const piece = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...parts) }, { weight: 1, arbitrary: octets });
  return fc
    .array(piece, { maxLength: 30 })
    .map((pieces) => pieces.join(''))
    .filter((body) => endsOnlyOnce(body, id));
}

/** Whether the body may be sent under this id (F-19), after an empty line whose CRLF counts too (F-18). */
function endsOnlyOnce(body: string, id: string): boolean {
  const text = `\r\n${body}\r\n-------${id}$\r\n`;
  const ends = ['$', '+', '#'].map((flag) => text.indexOf(`\r\n-------${id}${flag}\r\n`)).filter((at) => at >= 0);
  return Math.min(...ends) === body.length + 2;
}

const message = transactionId.chain((id) =>
  fc.record({ id: fc.constant(id), body: fc.option(bodyFor(id)), flag: fc.constantFrom('$', '+', '#') }),
);
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

function wireOf({ id, body, flag }: Message): string {
  const content = body === null ? '' : `Content-Type: a/b\r\n\r\n${body}\r\n`;
  return `MSRP ${id} SEND\r\n${PATHS}Message-ID: m-0417\r\n${content}-------${id}${flag}\r\n`;
}

function eventsOf({ id, body, flag }: Message): string[] {
  const head = body === null ? `head SEND ${id} 3 headers` : `head SEND ${id} 4 headers with content`;
  const content = body === null || body === '' ? [] : [`body ${quote(body)}`];
  return [head, 'message-id m-0417', ...content, `end ${flag}`];
}

/** Octets that are nearly MSRP: messages with some octets replaced, taken out or put in. */
const nearlyMsrp = fc
  .tuple(
    fc.array(fc.oneof(message.map(wireOf), fc.constantFrom(...vectorTexts())), { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.record({
        place: fc.double({ min: 0, max: 1, noNaN: true }),
        removed: fc.nat(3),
        put: fc.oneof(
          fc.constantFrom(
            '',
            '\r',
            '\n',
            '\r\n',
            '\r\n\r\n',
            ':',
            ' ',
            '-',
            '\0',
            '\x7f',
            '\xff',
            'MSRP ',
            '-------a1b2$\r\n',
          ),
          fc.uint8Array({ maxLength: 3 }).map((list) => String.fromCharCode(...list)),
        ),
      }),
      { maxLength: 4 },
    ),
  )
  .map(([messages, changes]) => {
    let text = messages.join('');
    for (const { place, removed, put } of changes) {
      const at = Math.floor(place * text.length);
      text = text.slice(0, at) + put + text.slice(at + removed);
    }
    return Buffer.from(text, 'latin1');
  });

function vectorTexts(): string[] {
  const vectors = ['body-end.md', 'headers.md', 'responses.md'].flatMap(readVectors);
  return vectors.map(({ octets }) => Buffer.from(octets).toString('latin1'));
}

/** Of each message: head, perhaps bodies, end; nothing after `broken`. */
const WELL_FORMED = /^(?:(?:head|fault)(?: body)?(?: end|(?: broken)?$|$) ?)*(?:broken)?$/;

function expectWellFormed(lines: readonly string[]): void {
  const kinds = lines.map((line) => line.split(' ')[0] ?? '');
  expect(kinds.filter((kind) => /^(?:head|fault|body|end|broken)$/.test(kind)).join(' ')).toMatch(WELL_FORMED);
}

describe('any body', () => {
  it('survives any cutting and any pipelining (F-16, F-17, F-18, F-32, F-34)', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), cuts, (messages, places) => {
        const octets = Buffer.from(messages.map(wireOf).join(''), 'latin1');
        expect(told(cutUp(octets, places))).toEqual(messages.flatMap(eventsOf));
      }),
      RUNS,
    );
  });

  it('survives octet by octet (F-32)', () => {
    fc.assert(
      fc.property(message, (given) => {
        expect(told(octetByOctet(Buffer.from(wireOf(given), 'latin1')))).toEqual(eventsOf(given));
      }),
      RUNS,
    );
  });
});

describe('any octets at all', () => {
  it('give events or an end, never an exception, the same for every cut (F-30, F-32)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (octets, places) => {
        const lines = told([octets]);
        expectWellFormed(lines);
        expect(told(cutUp(octets, places))).toEqual(lines);
      }),
      RUNS,
    );
  });

  it('that are nearly MSRP give the same events for every cut (F-29, F-32)', () => {
    fc.assert(
      fc.property(nearlyMsrp, cuts, fc.constantFrom(DEFAULT_LIMITS, SMALL), (octets, places, limits) => {
        const lines = told([octets], limits);
        expectWellFormed(lines);
        expect(told(cutUp(octets, places), limits)).toEqual(lines);
        expect(told(octetByOctet(octets), limits)).toEqual(lines);
      }),
      RUNS,
    );
  });

  it('tell nothing after stop, whichever event calls it', () => {
    fc.assert(
      fc.property(nearlyMsrp, cuts, fc.integer({ min: 1, max: 12 }), (octets, places, last) => {
        let count = 0;
        const onEvent = () => {
          count += 1;
          if (count === last) parser.stop();
        };
        const parser = new Parser({ head: onEvent, body: onEvent, end: onEvent, broken: onEvent }, DEFAULT_LIMITS);
        for (const piece of cutUp(octets, places)) parser.write(piece);
        expect(count).toBeLessThanOrEqual(last);
      }),
      RUNS,
    );
  });

  it('leave less than a bounded head held (F-28)', () => {
    fc.assert(
      fc.property(nearlyMsrp, fc.constantFrom('x', '\n', ':', 'X: 1\r\n'), (octets, run) => {
        // Whatever came before: inside a body octets pass through, elsewhere this many must break the stream.
        const states: boolean[] = [];
        const parser = new Parser({ head() {}, body() {}, end() {}, broken: () => states.push(true) }, SMALL);
        parser.write(octets);
        for (let at = 0; at <= SMALL.maxHeadOctets; at += run.length) parser.write(Buffer.from(run));
        expect(parser.isInsideBody || states.length === 1).toBe(true);
      }),
      RUNS,
    );
  });
});
