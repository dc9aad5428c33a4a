/** A turn of the event loop, and when what is gathered in it leaves. */

/** Something that has gathered output in this turn. */
export interface Flushable {
  /** The turn in which it last flushed at the end of a read; `Turn` keeps it. */
  flushedIn: number;
  flush(): void;
}

/**
 * Flushes each thing that asked for it at the end of the read that brought its output, once in a turn of the loop, and what
 * comes for it later in the turn when all sockets that were ready have been read: at most two writes a turn and
 * connection, whatever the number of messages, and no message waits until other sockets have been read.
 */
export class Turn {
  #number = 1;
  #waiting: Flushable[] = [];
  #isUnderWay = false;

  /** Asks for one `flush` in this turn; the caller keeps count of having asked. */
  add(item: Flushable): void {
    this.#waiting.push(item);
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    setImmediate(this.#end);
  }

  /** Everything that came in one read has been dealt with. */
  readDone(): void {
    if (this.#waiting.length === 0) return;
    for (const item of this.#takeWaiting()) {
      if (item.flushedIn === this.#number) {
        this.#waiting.push(item);
      } else {
        item.flushedIn = this.#number;
        item.flush();
      }
    }
  }

  readonly #end = (): void => {
    this.#isUnderWay = false;
    this.#number += 1;
    for (const item of this.#takeWaiting()) item.flush();
  };

  /** What is added from here on waits for itself. */
  #takeWaiting(): Flushable[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
