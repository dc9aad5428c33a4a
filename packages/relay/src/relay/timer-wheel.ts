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
  #tick: number;
  #timer: Timer | undefined;
  #count = 0;

  constructor(clock: Clock, tickMs: number, spokes: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#buckets = Array.from({ length: spokes + 2 }, makeBucket);
    this.#tick = Math.floor(clock.nowMs() / tickMs);
  }

  /** How many things are on the wheel. */
  get count(): number {
    return this.#count;
  }

  /** Puts `item` on the wheel, to expire `ms` from now. It must not be on one. */
  set(item: Timed, ms: number): void {
    if (this.#timer === undefined) this.#start();
    const due = Math.ceil((this.#clock.nowMs() + ms) / this.#tickMs) + 1;
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

  #start(): void {
    this.#tick = Math.floor(this.#clock.nowMs() / this.#tickMs);
    this.#wait(this.#tickMs);
  }

  #wait(ms: number): void {
    this.#timer = this.#clock.after(ms, () => this.#turn());
  }

  /** Expires what is due; stops ticking when nothing is left. */
  #turn(): void {
    const now = Math.floor(this.#clock.nowMs() / this.#tickMs);
    let left = EXPIRIES_PER_TURN;
    while (this.#tick <= now && left > 0) {
      const bucket = this.#bucketOf(this.#tick);
      while (left > 0 && bucket.wheelNext !== undefined && bucket.wheelNext !== bucket) {
        const item = bucket.wheelNext;
        this.clear(item);
        left -= 1;
        item.expire();
      }
      if (left > 0) this.#tick += 1;
    }
    if (left === 0) this.#wait(0);
    else if (this.#count > 0) this.#wait(this.#tickMs);
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
