/** One complete SEND chunk on its way out, and what of the read buffers it holds on to. */

/** Who wants to know what becomes of a chunk. */
export interface Sender {
  /** The chunk left its queue. */
  taken(): void;
  /** The chunk's last octet was handed to the operating system. Never told when the connection ends before that. */
  written(): void;
}

/** A view under this part of its backing store is copied when it has to wait. */
const WORTH_KEEPING = 4;

/** More views than this become one: a sender that drips octets must not cost more than its octets. */
const MAX_VIEWS = 16;

/** A chunk of at most this many octets becomes one run of its own when it has to wait. */
const SMALL_OCTETS = 8192;

/** A chunk as a write queue keeps it. Texts carry one character an octet. */
export class OutgoingChunk {
  /** Start line, headers and, before a body, the empty line; empty once they stand in `body`. */
  head: string;
  /** The body, in order: views on read buffers, until `settle`. */
  body: readonly Uint8Array[];
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

  constructor(head: string, body: readonly Uint8Array[], bodyOctets: number, tail: string, sender: Sender | undefined) {
    this.head = head;
    this.body = body;
    this.tail = tail;
    this.octets = head.length + bodyOctets + tail.length;
    this.sender = sender;
    this.heldOctets = this.octets <= SMALL_OCTETS ? this.octets : this.#held();
  }

  /**
   * Makes the chunk fit to wait beyond this turn of the loop: a 200-octet view would pin a
   * whole read buffer, a slice of a head the whole text it was cut from.
   */
  settle(): void {
    const head = Buffer.from(this.head, 'latin1');
    const tail = Buffer.from(this.tail, 'latin1');
    this.body =
      this.octets <= SMALL_OCTETS ? [joined([head, ...this.body, tail])] : [head, ...settledViews(this.body), tail];
    this.head = '';
    this.tail = '';
  }

  #held(): number {
    let held = this.head.length + this.tail.length;
    for (const view of this.body) held += isWorthCopying(view) ? view.length : view.buffer.byteLength;
    return held;
  }
}

/** Views that may wait: small ones are copied, and a crowd of them becomes one. */
export function settledViews(views: readonly Uint8Array[]): Uint8Array[] {
  if (views.length > MAX_VIEWS) return [joined(views)];
  return views.map((view) => (isWorthCopying(view) ? new Uint8Array(view) : view));
}

/** One run of octets with a store of its own. */
function joined(views: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(views));
}

function isWorthCopying(view: Uint8Array): boolean {
  return view.length * WORTH_KEEPING < view.buffer.byteLength;
}
