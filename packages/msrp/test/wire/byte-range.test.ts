import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatByteRange, parseByteRange } from '../../src/wire/byte-range.ts';

const LARGEST = Number.MAX_SAFE_INTEGER;

describe('parseByteRange', () => {
  it.each([
    ['1-25/25', { start: 1, end: 25, total: 25 }],
    ['1-*/25', { start: 1, end: undefined, total: 25 }],
    ['1-25/*', { start: 1, end: 25, total: undefined }],
    ['1-*/*', { start: 1, end: undefined, total: undefined }],
    ['1-0/0', { start: 1, end: 0, total: 0 }],
    ['1-0/*', { start: 1, end: 0, total: undefined }],
    ['2049-2048/5000', { start: 2049, end: 2048, total: 5000 }],
    ['2049-4096/5000', { start: 2049, end: 4096, total: 5000 }],
    ['01-0025/025', { start: 1, end: 25, total: 25 }],
  ])('reads %s (F-23)', (text, range) => {
    expect(parseByteRange(text)).toEqual(range);
  });

  it.each([
    '0-5/5',
    '*-5/5',
    '1-5',
    '-1-5/5',
    '1-5/',
    '',
    '1',
    '1-',
    '1-/5',
    '-5/5',
    '1/5',
    '1-5/5/5',
    '1-5-5',
    '1-**/5',
    '1-*5/5',
    '1-5*/5',
    '1-5/**',
    '1-5/*5',
    '1-5/5*',
    '+1-5/5',
    '1-+5/5',
    '1 -5/5',
    ' 1-5/5',
    '1-5/5 ',
    '1-5/5\0',
    '1.0-5/5',
    '1e1-5/5',
    '0x1-5/5',
    '1-5/٥',
    '００1-5/5',
    '1-NaN/5',
    '3-1/5',
    '2-0/0',
  ])('finds %j malformed (F-23)', (text) => {
    expect(parseByteRange(text)).toBeUndefined();
  });

  it('reads numbers up to 2^53-1 exactly (F-24)', () => {
    expect(parseByteRange(`1-*/${LARGEST}`)).toEqual({ start: 1, end: undefined, total: LARGEST });
    expect(parseByteRange(`${LARGEST}-${LARGEST}/${LARGEST}`)).toEqual({
      start: LARGEST,
      end: LARGEST,
      total: LARGEST,
    });
    expect(parseByteRange(`1-*/${'0'.repeat(10_000)}7`)).toEqual({ start: 1, end: undefined, total: 7 });
  });

  it.each(['9007199254740992', '9007199254740993', '18446744073709551617', '99999999999999999999', '9'.repeat(10_000)])(
    'finds a number over 2^53-1 malformed, wherever it stands (F-24)',
    (large) => {
      expect(parseByteRange(`1-*/${large}`)).toBeUndefined();
      expect(parseByteRange(`1-${large}/*`)).toBeUndefined();
      expect(parseByteRange(`${large}-*/*`)).toBeUndefined();
    },
  );

  it('reads what formatByteRange writes', () => {
    const limit = fc.option(fc.maxSafeNat(), { nil: undefined });
    const range = fc
      .record({ start: fc.integer({ min: 1, max: LARGEST }), end: limit, total: limit })
      .filter(({ start, end }) => end === undefined || end >= start - 1);
    fc.assert(
      fc.property(range, (some) => {
        expect(parseByteRange(formatByteRange(some))).toEqual(some);
      }),
    );
  });

  it('gives a range within bounds or nothing, for any text', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', '9', '-', '/', '*', ' ') });
    fc.assert(
      fc.property(text, (some) => {
        const range = parseByteRange(some);
        if (range === undefined) return;
        expect(range.start).toBeGreaterThanOrEqual(1);
        expect(range.end ?? range.start).toBeGreaterThanOrEqual(range.start - 1);
        expect(some).toMatch(/^\d+-(\d+|\*)\/(\d+|\*)$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('formatByteRange', () => {
  it('writes * for what is unknown', () => {
    expect(formatByteRange({ start: 1, end: undefined, total: undefined })).toBe('1-*/*');
    expect(formatByteRange({ start: 1, end: 0, total: 0 })).toBe('1-0/0');
    expect(formatByteRange({ start: 2049, end: 4096, total: LARGEST })).toBe('2049-4096/9007199254740991');
  });
});
