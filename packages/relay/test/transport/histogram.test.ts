import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKET_BOUNDS, Histogram, TICKS_PER_MS } from '../../src/transport/histogram.ts';

const SECOND = 1000 * TICKS_PER_MS;

function countsOf(...ticks: number[]): readonly number[] {
  const histogram = new Histogram();
  for (const one of ticks) histogram.add(one);
  return histogram.snapshot.counts;
}

describe('Histogram', () => {
  it('has bounds from a quarter of a millisecond to more than the 30 seconds of a transaction, each twice the one before', () => {
    expect(BUCKET_BOUNDS[0]).toBe(0.000_25);
    expect(BUCKET_BOUNDS.at(-1)).toBe(32.768);
    for (const [index, bound] of BUCKET_BOUNDS.entries()) {
      if (index > 0) expect(bound).toBe((BUCKET_BOUNDS[index - 1] ?? 0) * 2);
    }
  });

  it('counts each duration in the bucket of the first bound that it is below', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (ticks) => {
        const counts = countsOf(ticks);
        const expected = BUCKET_BOUNDS.findIndex((bound) => ticks / SECOND < bound);
        expect(counts.indexOf(1)).toBe(expected < 0 ? BUCKET_BOUNDS.length : expected);
        expect(counts.reduce((sum, one) => sum + one, 0)).toBe(1);
      }),
    );
  });

  it('takes what a clock that was moved back gives for no time at all', () => {
    const histogram = new Histogram();
    histogram.add(-SECOND);
    expect([histogram.snapshot.counts[0], histogram.snapshot.sum]).toEqual([1, 0]);
  });

  it('sums in seconds', () => {
    const histogram = new Histogram();
    for (const ticks of [SECOND, 2 * SECOND, 8]) histogram.add(ticks);
    expect(histogram.snapshot.sum).toBe(3.0005);
  });
});
