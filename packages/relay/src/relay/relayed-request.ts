/** A request other than a SEND that was sent on: its response is brought back (RFC 4976 §6.4.3). */
import { firstOf, formatResponse, type Head, isSuccess } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import { type CountedMethod, countedMethod } from './counted.ts';
import type { Counters } from './counters.ts';
import type { Flow } from './flow.ts';
import type { Hop } from './hop.ts';
import type { Observer, Step } from './ports.ts';
import type { Refusals } from './refusals.ts';
import { Transaction } from './transactions.ts';

/** What all of them share. */
export interface RelayedContext {
  readonly counters: Counters;
  readonly observer: Observer;
  readonly refusals: Refusals;
}

/** A forwarded request whose response will be passed back the way it came. */
export class RelayedRequest extends Transaction {
  onSettled: (() => void) | undefined;
  override readonly method: CountedMethod;
  readonly #flow: Flow;
  readonly #ingressId: string;
  readonly #context: RelayedContext;

  constructor(context: RelayedContext, flow: Flow, head: Head) {
    super();
    this.#context = context;
    this.method = countedMethod(head.method);
    this.#flow = flow;
    this.#ingressId = flat(head.transactionId);
    flow.ingress.awaited.add(this.#ingressId);
  }

  override get answeredAt(): string {
    return this.#flow.answeredAt;
  }

  override answer(head: Head): void {
    this.#settle();
    this.#context.observer.follow?.(this.#step('answered', this.#flow.egress, head.transactionId, head.status));
    const own = this.#flow.sessions.length;
    let toPath = head.toPath;
    for (let hop = 0; hop < own; hop += 1) toPath = toPath.slice(firstOf(toPath).length).trimStart();
    // Some nodes answer everything as if it were a SEND, to the previous hop alone.
    if (toPath === '') toPath = this.#flow.fromPath;
    const fromPath = own === 0 ? head.fromPath : `${this.#flow.reporter} ${head.fromPath}`;
    const { status, comment, lines } = head;
    if (this.#flow.verdict !== undefined) this.#judged(status);
    this.#respond(formatResponse(this.#ingressId, status, comment, toPath, fromPath, lines), status);
  }

  /** The worker that it was carried to has judged it. Whoever fails to authenticate is counted elsewhere. */
  #judged(status: number): void {
    if (isSuccess(status)) this.#flow.admitted();
    else if (this.method !== 'AUTH') this.#context.refusals.failed(this.#flow.ingress);
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
    if (!this.#flow.ingress.isStream) this.#context.counters.responseOut(this.method, status);
    this.#context.observer.follow?.(this.#step('responded', this.#flow.ingress, this.#ingressId, status));
  }

  #step(step: Step['step'], hop: Hop, transactionId: string, status: number): Step {
    const { method } = this;
    return { step, sessionUris: this.#flow.sessionUris, method, connection: hop.number, transactionId, status };
  }
}
