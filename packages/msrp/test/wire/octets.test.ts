/** The plain ways with octets, for browsers, must do what Node's fast ones do; the parser must not tell them apart. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as fast from '../../src/wire/octets.ts';
import { describeVectors } from './vectors.suite.ts';

const octets = fc.uint8Array({ maxLength: 64 });
/** Few different octets, so that much matches in part. */
const alike = fc.array(fc.constantFrom(10, 13, 45), { maxLength: 40 }).map((list) => Uint8Array.from(list));

describe('without Buffer', () => {
  let plain: typeof fast;
  let wire: typeof import('../../src/wire/index.ts');

  beforeAll(async () => {
    vi.resetModules();
    vi.stubGlobal('Buffer', undefined);
    try {
      plain = await import('../../src/wire/octets.ts');
      wire = await import('../../src/wire/index.ts');
    } finally {
      vi.unstubAllGlobals();
    }
  });

  afterAll(() => void vi.resetModules());

  it('is another module, so that both ways are looked at', () => {
    expect(plain.indexOf).not.toBe(fast.indexOf);
    // Node's way wants an octet array; the plain one never asks.
    const notOctets = [1, 2, 3] as unknown as Uint8Array;
    expect(() => fast.indexOf(notOctets, Uint8Array.of(2), 0)).toThrow();
    expect(plain.indexOf(notOctets, Uint8Array.of(2), 0)).toBe(1);
  });

  it('finds what Node finds', () => {
    fc.assert(
      fc.property(alike, alike, fc.nat(50), (haystack, needle, from) => {
        fc.pre(needle.length > 0);
        expect(plain.indexOf(haystack, needle, from)).toBe(fast.indexOf(haystack, needle, from));
      }),
    );
  });

  it('decodes what Node decodes, one character an octet (F-27)', () => {
    fc.assert(
      fc.property(octets, fc.nat(64), fc.nat(64), (given, first, second) => {
        const [start, end] = [Math.min(first, second, given.length), Math.min(Math.max(first, second), given.length)];
        expect(plain.latin1(given, start, end)).toBe(fast.latin1(given, start, end));
      }),
    );
  });

  it('decodes more octets than a call takes arguments', () => {
    const many = new Uint8Array(1 << 20).map((_, index) => index);
    expect(plain.latin1(many, 3, many.length - 5)).toBe(fast.latin1(many, 3, many.length - 5));
  });

  describe('Parser on vectors', () => {
    describeVectors(
      () => (events, limits) => new wire.Parser(events, limits),
      (given) => new Uint8Array(given),
    );
  });
});

describe.each(['with Buffer', 'on plain arrays'])('octets %s', (kind) => {
  const made = (list: number[]) => (kind === 'with Buffer' ? Buffer.from(list) : Uint8Array.from(list));

  it('finds a needle from an offset on', () => {
    const haystack = made([1, 2, 3, 1, 2, 3]);
    expect([0, 1, 3, 4, 9].map((from) => fast.indexOf(haystack, made([1, 2]), from))).toEqual([0, 3, 3, -1, -1]);
  });

  it('joins into memory of its own', () => {
    const first = made([1, 2]);
    const joined = fast.concat(first, made([3]));
    first.fill(9);
    expect(Array.from(joined)).toEqual([1, 2, 3]);
  });

  it('gets all octets there and back as text (F-27, F-34)', () => {
    const all = made(Array.from({ length: 256 }, (_, octet) => octet));
    expect(Array.from(fast.octetsOf(fast.latin1(all, 0, 256)))).toEqual(Array.from(all));
  });
});
