/** What workers tell one another of chunks that crossed: a 200 says taken over, and a notice says settled. */
import { formatEndLine } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import type { Hop, Incoming } from './hop.ts';
import { SendTransaction } from './send-transaction.ts';

/**
 * The method of a notice: a request with the id of the one that it is about, and without paths. Nobody else can have one brought
 * to a worker: a request without paths is refused where it comes in.
 */
export const SETTLED = 'SETTLED';

/** Tells the worker at the other end of `stream` that it may forget the request `id`. */
export function tellSettled(stream: Hop, id: string): void {
  stream.connection.writeUrgent(`MSRP ${id} ${SETTLED}\r\n${formatEndLine(id, '$')}`);
}

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
    if (this.#openCount === 0) tellSettled(this.#stream, this.#id);
  }
}

/** Takes the notices that come on streams. */
export const notices: Incoming = {
  body() {},
  end(hop) {
    const transaction = hop.transactions.find(hop.latest?.transactionId ?? '');
    if (!(transaction instanceof SendTransaction) || !transaction.isTakenOver) return;
    hop.transactions.close(transaction);
  },
};
