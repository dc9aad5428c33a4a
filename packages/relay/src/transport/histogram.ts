/** Durations, counted by size: plain numbers and an index that costs one instruction, since every message passes here. */

/** Durations are counted in these: sixteenths of a millisecond. */
export const TICKS_PER_MS = 16;

/** How many buckets there are before the last one, which takes everything longer. */
const BOUNDED = 18;

/** The first bucket ends at 1 << FIRST_SHIFT ticks, a quarter of a millisecond; each further one is twice as wide. */
const FIRST_SHIFT = 2;

/** The upper bounds of the buckets in seconds: 0.25 ms, doubled up to 32.8 s. */
export const BUCKET_BOUNDS: readonly number[] = Array.from({ length: BOUNDED }, (_, index) => {
  return 2 ** (index + FIRST_SHIFT) / TICKS_PER_MS / 1000;
});

/** A copy of a histogram. */
export interface HistogramSnapshot {
  /** How many durations fell into each bucket; one more than there are bounds. */
  readonly counts: readonly number[];
  /** Of all durations, in seconds. */
  readonly sum: number;
}

/** Counts durations. */
export class Histogram {
  readonly #counts = new Float64Array(BOUNDED + 1);
  #sumTicks = 0;

  /** Counts one of `ticks`; one below 0, which a clock that was moved may give, is 0. */
  add(ticks: number): void {
    const index = ticks > 0 ? Math.min(32 - Math.clz32(ticks >> FIRST_SHIFT), BOUNDED) : 0;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    if (ticks > 0) this.#sumTicks += ticks;
  }

  get snapshot(): HistogramSnapshot {
    return { counts: [...this.#counts], sum: this.#sumTicks / TICKS_PER_MS / 1000 };
  }
}
