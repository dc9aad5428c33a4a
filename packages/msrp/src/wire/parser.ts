/** Octets in, heads, bodies and end-lines out; whatever the cuts. */
import { MsrpError } from '../base/errors.ts';
import { BodyScanner } from './body-scanner.ts';
import type { ContinuationFlag, Head } from './head.ts';
import { HeadReader } from './head-reader.ts';
import { Lookahead } from './lookahead.ts';
import { concat, latin1 } from './octets.ts';

/** What a parser tells. None of these may throw. */
export interface ParserEvents {
  /** A start line and its headers are complete. */
  head(head: Head): void;
  /** Octets of the body: a view on what was written, valid during the call; may come many times, or never. */
  body(octets: Uint8Array): void;
  /** The end-line of the message whose head came last. */
  end(flag: ContinuationFlag): void;
  /**
   * The octets make no sense from here on: nothing more will be told, the connection is to be closed.
   * `head` is given when its paths were read before the head grew too large, so that it can be answered 400.
   */
  broken(error: MsrpError, head: Head | undefined): void;
}

/** Bounds of a head section (RFC 4975 §14.5). */
export interface ParserLimits {
  readonly maxHeadOctets: number;
  readonly maxHeadLines: number;
}

/** The most bare CRLFs that may stand between two messages. */
const MAX_BARE_LINES = 4;

/** As much as most heads take. */
const JOINT_OCTETS = 1024;

/** How many octets of a message, `MSRP` and a blank, are judged before its first line is complete. */
const START_OCTETS = 5;

const LF = 10;
const EMPTY = new Uint8Array(0);

/**
 * Incremental parser of one connection: no I/O, no timers, no copy of a body. It holds at most one
 * unfinished head. What can be framed is told, right or wrong (`Head.fault`); what cannot is `broken`.
 */
export class Parser {
  readonly #events: ParserEvents;
  readonly #limits: ParserLimits;
  readonly #heads = new HeadReader();
  readonly #bodies = new BodyScanner();
  readonly #onBody: (octets: Uint8Array) => void;
  #state: 'head' | 'body' | 'stopped' = 'head';
  #rest: Uint8Array = EMPTY;
  #bareLines = 0;
  // The decoded part of the input: characters 0.. of `text` are octets `textStart`.. of it.
  #text = '';
  #textStart = 0;
  readonly #lookahead = new Lookahead();

  constructor(events: ParserEvents, limits: ParserLimits) {
    this.#events = events;
    this.#limits = limits;
    this.#onBody = (octets) => {
      if (this.#state !== 'stopped') events.body(octets);
    };
  }

  /** True between the first octet of a head and its last: such a thing must not last (a slow-loris). */
  get isInsideHead(): boolean {
    return this.#state === 'head' && this.#rest.length > 0;
  }

  /** True between a head and its end-line. */
  get isInsideBody(): boolean {
    return this.#state === 'body';
  }

  /** Takes the next octets of the stream. They must not change until this returns. */
  write(octets: Uint8Array): void {
    if (this.#isMoreOfALine(octets)) {
      this.#rest = concat(this.#rest, octets);
      return;
    }
    const rest = this.#rest;
    this.#rest = EMPTY;
    const next = rest.length > 0 && octets.length > JOINT_OCTETS ? this.#readJoint(rest, octets) : -1;
    const input = rest.length === 0 || next >= 0 ? octets : concat(rest, octets);
    let at = Math.max(0, next);
    while (at < input.length && this.#state !== 'stopped') {
      const end = this.#state === 'body' ? this.#readBody(input, at) : this.#readHead(input, at);
      if (end < 0) break;
      at = end;
    }
    this.#text = '';
    this.#lookahead.readBegan();
    this.#heads.forget();
    // A copy (`slice` of a Buffer would be none): a short rest must not hold a whole read buffer.
    if (at < input.length && this.#state === 'head') this.#rest = new Uint8Array(input.subarray(at));
  }

  /** Nothing more is told, not even of octets that are being written now. */
  stop(): void {
    this.#state = 'stopped';
  }

  /** Whether these octets only lengthen an unfinished line of a head: reading it again, octet by octet, would be dear. */
  #isMoreOfALine(octets: Uint8Array): boolean {
    const heldOctets = this.#rest.length;
    if (heldOctets < START_OCTETS || heldOctets + octets.length > this.#limits.maxHeadOctets) return false;
    return !octets.includes(LF);
  }

  /**
   * Reads the head that began in `rest`, joined with as much of `octets` as one takes: all of them are many, and would be copied.
   * Returns the offset in `octets` after it, or -1 when it does not end there.
   */
  #readJoint(rest: Uint8Array, octets: Uint8Array): number {
    const next = this.#readHead(concat(rest, octets.subarray(0, JOINT_OCTETS)), 0);
    this.#text = '';
    this.#lookahead.readBegan();
    return next < 0 ? -1 : next - rest.length;
  }

  /** Returns the offset after the head, or -1 when it is not complete. */
  #readHead(input: Uint8Array, at: number): number {
    if (input[at] === 13 && input[at + 1] === 10) return this.#skipBareLine(at);
    if (input[at] === 13 && at + 1 === input.length) return -1;
    const reader = this.#heads;
    // One octet over the bound shows that it is exceeded; nothing behind it is read, however the octets are cut.
    const mostOctets = this.#limits.maxHeadOctets + 1;
    const window = this.#textAt(input, at, Math.min(this.#lookahead.octetsAt(at), mostOctets));
    let ending = reader.read(window, at - this.#textStart, this.#limits.maxHeadLines);
    if (ending === 'incomplete' && this.#hasMore(input)) {
      this.#text = '';
      ending = reader.read(this.#textAt(input, at, mostOctets), 0, this.#limits.maxHeadLines);
    }
    if (reader.isGarbage) return this.#break('MSRP_BAD_START_LINE', 'not the start of an MSRP message', undefined);
    const headOctets = ending === 'incomplete' ? input.length - at : reader.next - (at - this.#textStart);
    if (headOctets > this.#limits.maxHeadOctets || reader.lineCount > this.#limits.maxHeadLines) {
      const head = this.#head(input);
      const isAnswerable = head.toPath !== '' && head.fromPath !== '';
      return this.#break('MSRP_HEAD_TOO_LARGE', 'the header section is too large', isAnswerable ? head : undefined);
    }
    if (ending === 'incomplete') return -1;
    const next = this.#textStart + reader.next;
    this.#lookahead.headWas(headOctets);
    this.#bareLines = 0;
    if (ending === 'body') {
      this.#state = 'body';
      this.#bodies.begin(reader.transactionId);
    }
    this.#events.head(this.#head(input));
    if (ending !== 'body' && this.#mayGoOn()) this.#events.end(ending);
    return next;
  }

  #readBody(input: Uint8Array, at: number): number {
    const next = this.#bodies.scan(input, at, this.#onBody);
    const flag = this.#bodies.flag;
    if (flag === undefined || !this.#mayGoOn()) return next;
    this.#state = 'head';
    this.#events.end(flag);
    return next;
  }

  #skipBareLine(at: number): number {
    this.#bareLines += 1;
    if (this.#bareLines > MAX_BARE_LINES) return this.#break('MSRP_BAD_START_LINE', 'too many empty lines', undefined);
    return at + 2;
  }

  /** Makes sure that the text holds what there is of `octets` octets from `at`; several messages share one decoding. */
  #textAt(input: Uint8Array, at: number, octets: number): string {
    const isDecoded = this.#text !== '' && at >= this.#textStart && at < this.#textStart + this.#text.length;
    if (!isDecoded) {
      this.#textStart = at;
      this.#text = latin1(input, at, Math.min(input.length, at + octets));
    }
    return this.#text;
  }

  #hasMore(input: Uint8Array): boolean {
    return this.#textStart + this.#text.length < input.length;
  }

  #head(input: Uint8Array): Head {
    const { messageIdStart, messageIdEnd } = this.#heads;
    const start = this.#textStart;
    const messageId = messageIdEnd === 0 ? '' : latin1(input, start + messageIdStart, start + messageIdEnd);
    return this.#heads.head(this.#text, messageId);
  }

  /** An event may have called `stop`. */
  #mayGoOn(): boolean {
    return this.#state !== 'stopped';
  }

  #break(code: 'MSRP_BAD_START_LINE' | 'MSRP_HEAD_TOO_LARGE', message: string, head: Head | undefined): number {
    this.#state = 'stopped';
    this.#events.broken(new MsrpError(code, message), head);
    return -1;
  }
}
