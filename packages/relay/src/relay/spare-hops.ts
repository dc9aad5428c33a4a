/** Which connections give way when there is no room for more: the least recently used of those that nobody needs (RFC 4976 §6.5). */
import type { Clock } from 'msrp/base';
import type { Hop } from './hop.ts';

/** A connection that was used more recently than this may be about to be needed. */
const LEAST_IDLE_MS = 1000;

/** All connections are looked through at most this often: whoever knocks at a full relay must not make it work. */
const LOOK_EVERY_MS = 1000;

/** Finds them among `all`. */
export class SpareHops {
  readonly #clock: Clock;
  readonly #all: ReadonlySet<Hop>;
  /** Those that were spare at the last look, the least recently used first. */
  #spare: Hop[] = [];
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, all: ReadonlySet<Hop>) {
    this.#clock = clock;
    this.#all = all;
  }

  /** Closes one, of those that this relay opened itself if `isDialled`; false when there is none. */
  closeOne(isDialled: boolean): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) this.#look(nowMs);
    const at = this.#spare.findIndex((hop) => isSpare(hop, nowMs) && (!isDialled || isOwn(hop)));
    const [hop] = at < 0 ? [] : this.#spare.splice(at, 1);
    hop?.connection.destroy();
    return hop !== undefined;
  }

  #look(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    const idle = [...this.#all].filter((hop) => isSpare(hop, nowMs)).map((hop) => ({ hop, idleMs: hop.idleMs(nowMs) }));
    this.#spare = idle.toSorted((one, other) => other.idleMs - one.idleMs).map(({ hop }) => hop);
  }
}

function isSpare(hop: Hop, nowMs: number): boolean {
  // A stream to another worker is no connection that anybody counts.
  if (hop.isStream) return false;
  return hop.connection.state === 'open' && hop.isUnneeded && hop.idleMs(nowMs) >= LEAST_IDLE_MS;
}

function isOwn(hop: Hop): boolean {
  return hop.connection.origin.direction === 'dialled';
}
