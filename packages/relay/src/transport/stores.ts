/** Memory for octets that outlast the read that brought them, used again and again: what is new each time has to be collected. */

/** As much as a read brings at most. */
const STORE_OCTETS = 65_536;

/** How many are kept for the next one who needs one. */
const MAX_SPARE = 64;

/** One stretch of memory. Whoever has views on it that must last is one of its users. */
export class Store {
  readonly octets: Buffer = Buffer.allocUnsafeSlow(STORE_OCTETS);
  users = 1;
}

/**
 * All stores of a relay. One that its last user released is written over by the next who takes it: release only what nothing looks
 * at any more. One that is never released is left to the garbage collector, as other memory is.
 */
export class Stores {
  readonly #spare: Store[] = [];

  /** A store with one user: the caller. */
  take(): Store {
    const store = this.#spare.pop();
    if (store === undefined) return new Store();
    store.users = 1;
    return store;
  }

  /** One user less. */
  release(store: Store): void {
    store.users -= 1;
    if (store.users === 0 && this.#spare.length < MAX_SPARE) this.#spare.push(store);
  }
}
