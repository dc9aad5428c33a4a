/** Time-outs by the hundred thousand: coarse, cheap to set, free to call off. */
import type { Clock, Timer } from 'msrp/base';

/** What can be on a wheel: at most one, once. The links belong to the wheel. */
export abstract class Timed {
  wheelPrevious: Timed | undefined;
  wheelNext: Timed | undefined;

  /** Its time is up; it is no longer on the wheel. */
  abstract expire(): void;
}

/** The head of a bucket's ring. */
class Bucket extends Timed {
  override expire(): void {}
}

/** Most expiries in one turn of the event loop; the rest comes in the next. */
const EXPIRIES_PER_TURN = 1000;

/**
 * A wheel of rings: a spoke each `tickMs`, `spokes` of them, so nothing longer than
 * `tickMs × spokes` may be set. Things expire up to one tick late, never early.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #buckets: Bucket[];
  /** What is due and has not had its turn: kept apart, or a wheel that is behind would take new things for old ones. */
  readonly #overdue = makeBucket();
  /** The first tick whose bucket has not been collected. */
  #tick: number;
  #timer: Timer | undefined;
  #count = 0;

  constructor(clock: Clock, tickMs: number, spokes: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#buckets = Array.from({ length: spokes + 2 }, makeBucket);
    this.#tick = Math.floor(clock.nowMs() / tickMs) + 1;
  }

  /** How many things are on the wheel. */
  get count(): number {
    return this.#count;
  }

  /** Puts `item` on the wheel, to expire `ms` from now. It must not be on one. */
  set(item: Timed, ms: number): void {
    const nowMs = this.#clock.nowMs();
    this.#collect(nowMs);
    if (this.#timer === undefined) this.#waitForTick(nowMs);
    const due = Math.max(Math.ceil((nowMs + ms) / this.#tickMs), this.#tick);
    const bucket = this.#bucketOf(due);
    const last = bucket.wheelPrevious ?? bucket;
    item.wheelPrevious = last;
    item.wheelNext = bucket;
    last.wheelNext = item;
    bucket.wheelPrevious = item;
    this.#count += 1;
  }

  /** Takes `item` off the wheel; does nothing when it is not on it. */
  clear(item: Timed): void {
    const { wheelPrevious, wheelNext } = item;
    if (wheelPrevious === undefined || wheelNext === undefined) return;
    wheelPrevious.wheelNext = wheelNext;
    wheelNext.wheelPrevious = wheelPrevious;
    item.wheelPrevious = undefined;
    item.wheelNext = undefined;
    this.#count -= 1;
  }

  #waitForTick(nowMs: number): void {
    this.#wait(this.#tickMs - (nowMs % this.#tickMs));
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.after(ms, () => this.#turn());
  }

  /** Moves what is due by now to the overdue, ring by ring. */
  #collect(nowMs: number): void {
    for (const now = Math.floor(nowMs / this.#tickMs); this.#tick <= now; this.#tick += 1) {
      const bucket = this.#bucketOf(this.#tick);
      const { wheelNext: first, wheelPrevious: last } = bucket;
      if (first === undefined || last === undefined || first === bucket) continue;
      const end = this.#overdue.wheelPrevious ?? this.#overdue;
      end.wheelNext = first;
      first.wheelPrevious = end;
      last.wheelNext = this.#overdue;
      this.#overdue.wheelPrevious = last;
      bucket.wheelNext = bucket;
      bucket.wheelPrevious = bucket;
    }
  }

  /** Expires what is due; stops ticking when nothing is left. */
  #turn(): void {
    this.#collect(this.#clock.nowMs());
    const overdue = this.#overdue;
    for (let left = EXPIRIES_PER_TURN; left > 0; left -= 1) {
      const item = overdue.wheelNext;
      if (item === undefined || item === overdue) break;
      this.clear(item);
      item.expire();
    }
    if (overdue.wheelNext !== overdue) this.#wait(0);
    else if (this.#count > 0) this.#waitForTick(this.#clock.nowMs());
    else this.#timer = undefined;
  }

  #bucketOf(tick: number): Bucket {
    return this.#buckets[tick % this.#buckets.length] ?? makeBucket();
  }
}

function makeBucket(): Bucket {
  const bucket = new Bucket();
  bucket.wheelNext = bucket;
  bucket.wheelPrevious = bucket;
  return bucket;
}
