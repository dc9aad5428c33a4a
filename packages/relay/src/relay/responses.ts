/** Responses that come in: each settles one transaction, or is dropped (RFC 4976 §6.4.3). */
import { type ContinuationFlag, firstOf, parseUri, sameUri } from 'msrp/wire';
import { type Counters, count } from './counters.ts';
import type { Hop, Incoming } from './hop.ts';

/** Takes responses. A response never causes an answer, an error or a closed connection. */
export class Responses implements Incoming {
  readonly #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  body(): void {}

  end(hop: Hop, flag: ContinuationFlag): void {
    const head = hop.latest;
    if (head === undefined) return;
    const transaction = hop.transactions.find(head.transactionId);
    if (!hop.isStream) this.#counters.responseIn(transaction?.method ?? 'none', head.status);
    if (head.fault !== undefined || flag !== '$') return count(this.#counters.oddities, 'malformed response');
    if (transaction === undefined) return count(this.#counters.oddities, 'unmatched response');
    if (!isAddressedTo(transaction.answeredAt, firstOf(head.toPath))) {
      return count(this.#counters.oddities, 'misaddressed response');
    }
    if (transaction.isSettledBy(head.status)) hop.transactions.close(transaction);
    transaction.answer(head);
  }
}

function isAddressedTo(own: string, target: string): boolean {
  if (own === target) return true;
  const ownUri = parseUri(own);
  const targetUri = parseUri(target);
  return ownUri !== undefined && targetUri !== undefined && sameUri(ownUri, targetUri);
}
