/** Saying no: who gets an answer, on which connection, and when a connection has to go (RFC 4975 §7.2, RFC 4976 §6.1). */
import { commentOf, firstOf, formatResponse, type Head, parseUri } from 'msrp/wire';
import { countedMethod, type Reason } from './counted.ts';
import { type Counters, count } from './counters.ts';
import type { Hop } from './hop.ts';
import { MAX_MISADDRESSED, MAX_PROBATION_FAILURES } from './options.ts';
import type { Observer } from './ports.ts';
import { stepOfHead } from './steps.ts';

/** Why a request goes nowhere. `misaddressed`: not to this relay at all; `closing`: the connection has to go, too. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly status: number;
  readonly comment: string;
  readonly reason: Reason;
  readonly fate?: 'misaddressed' | 'closing' | undefined;
}

/** A refusal of a request. */
export function refusal(status: number, comment: string, reason: Reason, fate?: Refusal['fate']): Refusal {
  return { kind: 'refusal', status, comment, reason, fate };
}

/** Answers requests with errors, and keeps the connections' accounts. */
export class Refusals {
  readonly #counters: Counters;
  readonly #observer: Observer;

  constructor(counters: Counters, observer: Observer) {
    this.#counters = counters;
    this.#observer = observer;
  }

  /**
   * Answers a request, where an answer is allowed: never a REPORT, never a SEND with Failure-Report no, and
   * nobody whose From-Path does not read (RFC 4975 §7.1.2, §7.1.4).
   *
   * @param lines - further header lines of the response, each with its CRLF.
   */
  answer(hop: Hop, head: Head, status: number, comment = commentOf(status), lines = ''): void {
    if (head.method === 'REPORT' || (head.method === 'SEND' && head.failureReport === 'no')) return;
    if (head.toPath === '' || parseUri(firstOf(head.fromPath)) === undefined) return;
    this.respond(hop, head, status, comment, lines);
  }

  /** The same for a request that may be answered, and whose From-Path was read. */
  respond(hop: Hop, head: Head, status: number, comment: string, lines: string): void {
    // A SEND is answered hop by hop, everything else by its final target, all the way back.
    const toPath = head.method === 'SEND' ? firstOf(head.fromPath) : head.fromPath;
    const response = formatResponse(head.transactionId, status, comment, toPath, firstOf(head.toPath), lines);
    hop.connection.writeUrgent(response);
    if (!hop.isStream) this.#counters.responseOut(countedMethod(head.method), status);
    this.#observer.follow?.({ ...stepOfHead('responded', hop, head), status });
  }

  /** Answers with an error and counts it against a connection that is still on probation. */
  refuse(hop: Hop, head: Head, status: number, comment?: string): void {
    this.answer(hop, head, status, comment);
    this.failed(hop);
  }

  /** Refuses a request and counts why. */
  refuseFor(reason: Reason, hop: Hop, head: Head, status: number, comment?: string): void {
    count(this.#counters.refused, reason);
    this.#observer.follow?.({ ...stepOfHead('refused', hop, head), status, reason });
    this.refuse(hop, head, status, comment);
  }

  /** Refuses what was not admitted; the connection goes, too, where the rules say so (RFC 4976 §6.2). */
  refuseRoute(hop: Hop, head: Head, { status, comment, reason, fate }: Refusal): void {
    this.refuseFor(reason, hop, head, status, comment);
    if (fate === 'misaddressed') {
      hop.misaddressed += 1;
      const isKnown =
        hop.sessions.size > 0 || hop.outsideOf.size > 0 || hop.isRelay || (hop.hasCrossings && hop.isProven);
      const isStranger = !isKnown && hop.connection.origin.direction === 'accepted';
      if (isStranger || hop.misaddressed >= MAX_MISADDRESSED) hop.connection.end();
    } else if (fate === 'closing') {
      hop.connection.end();
    }
  }

  /** A request did not succeed: a new connection may have only so many of those. */
  failed(hop: Hop): void {
    if (hop.isProven || hop.connection.origin.direction === 'dialled') return;
    hop.failures += 1;
    if (hop.failures >= MAX_PROBATION_FAILURES) hop.connection.end();
  }
}
