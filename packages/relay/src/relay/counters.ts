/** What the relay counts, as plain fields: an increment costs nothing, and nobody is told until they ask. */
import {
  type AuthEnd,
  type CountedMethod,
  type CountedStatus,
  countedMethod,
  countedStatus,
  type Oddity,
  type Reason,
  type Trigger,
} from './counted.ts';

/** Adds one to a tally. The names are the relay's own, so that a tally stays small. */
export function count<Name extends string>(tally: Map<Name, number>, name: NoInfer<Name>, by = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + by);
}

/** By method and status: `SEND 200`. */
type Answer = `${CountedMethod} ${CountedStatus}`;

/** Counts since the start. */
export class Counters {
  sendsIn = 0;
  sendsOut = 0;
  okIn = 0;
  okOut = 0;
  octetsIn = 0;
  octetsOut = 0;
  readonly #requestsIn = new Map<CountedMethod, number>();
  readonly #requestsOut = new Map<CountedMethod, number>();
  readonly #responsesIn = new Map<Answer, number>();
  readonly #responsesOut = new Map<Answer, number>();
  /** REPORTs made here, by trigger and status: `timeout 408`. */
  readonly reports = new Map<`${Trigger} ${CountedStatus}`, number>();
  /** Requests that were refused or dropped, by reason. */
  readonly refused = new Map<Reason, number>();
  readonly auth = new Map<AuthEnd, number>();
  /** What peers did that was not right and was let pass. */
  readonly oddities = new Map<Oddity, number>();

  requestIn(method: string): void {
    if (method === 'SEND') this.sendsIn += 1;
    else count(this.#requestsIn, countedMethod(method));
  }

  requestOut(method: string): void {
    if (method === 'SEND') this.sendsOut += 1;
    else count(this.#requestsOut, countedMethod(method));
  }

  /** @param method - of the request that it answers. */
  responseIn(method: CountedMethod, status: number): void {
    if (status === 200 && method === 'SEND') this.okIn += 1;
    else count(this.#responsesIn, `${method} ${countedStatus(status)}`);
  }

  /** @param method - of the request that it answers. */
  responseOut(method: CountedMethod, status: number): void {
    if (status === 200 && method === 'SEND') this.okOut += 1;
    else count(this.#responsesOut, `${method} ${countedStatus(status)}`);
  }

  /** Requests by method, received and sent. */
  get requests(): { readonly in: Readonly<Record<string, number>>; readonly out: Readonly<Record<string, number>> } {
    return {
      in: { SEND: this.sendsIn, ...Object.fromEntries(this.#requestsIn) },
      out: { SEND: this.sendsOut, ...Object.fromEntries(this.#requestsOut) },
    };
  }

  /** Responses by method and status, `SEND 200`, received and sent. */
  get responses(): { readonly in: Readonly<Record<string, number>>; readonly out: Readonly<Record<string, number>> } {
    return {
      in: { 'SEND 200': this.okIn, ...Object.fromEntries(this.#responsesIn) },
      out: { 'SEND 200': this.okOut, ...Object.fromEntries(this.#responsesOut) },
    };
  }
}
