/** What names were found to stand for, for as long as that holds, and which are being looked up just now. */
import type { Clock } from '../base/clock.ts';

/** An answer, and for how long it may be used. */
export interface Found<T> {
  readonly value: T;
  readonly lifetimeMs: number;
}

interface Entry<T> {
  readonly value: Promise<T>;
  /** Endless as long as the answer is not there: whoever asks meanwhile waits for the same one. */
  untilMs: number;
}

/** A bounded number of names; those that were not asked for the longest give way. */
export class LookupCache<T> {
  readonly #clock: Clock;
  readonly #maxNames: number;
  readonly #failureMs: number;
  /** The one used last stands last. */
  readonly #entries = new Map<string, Entry<T>>();

  /** @param failureMs - for how long a failure is the answer. */
  constructor(clock: Clock, maxNames: number, failureMs: number) {
    this.#clock = clock;
    this.#maxNames = maxNames;
    this.#failureMs = failureMs;
  }

  /** What is known of `name`, else what `ask` finds out. When `ask` throws instead of promising, nothing is remembered. */
  find(name: string, ask: () => Promise<Found<T>>): Promise<T> {
    const known = this.#entries.get(name);
    this.#entries.delete(name);
    const entry = known !== undefined && known.untilMs > this.#clock.nowMs() ? known : this.#entryFor(ask());
    this.#entries.set(name, entry);
    for (const eldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxNames) break;
      this.#entries.delete(eldest);
    }
    return entry.value;
  }

  /** Forgets everything; what is under way is still told to those who wait for it. */
  clear(): void {
    this.#entries.clear();
  }

  #entryFor(answer: Promise<Found<T>>): Entry<T> {
    const entry: Entry<T> = { value: answer.then(({ value }) => value), untilMs: Number.POSITIVE_INFINITY };
    const holdFor = (lifetimeMs: number) => {
      entry.untilMs = this.#clock.nowMs() + lifetimeMs;
    };
    answer.then(
      ({ lifetimeMs }) => holdFor(lifetimeMs),
      () => holdFor(this.#failureMs),
    );
    return entry;
  }
}
