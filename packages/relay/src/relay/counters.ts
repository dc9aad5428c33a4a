/** What the relay counts, as plain fields: an increment costs nothing, and nobody is told until they ask. */

/** Adds one to a tally. The names are the relay's own, so that a tally stays small. */
export function count(tally: Map<string, number>, name: string, by = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + by);
}

/** Methods that are counted by name; anything else is `other`, or a peer could make the tally grow. */
const METHODS = new Set(['SEND', 'REPORT', 'AUTH', 'NICKNAME']);

/** Counts since the start. */
export class Counters {
  sendsIn = 0;
  sendsOut = 0;
  okIn = 0;
  okOut = 0;
  octetsIn = 0;
  octetsOut = 0;
  readonly #requestsIn = new Map<string, number>();
  readonly #requestsOut = new Map<string, number>();
  readonly #responsesIn = new Map<string, number>();
  readonly #responsesOut = new Map<string, number>();
  /** REPORTs made here, by trigger and status: `timeout 408`. */
  readonly reports = new Map<string, number>();
  /** Requests that were refused or dropped, by reason. */
  readonly refused = new Map<string, number>();
  readonly auth = new Map<string, number>();
  /** What peers did that was not right and was let pass. */
  readonly oddities = new Map<string, number>();

  requestIn(method: string): void {
    if (method === 'SEND') this.sendsIn += 1;
    else count(this.#requestsIn, METHODS.has(method) ? method : 'other');
  }

  requestOut(method: string): void {
    if (method === 'SEND') this.sendsOut += 1;
    else count(this.#requestsOut, METHODS.has(method) ? method : 'other');
  }

  responseIn(status: number): void {
    if (status === 200) this.okIn += 1;
    else count(this.#responsesIn, String(status));
  }

  responseOut(status: number): void {
    if (status === 200) this.okOut += 1;
    else count(this.#responsesOut, String(status));
  }

  /** Requests by method, received and sent. */
  get requests(): { readonly in: Readonly<Record<string, number>>; readonly out: Readonly<Record<string, number>> } {
    return {
      in: { SEND: this.sendsIn, ...Object.fromEntries(this.#requestsIn) },
      out: { SEND: this.sendsOut, ...Object.fromEntries(this.#requestsOut) },
    };
  }

  /** Responses by status, received and sent. */
  get responses(): { readonly in: Readonly<Record<string, number>>; readonly out: Readonly<Record<string, number>> } {
    return {
      in: { 200: this.okIn, ...Object.fromEntries(this.#responsesIn) },
      out: { 200: this.okOut, ...Object.fromEntries(this.#responsesOut) },
    };
  }
}
