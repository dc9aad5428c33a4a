/** Requests that are not SENDs: taken whole, forwarded whole, and answered by their final target (RFC 4976 §6.4.2). */
import { type ContinuationFlag, firstOf, formatEndLine, type Head, makeIdent } from 'msrp/wire';
import type { AuthMethod } from './auth-method.ts';
import type { Reason } from './counted.ts';
import type { Counters } from './counters.ts';
import type { Flow } from './flow.ts';
import { ForwardedAuth } from './forwarded-auth.ts';
import type { Hop, Incoming } from './hop.ts';
import { MAX_OTHER_BODY_OCTETS, type RelayOptions } from './options.ts';
import type { Observer } from './ports.ts';
import type { Refusals } from './refusals.ts';
import { RelayedRequest } from './relayed-request.ts';
import type { Router } from './route.ts';
import { stepOfRequest } from './steps.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { TransactionBudget } from './transactions.ts';

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
  readonly observer: Observer;
  readonly router: Router;
  readonly wheel: TimerWheel;
  readonly authMethod: AuthMethod;
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
    const { refusals, options, authMethod, router } = this.#context;
    const head = this.#head;
    const { method } = head;
    if (head.fault !== undefined || flag !== '$')
      return this.#refuse('malformed', hop, 400, head.fault ?? 'Only a SEND is chunked');
    if (this.#isTooLarge) return this.#refuse('message size', hop, 413, 'Body too large');
    if (hop.awaited.has(head.transactionId)) return this.#refuse('id in use', hop, 400, 'Transaction id in use');
    const isAuthHere = method === 'AUTH' && firstOf(head.toPath) === head.toPath;
    if (isAuthHere && !router.isAuthForOthers(hop, head.toPath)) return authMethod.handle(hop, head);
    if (options.blockMethods.has(method)) return this.#refuse('method', hop, 501);
    if (method !== 'REPORT' && !this.#context.isOpen()) return this.#refuse('closing', hop, 408, 'Closing down');
    const { toPath, fromPath } = head;
    const route = method === 'AUTH' ? router.routeAuth(hop, toPath, fromPath) : router.route(hop, toPath, fromPath);
    if (route.kind === 'refusal') return refusals.refuseRoute(hop, head, route);
    // A REPORT or response has no business here; another method is unknown to this node.
    if (route.kind === 'arrival') return this.#refuse('not a message', hop, 501);
    if (route.flow.verdict === undefined) hop.isProven = true;
    this.#forward(hop, route.flow);
  }

  #refuse(reason: Reason, hop: Hop, status: number, comment?: string): void {
    this.#context.refusals.refuseFor(reason, hop, this.#head, status, comment);
  }

  #forward(hop: Hop, flow: Flow): void {
    const { counters, budget, wheel, options, refusals, observer } = this.#context;
    const { egress } = flow;
    const isReport = this.#head.method === 'REPORT';
    const isFull = egress.connection.urgentOctets > MAX_URGENT_OCTETS || (budget.isSpent && !isReport);
    if (!egress.isUsable || isFull) {
      return refusals.refuseFor('next hop full', hop, this.#head, 408);
    }
    const transaction = isReport ? undefined : this.#transaction(flow);
    if (transaction !== undefined) {
      egress.transactions.open(transaction);
      wheel.set(transaction, options.partialMs);
      transaction.onSettled = () => wheel.clear(transaction);
    }
    const id = transaction?.id ?? makeIdent();
    egress.connection.writeUrgent(this.#text(flow, id));
    if (!egress.isStream) counters.requestOut(this.#head.method);
    observer.follow?.(stepOfRequest('received', flow, this.#head, '$'));
    const forwarded = { connection: egress.number, transactionId: id };
    observer.follow?.({ ...stepOfRequest('forwarded', flow, this.#head, '$'), ...forwarded });
    if (egress.connection.urgentOctets > CROWDED_OCTETS) this.#slowDown(hop, flow);
  }

  #transaction(flow: Flow): RelayedRequest {
    const { options } = this.#context;
    if (this.#head.method !== 'AUTH') return new RelayedRequest(this.#context, flow, this.#head);
    return new ForwardedAuth(this.#context, flow, this.#head, options.authFailures);
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
