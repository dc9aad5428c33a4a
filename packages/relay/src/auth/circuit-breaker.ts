/** Leaves somebody alone who does not answer, and looks now and then whether they do again. */
import type { Clock } from 'msrp/base';

/** When to stop asking, and when to try again. */
export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** So many failures in a row, and nobody is let through any more. */
  readonly failures: number;
  /** For how long; then one is let through, and each time as long again until one succeeds. */
  readonly restMs: number;
  /** Told when it opens and when it closes again. */
  readonly changed: (isOpen: boolean) => void;
}

/**
 * Closed (everybody passes), open (nobody does), or open with one on probation. Whoever was let through says afterwards how it
 * went; somebody who never does only delays the next attempt by another rest.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #isOpen = false;
  #nextTryAtMs = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Whether to ask now. To be called once for each time that is asked: when it is open, the answer is yes only once a rest. */
  permits(): boolean {
    if (!this.#isOpen) return true;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#nextTryAtMs) return false;
    this.#nextTryAtMs = nowMs + this.#options.restMs;
    return true;
  }

  /** There was an answer, whatever it said. */
  succeeded(): void {
    this.#failures = 0;
    if (this.#isOpen) this.#become(false);
  }

  /** There was none, or one that made no sense. */
  failed(): void {
    const { clock, failures, restMs } = this.#options;
    this.#failures += 1;
    if (this.#failures < failures) return;
    this.#nextTryAtMs = clock.nowMs() + restMs;
    if (!this.#isOpen) this.#become(true);
  }

  #become(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#options.changed(isOpen);
  }
}
