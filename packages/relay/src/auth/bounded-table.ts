/** A table that cannot grow beyond its bound: what was not used for the longest time gives way. */

/** Keys are texts; values are the caller's. */
export class BoundedTable<Value> {
  readonly #maxEntries: number;
  /** The one used last stands last. */
  readonly #entries = new Map<string, Value>();
  /** Its key: of several uses in a row only the first moves anything. */
  #newest: string | undefined;

  /** @param maxEntries - 0 keeps nothing. */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`, which counts as used. */
  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined && key !== this.#newest) this.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#newest = key;
    // Most of the time; and an iterator that is made for nothing costs more than the rest.
    if (this.#entries.size <= this.#maxEntries) return;
    for (const eldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries) break;
      this.#entries.delete(eldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
