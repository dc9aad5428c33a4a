/** How long to wait before something that has ended is started again: not at all at first, then longer and longer. */

/** A life of at least this counts as a success. */
const HEALTHY_MS = 60_000;
const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Of one worker. */
export class BackOff {
  #failures = 0;

  /** The time to wait, in milliseconds, after a life of `livedMs`. */
  next(livedMs: number): number {
    if (livedMs >= HEALTHY_MS) this.#failures = 0;
    const waitMs = this.#failures === 0 ? 0 : Math.min(FIRST_MS * 2 ** (this.#failures - 1), LONGEST_MS);
    this.#failures += 1;
    return waitMs;
  }
}
