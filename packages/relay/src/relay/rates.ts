/** Holds connections and users to a rate by reading them less often; never refuses anything (RFC 4976 §9.3). */
import type { Clock } from 'msrp/base';
import type { Hop } from './hop.ts';

/** What may be read in a second, of each connection and of each user; 0 for any amount. */
export interface RateLimits {
  readonly octetsPerSecond: number;
  /** SENDs. */
  readonly messagesPerSecond: number;
}

/** How far a rate may be ahead of time: idle time is not saved up beyond this. */
const BURST_MS = 20;

/** A pause shorter than this is left to the next read: timers cost something, too. */
const SHORTEST_PAUSE_MS = 5;

/** When what was read so far is paid for, at the rate of each limit. */
interface Account {
  octetsPaidAtMs: number;
  messagesPaidAtMs: number;
}

/** The accounts of all connections and users. Each read is entered as a whole, so a message costs no timer. */
export class Rates {
  /** May be changed at any time; what is being waited for is waited for. */
  limits: RateLimits;
  readonly #clock: Clock;
  readonly #ofHop = new WeakMap<Hop, Account>();
  readonly #ofUser = new Map<string, Account>();

  constructor(clock: Clock, limits: RateLimits) {
    this.#clock = clock;
    this.limits = limits;
  }

  /** Enters what was read on `hop`, and does not read it again before that is paid for. */
  spend(hop: Hop, octets: number, messages: number): void {
    const { octetsPerSecond, messagesPerSecond } = this.limits;
    if (octetsPerSecond === 0 && messagesPerSecond === 0) return;
    const nowMs = this.#clock.nowMs();
    let paidAtMs = this.#enter(this.#accountOf(hop), octets, messages, nowMs);
    for (const user of new Set([...hop.sessions].map((session) => session.user))) {
      paidAtMs = Math.max(paidAtMs, this.#enter(this.#accountOfUser(user), octets, messages, nowMs));
    }
    const pauseMs = paidAtMs - nowMs;
    if (pauseMs < SHORTEST_PAUSE_MS) return;
    hop.block(this, 'rate');
    this.#clock.after(pauseMs, () => hop.unblock(this));
  }

  /** Forgets users whose accounts are settled. */
  tidy(): void {
    const nowMs = this.#clock.nowMs();
    for (const [user, { octetsPaidAtMs, messagesPaidAtMs }] of this.#ofUser) {
      if (Math.max(octetsPaidAtMs, messagesPaidAtMs) < nowMs) this.#ofUser.delete(user);
    }
  }

  #enter(account: Account, octets: number, messages: number, nowMs: number): number {
    const { octetsPerSecond, messagesPerSecond } = this.limits;
    const earliestMs = nowMs - BURST_MS;
    if (octetsPerSecond > 0) {
      account.octetsPaidAtMs = Math.max(account.octetsPaidAtMs, earliestMs) + (octets * 1000) / octetsPerSecond;
    }
    if (messagesPerSecond > 0) {
      account.messagesPaidAtMs = Math.max(account.messagesPaidAtMs, earliestMs) + (messages * 1000) / messagesPerSecond;
    }
    return Math.max(account.octetsPaidAtMs, account.messagesPaidAtMs);
  }

  #accountOf(hop: Hop): Account {
    const known = this.#ofHop.get(hop);
    if (known !== undefined) return known;
    const account = { octetsPaidAtMs: 0, messagesPaidAtMs: 0 };
    this.#ofHop.set(hop, account);
    return account;
  }

  #accountOfUser(user: string): Account {
    const account = this.#ofUser.get(user) ?? { octetsPaidAtMs: 0, messagesPaidAtMs: 0 };
    this.#ofUser.set(user, account);
    return account;
  }
}
