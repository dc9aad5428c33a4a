/** Requests that are not SENDs: taken whole, forwarded whole, and answered by their final target (RFC 4976 §6.4.2). */
import { type ContinuationFlag, firstOf, formatEndLine, formatResponse, type Head, makeIdent } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import type { AuthMethod } from './auth-method.ts';
import { type Counters, count } from './counters.ts';
import type { Flow } from './flow.ts';
import type { Hop, Incoming } from './hop.ts';
import { MAX_OTHER_BODY_OCTETS, type RelayOptions } from './options.ts';
import type { Refusals } from './refusals.ts';
import type { Router } from './route.ts';
import type { SessionTable } from './sessions.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { Transaction, type TransactionBudget } from './transactions.ts';

/** More urgent octets than this on the way to a hop: it gets no further requests until it has read some. */
const MAX_URGENT_OCTETS = 1_048_576;

/** More than this: whoever sends them is slowed down, unless others would suffer. */
const CROWDED_OCTETS = 262_144;

/** What the handling of such requests needs. */
export interface RequestContext {
  readonly options: RelayOptions;
  readonly counters: Counters;
  readonly budget: TransactionBudget;
  readonly refusals: Refusals;
  readonly router: Router;
  readonly wheel: TimerWheel;
  readonly authMethod: AuthMethod;
  readonly sessions: SessionTable;
  /** Whether new requests are taken: not while the relay drains. */
  readonly isOpen: () => boolean;
}

/** One such request while it is being received. */
export class WholeRequest implements Incoming {
  readonly #context: RequestContext;
  readonly #head: Head;
  #body = '';
  #isTooLarge = false;

  constructor(context: RequestContext, head: Head) {
    this.#context = context;
    this.#head = head;
  }

  body(_hop: Hop, octets: Uint8Array): void {
    if (this.#body.length + octets.length > MAX_OTHER_BODY_OCTETS) this.#isTooLarge = true;
    else this.#body += Buffer.from(octets).toString('latin1');
  }

  end(hop: Hop, flag: ContinuationFlag): void {
    const { refusals, options, authMethod } = this.#context;
    const head = this.#head;
    const { method } = head;
    if (head.fault !== undefined || flag !== '$') return this.#refuse(hop, 400, head.fault ?? 'Only a SEND is chunked');
    if (this.#isTooLarge) return this.#refuse(hop, 413, 'Body too large');
    if (hop.awaited.has(head.transactionId)) return this.#refuse(hop, 400, 'Transaction id in use');
    if (method === 'AUTH' && firstOf(head.toPath) === head.toPath) return authMethod.handle(hop, head);
    // Only the client of a session sends its AUTHs through it.
    if (method === 'AUTH' && this.#context.sessions.find(firstOf(head.toPath))?.inside !== hop)
      return this.#refuse(hop, 403);
    if (options.blockMethods.has(method)) return this.#refuse(hop, 501);
    if (method !== 'REPORT' && !this.#context.isOpen()) return this.#refuse(hop, 408, 'Closing down');
    const route = this.#context.router.route(hop, head.toPath, head.fromPath);
    if (route.kind === 'refusal') return refusals.refuseRoute(hop, head, route.refusal);
    // A REPORT or response has no business here; another method is unknown to this node.
    if (route.kind === 'arrival') return this.#refuse(hop, 501);
    hop.isProven = true;
    this.#forward(hop, route.flow);
  }

  #refuse(hop: Hop, status: number, comment?: string): void {
    count(this.#context.counters.refused, status === 400 ? 'malformed' : String(status));
    this.#context.refusals.refuse(hop, this.#head, status, comment);
  }

  #forward(hop: Hop, flow: Flow): void {
    const { counters, budget, wheel, options, refusals } = this.#context;
    const { egress } = flow;
    const isReport = this.#head.method === 'REPORT';
    const isFull = egress.connection.urgentOctets > MAX_URGENT_OCTETS || (budget.isSpent && !isReport);
    if (!egress.isUsable || isFull) {
      count(counters.refused, 'next hop full');
      return refusals.refuse(hop, this.#head, 408);
    }
    const transaction = isReport ? undefined : new RelayedRequest(flow, this.#head, counters);
    if (transaction !== undefined) {
      egress.transactions.open(transaction);
      wheel.set(transaction, options.partialMs);
      transaction.onSettled = () => wheel.clear(transaction);
    }
    egress.connection.writeUrgent(this.#text(flow, transaction?.id ?? makeIdent()));
    counters.requestOut(this.#head.method);
    if (egress.connection.urgentOctets > CROWDED_OCTETS) this.#slowDown(hop, flow);
  }

  /** A burst that comes in one turn must not count as a next hop that does not read. */
  #slowDown(hop: Hop, { egress, pace }: Flow): void {
    egress.connection.flush();
    egress.crowded.add(pace);
    pace.slowDown(hop, false);
  }

  #text(flow: Flow, id: string): string {
    const { method, lines, hasBody } = this.#head;
    const blank = hasBody ? '\r\n' : '';
    const start = `MSRP ${id} ${method}\r\n${flow.pathLines}${lines}${blank}`;
    return `${start}${this.#body}${blank}${formatEndLine(id, '$')}`;
  }
}

/** A forwarded request whose response will be passed back the way it came. */
export class RelayedRequest extends Transaction {
  onSettled: (() => void) | undefined;
  readonly #flow: Flow;
  readonly #ingressId: string;
  readonly #counters: Counters;

  constructor(flow: Flow, head: Head, counters: Counters) {
    super();
    this.#flow = flow;
    this.#ingressId = flat(head.transactionId);
    this.#counters = counters;
    flow.ingress.awaited.add(this.#ingressId);
  }

  override get answeredAt(): string {
    return this.#flow.answeredAt;
  }

  override answer(head: Head): void {
    this.#settle();
    const own = this.#flow.sessions.length;
    let toPath = head.toPath;
    for (let hop = 0; hop < own; hop += 1) toPath = toPath.slice(firstOf(toPath).length).trimStart();
    // Some nodes answer everything as if it were a SEND, to the previous hop alone.
    if (toPath === '') toPath = this.#flow.fromPath;
    const fromPath = `${this.#flow.reporter} ${head.fromPath}`;
    const { status, comment, lines } = head;
    this.#respond(formatResponse(this.#ingressId, status, comment, toPath, fromPath, lines), status);
  }

  override expire(): void {
    this.#flow.egress.transactions.close(this);
    this.fail(408, 'No response from next hop');
  }

  /** It cannot be answered from afar any more: this relay answers in the target's stead. */
  fail(status: number, comment: string): void {
    this.#settle();
    const toPath = this.#flow.fromPath;
    const fromPath = firstOf(this.#flow.reporter);
    this.#respond(formatResponse(this.#ingressId, status, comment, toPath, fromPath), status);
  }

  #settle(): void {
    this.onSettled?.();
    this.#flow.ingress.awaited.delete(this.#ingressId);
  }

  #respond(response: string, status: number): void {
    if (!this.#flow.ingress.isUsable) return;
    this.#flow.ingress.connection.writeUrgent(response);
    this.#counters.responseOut(status);
  }
}
