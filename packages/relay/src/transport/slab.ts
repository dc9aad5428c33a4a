/** Turns a batch into few runs of octets: everything short side by side, large bodies as they are. */
import { isShared } from './shared-read.ts';
import { appended } from './short-list.ts';
import type { Store, Stores } from './stores.ts';
import type { Batch } from './write-queue.ts';

/** Bodies up to this size are copied next to their heads; longer ones are cheaper as runs of their own. */
const COPY_OCTETS = 16_384;

/** A batch as octets. */
export interface Encoded {
  /** In order. */
  readonly runs: readonly Uint8Array[];
  /** What they are on, besides the stores of the batch's chunks: to be released when they are written, one use each. */
  readonly stores: readonly Store[];
}

/**
 * Writes the short octets of all connections into stores, one batch after the other. What was handed out is not written over until
 * it is released.
 */
export class Slab {
  readonly #stores: Stores;
  #store: Store;
  #start = 0;
  #at = 0;
  #text = '';
  #runs: Uint8Array[] = [];
  #used: Store[] = [];

  constructor(stores: Stores) {
    this.#stores = stores;
    this.#store = stores.take();
  }

  /** The octets of a batch, in order, as few runs as the large bodies in it allow. */
  encode({ urgent, chunks }: Batch): Encoded {
    this.#runs = [];
    this.#used = [];
    if (this.#store.users === 1) this.#startOver();
    for (const text of urgent) this.#text += text;
    for (const { head, body, tail } of chunks) {
      this.#text += head;
      for (const octets of body) this.#add(octets);
      this.#text += tail;
    }
    this.#writeText();
    this.#endRun();
    return { runs: this.#runs, stores: this.#used };
  }

  /** The same with a run for each text and chunk. */
  encodeEach({ urgent, chunks }: Batch): Encoded {
    const runs = urgent.map((text): Uint8Array => Buffer.from(text, 'latin1'));
    for (const { head, body, tail } of chunks) {
      runs.push(Buffer.concat([Buffer.from(head, 'latin1'), ...body, Buffer.from(tail, 'latin1')]));
    }
    return { runs, stores: [] };
  }

  #add(octets: Uint8Array): void {
    this.#writeText();
    if (octets.length > COPY_OCTETS && !isShared(octets)) {
      this.#endRun();
      this.#runs = appended(this.#runs, octets);
      return;
    }
    for (let from = 0; from < octets.length; ) {
      const room = this.#room();
      // A view costs more than the copy of a short body.
      const part = from === 0 && octets.length <= room ? octets : octets.subarray(from, from + room);
      this.#store.octets.set(part, this.#at);
      this.#at += part.length;
      from += part.length;
    }
  }

  #writeText(): void {
    const text = this.#text;
    this.#text = '';
    for (let from = 0; from < text.length; ) {
      const room = this.#room();
      const part = from === 0 && text.length <= room ? text : text.slice(from, from + room);
      this.#at += this.#store.octets.write(part, this.#at, 'latin1');
      from += part.length;
    }
  }

  /** How many octets there is room for, at least one. */
  #room(): number {
    const { length } = this.#store.octets;
    if (this.#at === length) {
      this.#endRun();
      this.#stores.release(this.#store);
      this.#store = this.#stores.take();
      this.#startOver();
    }
    return length - this.#at;
  }

  #startOver(): void {
    this.#start = 0;
    this.#at = 0;
  }

  #endRun(): void {
    if (this.#at === this.#start) return;
    this.#runs = appended<Uint8Array>(this.#runs, this.#store.octets.subarray(this.#start, this.#at));
    this.#start = this.#at;
    if (this.#used.at(-1) === this.#store) return;
    this.#used = appended(this.#used, this.#store);
    this.#store.users += 1;
  }
}
