/** Turns a batch into few runs of octets: everything short side by side, large bodies as they are. */
import type { Batch } from './write-queue.ts';

const SLAB_OCTETS = 131_072;

/** Bodies up to this size are copied next to their heads; longer ones are cheaper as runs of their own. */
const COPY_OCTETS = 16_384;

/**
 * A stretch of memory that all connections write their short octets into, one batch after the
 * other. What was handed out is never written again; a full slab is left to its readers and a new one taken.
 */
export class Slab {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_OCTETS);
  #start = 0;
  #at = 0;
  #text = '';
  #runs: Uint8Array[] = [];

  /** The octets of a batch, in order, as few runs as the large bodies in it allow. */
  encode({ urgent, chunks }: Batch): Uint8Array[] {
    this.#runs = [];
    for (const text of urgent) this.#text += text;
    for (const { head, body, tail } of chunks) {
      this.#text += head;
      for (const octets of body) this.#add(octets);
      this.#text += tail;
    }
    this.#writeText();
    this.#endRun();
    return this.#runs;
  }

  /** The same with a run for each text and chunk. */
  encodeEach({ urgent, chunks }: Batch): Uint8Array[] {
    const runs = urgent.map((text): Uint8Array => Buffer.from(text, 'latin1'));
    for (const { head, body, tail } of chunks) {
      runs.push(Buffer.concat([Buffer.from(head, 'latin1'), ...body, Buffer.from(tail, 'latin1')]));
    }
    return runs;
  }

  #add(octets: Uint8Array): void {
    this.#writeText();
    if (octets.length > COPY_OCTETS) {
      this.#endRun();
      this.#runs.push(octets);
      return;
    }
    this.#makeRoom(octets.length);
    this.#slab.set(octets, this.#at);
    this.#at += octets.length;
  }

  #writeText(): void {
    const octets = this.#text.length;
    if (octets === 0) return;
    this.#makeRoom(octets);
    this.#slab.write(this.#text, this.#at, 'latin1');
    this.#at += octets;
    this.#text = '';
  }

  #makeRoom(octets: number): void {
    if (this.#at + octets <= this.#slab.length) return;
    this.#endRun();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_OCTETS, octets));
    this.#start = 0;
    this.#at = 0;
  }

  #endRun(): void {
    if (this.#at > this.#start) this.#runs.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}
