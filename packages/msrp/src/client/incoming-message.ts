/** One message on its way in: read by the application as it comes, or as a whole (RFC 4975 §7.3.1). */
import { MsrpError } from '../base/errors.ts';
import { type FailureReport, headerValues } from '../wire/head.ts';
import { headerText } from './own-requests.ts';
import { Reassembly } from './reassembly.ts';

/** So many octets may come ahead of a gap. */
const MAX_AHEAD_OCTETS = 1_048_576;

/** A message that is gathered whole has no more octets than this, unless the application says otherwise. */
const MAX_GATHERED_OCTETS = 16_777_216;

/** What the application read is reported to the sender after each so many octets, and at the end. */
const REPORT_OCTETS = 8_388_608;

/** What the application holds of a message that comes in. Its octets are read once, by one reader. */
export interface IncomingMessage extends AsyncIterable<Uint8Array> {
  readonly messageId: string;
  /** As written, with its parameters. */
  readonly contentType: string;
  /** The From-Path of its last chunk, as received: by which way it comes. */
  readonly fromPath: string;
  /** The value of a header of its first chunk, by its name in any case; the octets as they came, one character each. */
  header(name: string): string | undefined;
  /** Undefined until the sender has said it. */
  readonly totalOctets: number | undefined;
  /** Octets that have come without a gap. */
  readonly receivedOctets: number;
  /** All of it, once it has come. @throws MsrpError `MSRP_TOO_LARGE`, after having refused the message, over `maxOctets`. */
  bytes(maxOctets?: number): Promise<Uint8Array>;
  /** The same as text; octets that are not UTF-8 become replacement characters. */
  text(maxOctets?: number): Promise<string>;
  /**
   * Refuses the message with a status of RFC 4975 §10, 413 unless said otherwise: what still comes of it is answered so, what
   * was answered 200 before is reported. Does nothing once its sender was told that all of it has been read.
   */
  reject(status?: number, comment?: string): void;
}

/** What a message asks of its session. */
export interface IncomingContext {
  readonly messageId: string;
  readonly contentType: string;
  /** Header lines of the first chunk. */
  readonly lines: string;
  /** By which way the first chunk has come. */
  readonly fromPath: string;
  readonly successReport: boolean;
  readonly failureReport: FailureReport;
  /** So many octets more, or less, wait to be read by the application. */
  readonly waiting: (octets: number) => void;
  /** Octets from `start` to `end` were read by the application: the sender may be told. */
  readonly read: (start: number, end: number) => void;
  /** The application refuses it: all chunks of it, also those that were answered. `readOctets` of them were told as read. */
  readonly refused: (status: number, comment: string, readOctets: number) => void;
  /** Nothing of it is expected any more: it was read to its end, refused, given up or has failed. */
  readonly settled: (isComplete: boolean) => void;
}

/** What the rules of a session know about a message that comes in. */
export class Receiving implements IncomingMessage {
  readonly context: IncomingContext;
  /** Where the chunks come from now, as received: reports go there. */
  returnPath: string;
  readonly #reassembly = new Reassembly(MAX_AHEAD_OCTETS);
  #totalOctets: number | undefined;
  #announcedOctets: number | undefined;
  #readOctets = 0;
  #toldOctets = 0;
  #countedOctets = 0;
  #error: unknown;
  #isOver = false;
  #isRefused = false;
  #hasReader = false;
  #wake: (() => void) | undefined;

  constructor(context: IncomingContext) {
    this.context = context;
    this.returnPath = context.fromPath;
  }

  get messageId(): string {
    return this.context.messageId;
  }

  get contentType(): string {
    return this.context.contentType;
  }

  get fromPath(): string {
    return this.returnPath;
  }

  header(name: string): string | undefined {
    return headerValues(this.context, name.toLowerCase())[0];
  }

  get totalOctets(): number | undefined {
    return this.#totalOctets ?? this.#announcedOctets;
  }

  get receivedOctets(): number {
    return this.#reassembly.contiguousOctets;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.#hasReader) throw new TypeError('the octets of a message are read once');
    this.#hasReader = true;
    let heldOctets = 0;
    try {
      for (;;) {
        const octets = this.#reassembly.take();
        this.#count();
        if (octets !== undefined) {
          heldOctets = octets.length;
          yield octets;
          heldOctets = 0;
          // Only now: who asks for more has done with these, has written them to a disk perhaps.
          this.#wasRead(octets.length);
        } else if (this.isComplete) return;
        else if (this.#error !== undefined) throw this.#error;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      const isAll = this.isComplete && this.#reassembly.waitingOctets === 0;
      if (isAll && heldOctets > 0) this.#wasRead(heldOctets);
      // Whoever stops reading before the end does not want the rest.
      else if (!isAll) this.reject();
    }
  }

  async bytes(maxOctets = MAX_GATHERED_OCTETS): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let octets = 0;
    for await (const piece of this) {
      octets += piece.length;
      if (octets > maxOctets || (this.totalOctets ?? 0) > maxOctets) {
        this.reject(413);
        throw new MsrpError('MSRP_TOO_LARGE', `the message has more than ${maxOctets} octets`);
      }
      pieces.push(piece);
    }
    const gathered = new Uint8Array(octets);
    let at = 0;
    for (const piece of pieces) {
      gathered.set(piece, at);
      at += piece.length;
    }
    return gathered;
  }

  async text(maxOctets?: number): Promise<string> {
    return new TextDecoder().decode(await this.bytes(maxOctets));
  }

  reject(status = 413, comment = ''): void {
    // Of a message that was read, its sender may have been told so.
    const isReported = this.#isOver && this.context.successReport;
    if (this.#error !== undefined || isReported || this.#isRefused) return;
    headerText(comment);
    this.#isRefused = true;
    this.context.refused(status, comment, this.#toldOctets);
    this.fail(new MsrpError('MSRP_ABORTED', 'the message was refused by this side'));
    this.#reassembly.clear();
  }

  // What follows is for the session.

  /** Whether it takes no more octets. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether all of it has come. */
  get isComplete(): boolean {
    return this.#totalOctets !== undefined && this.#reassembly.contiguousOctets >= this.#totalOctets;
  }

  /** A chunk has come by this path. What was reported by another one may have been lost with it: it is told again. */
  comesBy(fromPath: string): void {
    if (fromPath !== this.returnPath) this.#toldOctets = 0;
    this.returnPath = fromPath;
  }

  /** Octets of a chunk, which belong to the message from now on. @returns false when they are too far ahead. */
  store(start: number, octets: Uint8Array): boolean {
    // A short view would hold the whole buffer that was read.
    const own = octets.length * 4 < octets.buffer.byteLength ? new Uint8Array(octets) : octets;
    if (this.#isOver || !this.#reassembly.store(start, own)) return this.#isOver;
    this.#count();
    this.#wakeReader();
    return true;
  }

  /** The sender says that there will be so many octets; only its last chunk makes that certain. */
  announce(octets: number): void {
    this.#announcedOctets ??= octets;
  }

  /** The last chunk has come: there are so many octets. */
  setTotal(octets: number): void {
    this.#totalOctets = octets;
    // The end-line comes after the octets, which may have been read by now.
    if (this.#readOctets >= octets) this.#wasRead(0);
    this.#wakeReader();
  }

  /** Nothing more will come: the reader gets what is there, then `error`. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#error = error;
    this.#settle(false);
    this.#wakeReader();
  }

  #wasRead(octets: number): void {
    this.#readOctets += octets;
    if (this.#isOver) return;
    const isAll = this.#totalOctets !== undefined && this.#readOctets >= this.#totalOctets;
    const untoldOctets = this.#readOctets - this.#toldOctets;
    if (isAll ? untoldOctets > 0 || this.#readOctets === 0 : untoldOctets >= REPORT_OCTETS) {
      this.context.read(this.#toldOctets + 1, this.#readOctets);
      this.#toldOctets = this.#readOctets;
    }
    if (isAll) this.#settle(true);
  }

  #settle(isComplete: boolean): void {
    this.#isOver = true;
    this.#count();
    this.context.settled(isComplete);
  }

  /** What is over holds nobody up any more. */
  #count(): void {
    const octets = this.#isOver ? 0 : this.#reassembly.waitingOctets;
    const more = octets - this.#countedOctets;
    this.#countedOctets = octets;
    if (more !== 0) this.context.waiting(more);
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
