/** The end of a turn of the event loop, when everything written in it leaves together. */

/** Something that has gathered output in this turn. */
export interface Flushable {
  flush(): void;
}

/**
 * Flushes each thing that asked for it once, after all sockets that were ready have been read:
 * one write a turn and connection, whatever the number of messages.
 */
export class Turn {
  #waiting: Flushable[] = [];

  /** Asks for one `flush` at the end of this turn; the caller keeps count of having asked. */
  add(item: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#end);
    this.#waiting.push(item);
  }

  readonly #end = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const item of waiting) item.flush();
  };
}
