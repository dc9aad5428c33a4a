import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OctetRanges } from '../../src/client/octet-ranges.ts';

function rangesOf(...ranges: readonly (readonly [start: number, end: number])[]): OctetRanges {
  const set = new OctetRanges();
  for (const [start, end] of ranges) set.add(start, end);
  return set;
}

describe('a set of octets', () => {
  it('is empty at first', () => {
    const set = new OctetRanges();
    expect(set.ranges).toEqual([]);
    expect(set.octets).toBe(0);
    expect(set.missing(1, 5)).toEqual([{ start: 1, end: 5 }]);
  });

  it('keeps traffic in order as one range', () => {
    expect(rangesOf([1, 10], [11, 20], [21, 21]).ranges).toEqual([{ start: 1, end: 21 }]);
  });

  it('joins ranges that a later one touches or spans', () => {
    expect(rangesOf([10, 20], [30, 40], [50, 60], [21, 29]).ranges).toEqual([
      { start: 10, end: 40 },
      { start: 50, end: 60 },
    ]);
    expect(rangesOf([10, 20], [30, 40], [1, 99]).ranges).toEqual([{ start: 1, end: 99 }]);
  });

  it('takes nothing from a range that ends before it starts', () => {
    expect(rangesOf([5, 4], [1, 0]).ranges).toEqual([]);
  });

  it('covers an empty range, and numbers up to the largest that are exact', () => {
    const set = rangesOf([1, Number.MAX_SAFE_INTEGER]);
    expect(set.covers(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(new OctetRanges().covers(1, 0)).toBe(true);
    expect(new OctetRanges().covers(1, 1)).toBe(false);
  });

  it('has no more than 1024 ranges: those that come then join one, or are forgotten', () => {
    const set = new OctetRanges();
    for (let index = 0; index < 2000; index += 1) set.add(2 * index + 1, 2 * index + 1);
    expect(set.ranges).toHaveLength(1024);
    expect(set.octets).toBe(1024);
    set.add(2, 2);
    expect(set.ranges).toHaveLength(1023);
    set.add(1, 4000);
    expect(set.ranges).toEqual([{ start: 1, end: 4000 }]);
  });

  it('says the same as a list of octets, whatever is added and removed in whatever order', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -1, max: 4 }), range)), range, (steps, [from, to]) => {
        const set = new OctetRanges();
        const octets = new Set<number>();
        for (const [step, [start, end]] of steps) {
          if (step < 0) set.remove(start, end);
          else set.add(start, end);
          for (let at = start; at <= end; at += 1) {
            if (step < 0) octets.delete(at);
            else octets.add(at);
          }
        }
        const asked = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
        const absent = set.missing(from, to).flatMap(({ start, end }) => {
          expect(end).toBeGreaterThanOrEqual(start);
          return Array.from({ length: end - start + 1 }, (_, index) => start + index);
        });
        expect(set.octets).toBe(octets.size);
        expect(absent).toEqual(asked.filter((octet) => !octets.has(octet)));
        expect(set.covers(from, to)).toBe(absent.length === 0);
        for (const [index, { start }] of set.ranges.entries()) {
          const before = set.ranges[index - 1];
          if (before !== undefined) expect(start).toBeGreaterThan(before.end + 1);
        }
      }),
    );
  });
});
