/** Tidings that leave together, one bundle at a time: whoever hears slowly gets larger ones, and in the end not all. */

/** So many may wait. */
const MAX_WAITING = 10_000;

/** Collects items and sends what has come together. */
export class Bundles<Item> {
  readonly #send: (items: readonly Item[]) => Promise<void>;
  #waiting: Item[] = [];
  #isSending = false;

  /** @param send - resolves when the next bundle may leave; one that cannot be sent is lost. */
  constructor(send: (items: readonly Item[]) => Promise<void>) {
    this.#send = send;
  }

  add(item: Item): void {
    if (this.#waiting.length >= MAX_WAITING) return;
    this.#waiting.push(item);
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    // What else this turn brings leaves with it.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const items = this.#waiting;
      this.#waiting = [];
      await this.#send(items).catch(() => {});
    }
    this.#isSending = false;
  }
}
