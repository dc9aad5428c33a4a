/** What a worker still has to tell another one of the chunks that it took over: it leaves with what is written there next. */
import type { Clock } from 'msrp/base';
import { formatEndLine } from 'msrp/wire';

/**
 * The method of a notice: a request with the id of the one that is settled, and without paths. Nobody else can have one brought
 * to a worker, as a request without paths is refused where it comes in.
 */
export const SETTLED = 'SETTLED';

/** Where nothing else is written it leaves after so long, or twice that. A write of its own costs both workers more than all the rest of it. */
export const NOTICE_MS = 100;

/** Has what waits taken when it is flushed. */
interface Stream {
  readonly isUsable: boolean;
  flush(): void;
}

/** The notices that wait for one stream. */
export class Notices {
  readonly #clock: Clock;
  readonly #stream: Stream;
  #text = '';
  #isTimed = false;
  /** Some left since it was last looked. */
  #isMoving = false;

  constructor(clock: Clock, stream: Stream) {
    this.#clock = clock;
    this.#stream = stream;
  }

  /** The request `id` is settled; whatever is to be told of it stands in the queue. */
  add(id: string): void {
    if (!this.#stream.isUsable) return;
    this.#text += `MSRP ${id} ${SETTLED}\r\n${formatEndLine(id, '$')}`;
    if (!this.#isTimed) this.#look();
  }

  /** Takes what waits, to be written behind everything else. */
  take(): string {
    const text = this.#text;
    if (text === '') return text;
    this.#text = '';
    this.#isMoving = true;
    return text;
  }

  #look(): void {
    this.#isTimed = true;
    this.#isMoving = false;
    this.#clock.after(NOTICE_MS, () => {
      this.#isTimed = false;
      if (this.#text === '') return;
      if (this.#isMoving) this.#look();
      else if (this.#stream.isUsable) this.#stream.flush();
    });
  }
}
