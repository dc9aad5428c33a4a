/** How often and how long connections were not read: what slows a sender down, as an operator sees it. */
import type { Clock } from 'msrp/base';

/** Why a connection is not read: what it feeds is full, its rate is used up, or it leaves its own answers unread. */
export const PAUSE_CAUSES = ['receiver', 'rate', 'answers'] as const;

/** One of {@link PAUSE_CAUSES}. */
export type PauseCause = (typeof PAUSE_CAUSES)[number];

/** The pauses of one cause. */
export interface PauseSnapshot {
  /** How many have begun. */
  readonly count: number;
  /** Seconds of all of them together, with those that last. */
  readonly seconds: number;
  /** How many last. */
  readonly open: number;
}

interface Account {
  count: number;
  open: number;
  /** The ends of all pauses less their beginnings; those that last have no end yet. */
  sumMs: number;
}

/** The pauses of all connections of a relay. */
export class Pauses {
  readonly #clock: Clock;
  /** Times are counted from here: sums of times since 1970 would be too large to be exact. */
  readonly #startMs: number;
  readonly #accounts: Readonly<Record<PauseCause, Account>> = {
    receiver: { count: 0, open: 0, sumMs: 0 },
    rate: { count: 0, open: 0, sumMs: 0 },
    answers: { count: 0, open: 0, sumMs: 0 },
  };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.nowMs();
  }

  /** A connection is not read from now on. */
  begin(cause: PauseCause): void {
    const account = this.#accounts[cause];
    account.count += 1;
    account.open += 1;
    account.sumMs -= this.#nowMs;
  }

  /** It is read again, or gone. To be called once for each beginning. */
  end(cause: PauseCause): void {
    const account = this.#accounts[cause];
    account.open -= 1;
    account.sumMs += this.#nowMs;
  }

  snapshot(cause: PauseCause): PauseSnapshot {
    const { count, open, sumMs } = this.#accounts[cause];
    return { count, open, seconds: (sumMs + open * this.#nowMs) / 1000 };
  }

  get #nowMs(): number {
    return this.#clock.nowMs() - this.#startMs;
  }
}
