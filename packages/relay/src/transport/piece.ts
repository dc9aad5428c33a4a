/** The octets of a chunk that is being received, until they leave as the body of one that is sent on. */
import type { Store, Stores } from './stores.ts';

/** Up to here a copy of its own is cheaper than a store. */
const SMALL_OCTETS = 8192;

/** The body of an outgoing chunk. */
export interface Body {
  /** In order; views on the read that goes on, on stores, or on memory of their own. */
  readonly views: readonly Uint8Array[];
  readonly octets: number;
  /** Stores that have no other user: whoever has written the body releases them. */
  readonly stores: readonly Store[];
}

const NOTHING = new Uint8Array(0);
const NO_STORES: readonly Store[] = [];

/** No octets at all. */
export const NO_BODY: Body = { views: [], octets: 0, stores: NO_STORES };

/** Takes views as they come, copies what has to outlast their read, and gives them away in order. */
export class Piece {
  octets = 0;
  readonly #all: Stores;
  #views: Uint8Array[] = [];
  /** How many of the views are copies already. */
  #settled = 0;
  #stores: Store[] = [];
  /** What is left of the last store. */
  #room: Uint8Array = NOTHING;

  constructor(stores: Stores) {
    this.#all = stores;
  }

  /** Takes a view that is valid until `settle`. */
  take(view: Uint8Array): void {
    this.octets += view.length;
    this.#add(view);
  }

  /** The read is over, and with it what its views were on. */
  settle(): void {
    const fresh = this.#views.splice(this.#settled);
    if (this.octets <= SMALL_OCTETS) this.#views = [new Uint8Array(Buffer.concat([...this.#views, ...fresh]))];
    else for (const view of fresh) this.#store(view);
    this.#settled = this.#views.length;
  }

  /** Gives the first `octets` away: all, or all but the last. */
  give(octets: number): Body {
    const views = this.#views;
    const stores = this.#stores.length === 0 ? NO_STORES : this.#stores;
    const last = octets < this.octets ? views.pop() : undefined;
    this.#clear();
    if (last !== undefined) {
      this.take(new Uint8Array(last.subarray(-1)));
      this.#settled = 1;
      if (last.length > 1) views.push(last.subarray(0, -1));
    }
    return { views, octets, stores };
  }

  #clear(): void {
    this.octets = 0;
    this.#views = [];
    this.#settled = 0;
    this.#room = NOTHING;
    if (this.#stores.length > 0) this.#stores = [];
  }

  /** Views that lie side by side become one: a body full of look-alike end-lines comes in a thousand slices. */
  #add(view: Uint8Array): void {
    const last = this.#views.at(-1);
    if (last?.buffer === view.buffer && last.byteOffset + last.length === view.byteOffset) {
      this.#views[this.#views.length - 1] = new Uint8Array(view.buffer, last.byteOffset, last.length + view.length);
    } else {
      this.#views.push(view);
    }
  }

  #store(view: Uint8Array): void {
    for (let at = 0; at < view.length; ) {
      if (this.#room.length === 0) this.#open();
      const part = view.subarray(at, at + this.#room.length);
      this.#room.set(part);
      this.#add(this.#room.subarray(0, part.length));
      this.#room = this.#room.subarray(part.length);
      at += part.length;
    }
  }

  #open(): void {
    const store = this.#all.take();
    this.#stores.push(store);
    this.#room = store.octets;
  }
}
