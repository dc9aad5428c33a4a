/** A clock for tests: time stands still until it is advanced. */
import type { Clock, Timer } from './clock.ts';

interface Waiting {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Timers fire in the order of their times, then of their making, inside `advance`. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #waiting = new Set<Waiting>();

  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, fire: () => void): Timer {
    const waiting: Waiting = { atMs: this.#nowMs + ms, fire };
    this.#waiting.add(waiting);
    return { cancel: () => this.#waiting.delete(waiting) };
  }

  /** Moves time on by `ms`; timers that fall due on the way see the time they were set for. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#waiting.delete(next);
      this.#nowMs = next.atMs;
      next.fire();
    }
    this.#nowMs = untilMs;
  }

  /** How many timers are set: a test of tidiness. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  #next(untilMs: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.atMs <= untilMs && (first === undefined || waiting.atMs < first.atMs)) first = waiting;
    }
    return first;
  }
}
