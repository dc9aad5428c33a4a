/** A trace on its way to whoever reads it: JSON lines, as fast as they are read, and no more in memory than a bound. */
import type { TraceLine, TraceListener } from './traces.ts';

/** Lines that wait for a reader; beyond it they are lost, and counted. */
const MAX_WAITING = 1000;

/** A trace as a stream of octets: waiting, then over. */
export class TraceStream implements TraceListener {
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  #lost = 0;
  #isOver = false;
  #wake: () => void = () => {};

  /** @param stop - called once the reader has gone away. */
  open(stop: () => void): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => {
          this.#isOver = true;
          this.#wake();
          stop();
        },
      },
      { highWaterMark: 0 },
    );
  }

  add(line: TraceLine): void {
    if (this.#isOver) return;
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(textOf(line));
    else this.#lost += 1;
    this.#wake();
  }

  /** The last line is never lost. */
  end(line: TraceLine): void {
    if (this.#isOver) return;
    this.#tellLost();
    this.#waiting.push(textOf(line));
    this.#isOver = true;
    this.#wake();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#waiting.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#tellLost();
    const lines = this.#waiting;
    this.#waiting = [];
    try {
      if (lines.length > 0) controller.enqueue(this.#encoder.encode(lines.join('')));
      if (this.#isOver) controller.close();
    } catch {
      // The reader has gone away.
    }
  }

  /** Stands where the lines are missing. */
  #tellLost(): void {
    if (this.#lost > 0) this.#waiting.push(textOf({ at: new Date().toISOString(), step: 'lost', lines: this.#lost }));
    this.#lost = 0;
  }
}

function textOf(line: TraceLine): string {
  return `${JSON.stringify(line)}\n`;
}
