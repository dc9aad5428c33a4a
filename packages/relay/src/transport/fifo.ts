/** First in, first out, without moving what waits. */

/** Where the empty front of the list is worth cutting off. */
const TRIM_AT = 512;

/** A queue whose `push` and `shift` cost the same however long it is (an Array's `shift` does not). */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #front = 0;

  get length(): number {
    return this.#items.length - this.#front;
  }

  get first(): T | undefined {
    return this.#items[this.#front];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#front];
    if (item === undefined) return undefined;
    this.#items[this.#front] = undefined;
    this.#front += 1;
    if (this.#front === this.#items.length) {
      this.#items.length = 0;
      this.#front = 0;
    } else if (this.#front >= TRIM_AT && this.#front * 2 >= this.#items.length) {
      this.#items.splice(0, this.#front);
      this.#front = 0;
    }
    return item;
  }

  /** Takes everything out, in order. */
  clear(): T[] {
    const items = this.#items.slice(this.#front) as T[];
    this.#items.length = 0;
    this.#front = 0;
    return items;
  }

  /** Keeps what `keep` says yes to, in order, and returns the rest. */
  remove(keep: (item: T) => boolean): T[] {
    const removed: T[] = [];
    for (const item of this.clear()) {
      if (keep(item)) this.#items.push(item);
      else removed.push(item);
    }
    return removed;
  }
}
