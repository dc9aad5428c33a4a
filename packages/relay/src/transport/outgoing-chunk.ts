/** One complete SEND chunk on its way out, and what memory it is on. */
import type { Body } from './piece.ts';
import { isShared } from './shared-read.ts';
import type { Store } from './stores.ts';

/** Who wants to know what becomes of a chunk. */
export interface Sender {
  /** The chunk left its queue. */
  taken(): void;
  /** The chunk's last octet was handed to the operating system. Never told when the connection ends before that. */
  written(): void;
}

/** A view under this part of its backing store is copied when it has to wait. */
const WORTH_KEEPING = 4;

/** A chunk of at most this many octets becomes one run of its own when it has to wait. */
const SMALL_OCTETS = 16_384;

/** A chunk as a write queue keeps it. Texts carry one character an octet. */
export class OutgoingChunk {
  /** Start line, headers and, before a body, the empty line; empty once they stand in `body`. */
  head: string;
  /** The body, in order: views that are valid until the end of the read that is going on, before `settle`. */
  body: readonly Uint8Array[];
  /** Stores that the body is on, and nothing else: whoever has written it releases them. */
  readonly stores: readonly Store[];
  /** What comes after the body: CRLF when there is one, and the end-line. */
  tail: string;
  /** All octets on the wire. */
  readonly octets: number;
  readonly sender: Sender | undefined;
  /** Memory that waiting costs: copies by their length, views by what they keep alive. */
  readonly heldOctets: number;
  isWaiting = false;
  /** When it was queued, in ticks of its connection's turn. */
  queuedAtTicks = 0;

  constructor(head: string, body: Body, tail: string, sender: Sender | undefined) {
    this.head = head;
    this.body = body.views;
    this.stores = body.stores;
    this.tail = tail;
    this.octets = head.length + body.octets + tail.length;
    this.sender = sender;
    this.heldOctets = this.#isSmall() ? this.octets : this.#held();
  }

  /**
   * Makes the chunk fit to wait beyond the read that is going on, which its views may be on; and a slice of a head would hold
   * the whole text that it was cut from.
   */
  settle(): void {
    const { head, body, tail } = this;
    if (this.#isSmall()) {
      this.body = [oneRun(this.octets, head, body, tail)];
    } else {
      const views = body.map((view) => (this.#isToBeCopied(view) ? new Uint8Array(view) : view));
      this.body = [Buffer.from(head, 'latin1'), ...views, Buffer.from(tail, 'latin1')];
    }
    this.head = '';
    this.tail = '';
  }

  /** What stands on a store is not copied: that would be kept all the same. */
  #isSmall(): boolean {
    return this.octets <= SMALL_OCTETS && this.stores.length === 0;
  }

  #held(): number {
    let held = this.head.length + this.tail.length;
    for (const { octets } of this.stores) held += octets.length;
    for (const view of this.body) {
      if (this.#isToBeCopied(view)) held += view.length;
      else if (!this.#isInStore(view)) held += view.buffer.byteLength;
    }
    return held;
  }

  #isToBeCopied(view: Uint8Array): boolean {
    if (this.#isInStore(view)) return false;
    return isShared(view) || view.length * WORTH_KEEPING < view.buffer.byteLength;
  }

  #isInStore(view: Uint8Array): boolean {
    return this.stores.some(({ octets }) => octets.buffer === view.buffer);
  }
}

function oneRun(octets: number, head: string, body: readonly Uint8Array[], tail: string): Uint8Array {
  const run = Buffer.allocUnsafeSlow(octets);
  let at = run.write(head, 0, 'latin1');
  for (const view of body) {
    run.set(view, at);
    at += view.length;
  }
  run.write(tail, at, 'latin1');
  return run;
}
