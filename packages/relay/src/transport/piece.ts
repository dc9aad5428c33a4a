/** The octets of a chunk that is being received, until they leave as the body of one that is sent on. */
import { appended } from './short-list.ts';
import type { Store, Stores } from './stores.ts';

/** Up to here a copy of its own is cheaper than a store. */
const SMALL_OCTETS = 12_288;

/** The body of an outgoing chunk. */
export interface Body {
  /** In order; views on the read that goes on, on stores, or on memory of their own. */
  readonly views: readonly Uint8Array[];
  readonly octets: number;
  /** Stores that have no other user: whoever has written the body releases them. */
  readonly stores: readonly Store[];
}

const NO_STORES: readonly Store[] = [];

/** No octets at all. */
export const NO_BODY: Body = { views: [], octets: 0, stores: NO_STORES };

/** Takes views as they come, copies what has to outlast their read, and gives them away in order. */
export class Piece {
  octets = 0;
  readonly #all: Stores;
  /** What earlier reads brought, on memory of its own or on stores; what has been filled of the last store is not among it. */
  #kept: Uint8Array[] = [];
  /** That memory, while all that is kept is on it and there may be room for more. */
  #own: Uint8Array | undefined;
  #stores: Store[] = [];
  #filled = 0;
  /** What the read that goes on has brought. */
  #fresh: Uint8Array[] = [];

  constructor(stores: Stores) {
    this.#all = stores;
  }

  /** Takes a view that is valid until `settle`. Those that lie side by side become one: look-alikes of the end-line cut a body into thousands. */
  take(view: Uint8Array): void {
    this.octets += view.length;
    const last = this.#fresh.at(-1);
    if (last?.buffer === view.buffer && last.byteOffset + last.length === view.byteOffset) {
      this.#fresh[this.#fresh.length - 1] = new Uint8Array(view.buffer, last.byteOffset, last.length + view.length);
    } else {
      this.#fresh = appended(this.#fresh, view);
    }
  }

  /** The read is over, and with it what its views were on. */
  settle(): void {
    if (this.octets <= SMALL_OCTETS) this.#copy();
    else for (const view of this.#fresh) this.#store(view);
    this.#fresh = [];
  }

  /** Gives the first `octets` away: all, or all but the last. */
  give(octets: number): Body {
    this.#seal();
    const views = this.#kept.length === 0 ? this.#fresh : [...this.#kept, ...this.#fresh];
    const stores = this.#stores.length === 0 ? NO_STORES : this.#stores;
    const last = octets < this.octets ? views.pop() : undefined;
    this.octets = 0;
    this.#own = undefined;
    this.#fresh = [];
    if (this.#kept.length > 0) this.#kept = [];
    if (this.#stores.length > 0) this.#stores = [];
    if (last !== undefined) {
      this.octets = 1;
      this.#kept.push(new Uint8Array(last.subarray(-1)));
      if (last.length > 1) views.push(last.subarray(0, -1));
    }
    return { views, octets, stores };
  }

  /** Most chunks are cut once, and need no more than they have; one that comes drop by drop gets twice as much each time. */
  #copy(): void {
    let at = this.octets;
    for (const view of this.#fresh) at -= view.length;
    let own = this.#own;
    if (own === undefined || own.length < this.octets) {
      own = Buffer.allocUnsafeSlow(at === 0 ? this.octets : Math.min(2 * this.octets, SMALL_OCTETS));
      for (const view of this.#kept) own.set(view);
      this.#own = own;
    }
    for (const view of this.#fresh) {
      own.set(view, at);
      at += view.length;
    }
    this.#kept = [own.subarray(0, at)];
  }

  #store(view: Uint8Array): void {
    for (let from = 0; from < view.length; ) {
      const { octets } = this.#storeWithRoom();
      const room = octets.length - this.#filled;
      const part = from === 0 && view.length <= room ? view : view.subarray(from, from + room);
      octets.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
    }
  }

  #storeWithRoom(): Store {
    const last = this.#stores.at(-1);
    if (last !== undefined && this.#filled < last.octets.length) return last;
    this.#seal();
    const store = this.#all.take();
    this.#stores.push(store);
    return store;
  }

  /** What has been filled of the last store is all that comes onto it. */
  #seal(): void {
    const last = this.#stores.at(-1);
    if (last !== undefined && this.#filled > 0) this.#kept.push(last.octets.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
