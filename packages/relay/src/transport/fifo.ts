/** First in, first out, without moving what waits. */

/** Where the empty front of the list is worth cutting off. */
const TRIM_AT = 512;

/** A list of up to so many places is kept when it is empty: what is gone at once, again and again, needs no new one each time. */
const KEPT_PLACES = 16;

/** A queue whose `push` and `shift` cost the same however long it is (an Array's `shift` does not). */
export class Fifo<T> {
  /** From `#front` to `#back`. */
  #items: (T | undefined)[] = [];
  #front = 0;
  #back = 0;
  readonly #keptPlaces: number;

  constructor(keptPlaces = KEPT_PLACES) {
    this.#keptPlaces = keptPlaces;
  }

  get length(): number {
    return this.#back - this.#front;
  }

  get first(): T | undefined {
    return this.#items[this.#front];
  }

  /** What stands behind `index` others. */
  at(index: number): T | undefined {
    return this.#items[this.#front + index];
  }

  push(item: T): void {
    this.#items[this.#back] = item;
    this.#back += 1;
  }

  shift(): T | undefined {
    const item = this.#items[this.#front];
    if (item === undefined) return undefined;
    this.#items[this.#front] = undefined;
    this.#front += 1;
    if (this.#front === this.#back) this.#startOver();
    else if (this.#front >= TRIM_AT && this.#front * 2 >= this.#back) this.#trim();
    return item;
  }

  /** Takes everything out, in order. */
  clear(): T[] {
    const items = this.#items.slice(this.#front, this.#back) as T[];
    this.#items.fill(undefined);
    this.#startOver();
    return items;
  }

  /** Keeps what `keep` says yes to, in order, and returns the rest. */
  remove(keep: (item: T) => boolean): T[] {
    const removed: T[] = [];
    for (const item of this.clear()) {
      if (keep(item)) this.push(item);
      else removed.push(item);
    }
    return removed;
  }

  #startOver(): void {
    this.#front = 0;
    this.#back = 0;
    if (this.#items.length > this.#keptPlaces) this.#items.length = 0;
  }

  #trim(): void {
    this.#items.splice(0, this.#front);
    this.#back -= this.#front;
    this.#front = 0;
  }
}
