/** Batches that have left a queue, until the system has taken them. */
import type { Memory } from './memory.ts';
import type { OutgoingChunk } from './outgoing-chunk.ts';
import type { Encoded } from './slab.ts';
import type { Store, Stores } from './stores.ts';

/**
 * So many batches are prepared at most before they are written: each write costs the system and its reader a good deal, however much
 * it brings. But nothing overtakes them any more: whoever has a slow line makes chunks small, and with them what is ahead of a response.
 */
const MOST_BATCHES = 2;

const NO_CHUNKS: readonly OutgoingChunk[] = [];
const NO_RUNS: readonly Uint8Array[] = [];
const NO_STORES: readonly Store[] = [];

/** Of one connection: prepared, then given to the system, then taken. All that is prepared is given to it together. */
export class InFlight {
  /** All octets, prepared or given. */
  octets = 0;
  #state: 'nothing' | 'prepared' | 'given' = 'nothing';
  #chunks: readonly OutgoingChunk[] = NO_CHUNKS;
  #runs: readonly Uint8Array[] = NO_RUNS;
  #stores: readonly Store[] = NO_STORES;
  readonly #all: Stores;
  readonly #memory: Memory;
  readonly #fullOctets: number;

  /** @param batchOctets - what a batch has, about. */
  constructor(batchOctets: number, stores: Stores, memory: Memory) {
    this.#fullOctets = MOST_BATCHES * batchOctets;
    this.#all = stores;
    this.#memory = memory;
  }

  get isNothing(): boolean {
    return this.#state === 'nothing';
  }

  get isPrepared(): boolean {
    return this.#state === 'prepared';
  }

  /** As much is prepared as is worth a write of its own. */
  get isFull(): boolean {
    return this.#state === 'prepared' && this.octets >= this.#fullOctets;
  }

  /** Whether another batch may leave the queue. */
  get hasRoom(): boolean {
    return this.#state !== 'given' && this.octets < this.#fullOctets;
  }

  /** A batch left the queue. Returns its octets. */
  add(chunks: readonly OutgoingChunk[], { runs, stores }: Encoded): number {
    const isFirst = this.#state === 'nothing';
    this.#state = 'prepared';
    this.#chunks = isFirst ? chunks : [...this.#chunks, ...chunks];
    this.#runs = isFirst ? runs : [...this.#runs, ...runs];
    this.#stores = isFirst ? stores : [...this.#stores, ...stores];
    let octets = 0;
    for (const run of runs) octets += run.length;
    this.octets += octets;
    this.#memory.heldOctets += octets;
    return octets;
  }

  /** What is prepared, in order, to be given to the system now. */
  give(): readonly Uint8Array[] {
    this.#state = 'given';
    const runs = this.#runs;
    this.#runs = NO_RUNS;
    return runs;
  }

  /** The system has taken all of it. Whoever wants to know of a chunk is told. */
  taken(): void {
    const chunks = this.#chunks;
    const stores = this.#stores;
    this.forget();
    for (const store of stores) this.#all.release(store);
    for (const chunk of chunks) {
      for (const store of chunk.stores) this.#all.release(store);
      chunk.sender?.written();
    }
  }

  /** The connection is over: nobody will take it. */
  forget(): void {
    this.#memory.heldOctets -= this.octets;
    this.octets = 0;
    this.#state = 'nothing';
    this.#chunks = NO_CHUNKS;
    this.#runs = NO_RUNS;
    this.#stores = NO_STORES;
  }
}
