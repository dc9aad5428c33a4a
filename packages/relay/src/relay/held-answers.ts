/** The 200s of accepted chunks that are held back so that their senders slow down (RFC 4975 §10.5). */
import { Fifo } from '../transport/fifo.ts';

/** An accepted chunk whose 200 is held back. */
export interface HeldAnswer {
  readonly messageId: string;
  /** Sends the 200 now, unless another answer was sent. */
  accept(): void;
}

interface Held {
  readonly answer: HeldAnswer;
  /** Size of the chunk on the wire. */
  readonly octets: number;
  readonly sinceMs: number;
}

/** Those of one pace, in the order in which their chunks came. */
export class HeldAnswers {
  readonly #held = new Fifo<Held>();
  #octets = 0;

  /** Since when the oldest has been held; undefined when none is. */
  get sinceMs(): number | undefined {
    return this.#held.first?.sinceMs;
  }

  hold(answer: HeldAnswer, octets: number, nowMs: number): void {
    this.#held.push({ answer, octets, sinceMs: nowMs });
    this.#octets += octets;
  }

  /**
   * Gives the oldest as long as the others stand for `octets`: so no more may come than has left, and a sender that is kept waiting
   * hears something as long as its receiver takes anything.
   */
  keepFor(octets: number): void {
    for (let first = this.#held.first; first !== undefined; first = this.#held.first) {
      if (this.#octets - first.octets < octets) return;
      this.#give();
    }
  }

  /** Gives those that have been held since `ms` or longer. */
  giveSince(ms: number): void {
    while ((this.sinceMs ?? Number.POSITIVE_INFINITY) <= ms) this.#give();
  }

  giveAll(): void {
    this.giveSince(Number.MAX_SAFE_INTEGER);
  }

  /** Hands them over ungiven. */
  takeAll(): HeldAnswer[] {
    this.#octets = 0;
    return this.#held.clear().map(({ answer }) => answer);
  }

  #give(): void {
    const first = this.#held.shift();
    if (first === undefined) return;
    this.#octets -= first.octets;
    first.answer.accept();
  }
}
