/** What must hold for any text, and for any description that can be written. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answeredMedia,
  formatAnswer,
  formatMedia,
  formatOffer,
  formatSessionDescription,
  type MediaParts,
  type MsrpMedia,
  offeredMedia,
  parseSessionDescription,
  planConnection,
  readMsrpMedia,
} from '../../src/sdp/index.ts';
import { badSdp } from './errors.ts';
import { EXAMPLES, SESSION } from './examples.ts';

const RUNS = { numRuns: 1500 };
const ORIGIN = { user: '-', sessionId: '1', sessionVersion: '1', address: 'a.example.com' };

const letters = (characters: string, minLength = 1) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength: 8 });
const TOKEN = "aZ09!#$%&'+-.^_`{|}~";
const host = fc.oneof(
  fc.constantFrom('a.example.com', '192.0.2.1', '[2001:db8::1]', 'x.invalid', 'A-B.example'),
  letters('abc01').map((label) => `${label}.example`),
);
const uri = fc
  .record({
    scheme: fc.constantFrom('msrp', 'msrps'),
    host,
    port: fc.integer({ min: 1, max: 65_535 }),
    id: letters('aZ09-._~+=/'),
  })
  .map(({ scheme, host, port, id }) => `${scheme}://${host}:${port}/${id};tcp`);
const parameter = fc
  .tuple(
    letters(TOKEN),
    fc.oneof(
      letters(TOKEN),
      letters('a ;,ä', 0).map((text) => `"${text}\\""`),
    ),
  )
  .map((pair) => `;${pair.join('=')}`);
const mediaType = fc.oneof(
  fc.constantFrom('*', 'text/*', 'text/plain', 'message/cpim'),
  fc
    .tuple(letters(TOKEN), letters(TOKEN), fc.array(parameter, { maxLength: 2 }))
    .map(([type, subtype, parameters]) => `${type}/${subtype}${parameters.join('')}`),
);
const hex = (octets: number) =>
  fc
    .uint8Array({ minLength: octets, maxLength: octets })
    .map((digest) => Array.from(digest, (octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join(':'));
const fingerprint = fc.oneof(
  fc.record({ hash: fc.constant('sha-256'), value: hex(32) }),
  fc.record({ hash: fc.constant('sha-1'), value: hex(20) }),
  fc.record({ hash: letters('xyz'), value: hex(3) }),
);
const value = fc.string().filter((text) => !/[\r\n\0]/.test(text));
const attribute = fc.record({
  name: letters(TOKEN).map((name) => `x-${name}`),
  value: fc.option(value, { nil: undefined }),
});
const direction = fc.constantFrom('sendrecv', 'sendonly', 'recvonly', 'inactive');

const media: fc.Arbitrary<MsrpMedia> = fc.record({
  port: fc.oneof(fc.constantFrom(0, 9), fc.nat(65_535)),
  protocol: fc.constantFrom('TCP/MSRP', 'TCP/TLS/MSRP'),
  address: fc.option(fc.constantFrom('a.example.com', '192.0.2.1', '2001:db8::1'), { nil: undefined }),
  path: fc.array(uri, { minLength: 1, maxLength: 4 }),
  acceptTypes: fc.array(mediaType, { minLength: 1, maxLength: 4 }),
  acceptWrappedTypes: fc.array(mediaType, { maxLength: 3 }),
  maxSize: fc.option(fc.maxSafeNat(), { nil: undefined }),
  setup: fc.constantFrom('active', 'passive', 'actpass', undefined),
  direction,
  fingerprints: fc.array(fingerprint, { maxLength: 3 }),
  attributes: fc.array(attribute, { maxLength: 3 }),
});

const parts: fc.Arbitrary<MediaParts> = fc.record({
  path: fc.array(uri, { minLength: 1, maxLength: 3 }),
  acceptTypes: fc.array(mediaType, { minLength: 1, maxLength: 4 }),
  acceptWrappedTypes: fc.array(mediaType, { maxLength: 3 }),
  reachable: fc.boolean(),
  direction,
});

/** Lines as they come and lines that nearly are. */
const LINES = EXAMPLES.flatMap(([, text]) => text.split('\n'));
const line = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...LINES, 'a=setup:active', 'a=max-size:1', 'm=audio 1 RTP/AVP 0') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.constantFrom('a=path:', 'a=', 'm=message', 'v=0', 'a=accept-types:x', '\r', '\0') },
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n')),
  fc.array(line, { maxLength: 12 }).map((lines) => SESSION + lines.join('\r\n')),
);

/** Cuts a piece out of a text and puts another in. */
const broken = fc
  .tuple(fc.constantFrom(...EXAMPLES), fc.nat(400), fc.nat(10), fc.string({ unit: 'binary', maxLength: 3 }))
  .map(([[, text], at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length));

describe('session descriptions', () => {
  it('any text either reads, and then writes and reads again the same, or gives the error', () => {
    let read = 0;
    const check = (text: string) => {
      const message = badSdp(() => {
        const description = parseSessionDescription(text);
        const written = formatSessionDescription(description);
        expect(parseSessionDescription(written)).toEqual(description);
        expect(formatSessionDescription(parseSessionDescription(written))).toBe(written);
        const streams = readMsrpMedia(description);
        for (const stream of streams) planConnection(stream, stream, 'own');
        read += 1;
      });
      if (message !== 'nothing was thrown') expect(message).toMatch(/^line \d+: expected /);
    };
    fc.assert(fc.property(fc.oneof(anyText, broken), check), { numRuns: 5000 });
    expect(read).toBeGreaterThan(100);
  });

  it('a stream that is written reads back the same', () => {
    fc.assert(
      fc.property(fc.array(media, { maxLength: 3 }), (streams) => {
        const text = SESSION + streams.map(formatMedia).join('');
        expect(readMsrpMedia(parseSessionDescription(text))).toEqual(streams);
      }),
      RUNS,
    );
  });

  it('an offer reads back as its streams', () => {
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 3 }), (streams) => {
        const text = formatOffer(ORIGIN, streams);
        expect(readMsrpMedia(parseSessionDescription(text))).toEqual(streams.map(offeredMedia));
        expect(formatSessionDescription(parseSessionDescription(text))).toBe(text);
      }),
      RUNS,
    );
  });

  it('an answer has a section for each of the offer, and both sides agree who connects (SD-06, CM-02)', () => {
    fc.assert(
      fc.property(media, parts, (offered, own) => {
        const offer = parseSessionDescription(SESSION + formatMedia(offered) + formatMedia(offered));
        const answer = formatAnswer(offer, ORIGIN, [own]);
        const expected = answeredMedia(offered, own);
        if (answer.kind === 'refuse') {
          expect(expected).toBeUndefined();
          return;
        }
        const [first, second, ...more] = readMsrpMedia(parseSessionDescription(answer.text));
        expect([first?.port, second?.port, more.length]).toEqual([expected?.port ?? 0, 0, 0]);
        if (expected === undefined || first === undefined) return;
        expect(first).toEqual(expected);
        expect(planConnection(offered, first, 'own').role).not.toBe(planConnection(first, offered, 'peer').role);
      }),
      RUNS,
    );
  });
});
