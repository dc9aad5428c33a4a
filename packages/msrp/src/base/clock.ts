/** Time, passed in: the machine's own clock, or one that a test moves by hand. */

/** A timer that can be called off; calling it off twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Whatever needs the time or waits is given one of these and asks nothing else. */
export interface Clock {
  /** Milliseconds since 1970, never going backwards while the process lives. */
  nowMs(): number;
  /** Calls `fire` once, `ms` from now. The timer does not keep the process alive. */
  after(ms: number, fire: () => void): Timer;
}

/** Timers of Node and of browsers know 31 bits, 24 days; what is longer they fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** The machine's clock. Monotonic: setting the wall clock moves no timer. */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  after: (ms, fire) => new SystemTimer(ms, fire),
};

/** One timer of the machine, or several in turn. */
class SystemTimer implements Timer {
  #handle: unknown;

  constructor(ms: number, fire: () => void) {
    this.#wait(ms, fire);
  }

  cancel(): void {
    clearTimeout(this.#handle as Parameters<typeof clearTimeout>[0]);
  }

  #wait(ms: number, fire: () => void): void {
    const isLast = !(ms > MAX_TIMER_MS);
    this.#handle = isLast ? setTimeout(fire, ms) : setTimeout(() => this.#wait(ms - MAX_TIMER_MS, fire), MAX_TIMER_MS);
    // Node's handle can be told not to hold the process; a browser's is a number.
    const handle = this.#handle;
    if (typeof handle === 'object' && handle !== null && 'unref' in handle) (handle as { unref(): void }).unref();
  }
}
