/** Chunks that cross from one worker to another: a 200 says taken over, and a notice says settled. */
import { flat } from '../transport/flat.ts';
import type { Hop, Incoming } from './hop.ts';
import { SendTransaction } from './send-transaction.ts';

/**
 * A chunk that another worker has handed over and keeps until it is told that nothing more can become of it: answered, and each
 * piece answered, reported, or written where nobody has to answer.
 */
export class Handover {
  readonly #stream: Hop;
  readonly #id: string;
  /** Pieces that are not settled, and the chunk's own answer. */
  #openCount = 1;

  /** @param id - the chunk's, on the stream. */
  constructor(stream: Hop, id: string) {
    this.#stream = stream;
    this.#id = flat(id);
  }

  /** One more piece of it was sent on. */
  begin(): void {
    this.#openCount += 1;
  }

  /** A piece is settled, or the chunk was answered. */
  end(): void {
    this.#openCount -= 1;
    if (this.#openCount === 0) this.#stream.notices?.add(this.#id);
  }
}

/** Takes the notices that come on streams. */
export const settlements: Incoming = {
  body() {},
  end(hop) {
    const transaction = hop.transactions.find(hop.latest?.transactionId ?? '');
    if (!(transaction instanceof SendTransaction) || !transaction.isTakenOver) return;
    hop.transactions.close(transaction);
  },
};
