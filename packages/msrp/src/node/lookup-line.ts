/** How many look-ups run at a time; the others wait in line, and the line has an end. */
import { MsrpError } from '../base/errors.ts';

/** Runs look-ups in the order in which they came. */
export class LookupLine {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Settles as `ask` does, which is called now or when it is its turn.
   *
   * @throws MsrpError `MSRP_LOOKUP_BUSY` at once, without asking, when the line is full.
   */
  run<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) return this.#start(ask);
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new MsrpError(
        'MSRP_LOOKUP_BUSY',
        `${this.#running + this.#waiting.length} names are being looked up already`,
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => this.#start(ask).then(resolve, reject));
    });
  }

  async #start<T>(ask: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await ask();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}
