/** One message on its way out: which octets were sent, accepted and reported, and what came of it (RFC 4975 §7.1.1, §7.3.2). */
import { Emitter } from '../base/emitter.ts';
import { MsrpError } from '../base/errors.ts';
import { formatByteRange } from '../wire/byte-range.ts';
import type { ContinuationFlag, FailureReport, Head } from '../wire/head.ts';
import { formatRequestHead } from '../wire/serializer.ts';
import { isSuccess } from '../wire/status.ts';
import { ContentReader, type RepeatableSource } from './content.ts';
import { OctetRanges } from './octet-ranges.ts';
import type { OpenRequests } from './open-requests.ts';
import { contentLines } from './own-requests.ts';

/** Chunks up to here are written with their exact end; longer ones may be interrupted (RFC 4975 §7.1.1). */
export const UNINTERRUPTED_OCTETS = 2048;

/** How far a message has come, in octets of its content. */
export interface SendProgress {
  readonly sentOctets: number;
  /** Answered 200 by the next hop; those sent, where no answer was asked for. */
  readonly acceptedOctets: number;
  /** Confirmed by the receiver's success REPORTs. */
  readonly reportedOctets: number;
  readonly totalOctets: number | undefined;
}

/** What the application holds of a message that it sends. */
export interface OutgoingMessage {
  readonly messageId: string;
  readonly contentType: string;
  readonly progress: SendProgress;
  /** Fulfilled when the next hop has taken all of it; with Failure-Report `no` or `partial`, when all of it was written. */
  readonly accepted: Promise<void>;
  /** Fulfilled when the receiver has reported all of it; rejected when no Success-Report was asked for. */
  readonly delivered: Promise<void>;
  /** Gives up what has not been sent: the receiver sees an aborted message. Both promises are rejected with `reason`. */
  abort(reason?: unknown): void;
  on(name: 'progress', listener: (progress: SendProgress) => void): () => void;
  /** It has failed; that may show when `accepted` was fulfilled already. At most once. */
  on(name: 'failed', listener: (error: unknown) => void): () => void;
}

/** Everything that stays the same in all chunks of a message. */
export interface SendingOptions {
  readonly messageId: string;
  readonly toPath: string;
  readonly fromPath: string;
  /** More headers of each chunk, by name; as texts. */
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly successReport: boolean;
  readonly failureReport: FailureReport;
  readonly maxChunkOctets: number;
  /** The longest message that the receiver takes; undefined means no bound. */
  readonly maxOctets: number | undefined;
  readonly source: RepeatableSource;
  /** Of the message that this one takes up again. */
  readonly confirmed?: OctetRanges | undefined;
  readonly requests: OpenRequests;
  /** Told once when the message has failed. */
  readonly failed: (error: unknown) => void;
  /** Told once when nothing more is expected of the message. */
  readonly settled: (message: Sending) => void;
}

interface Chunk {
  readonly transactionId: string;
  readonly start: number;
  octets: number;
}

/** What the rules of one session know about a message that it sends; the connection's writer asks it for chunks. */
export class Sending extends Emitter<{ progress: [SendProgress]; failed: [unknown] }> implements OutgoingMessage {
  readonly options: SendingOptions;
  /** The header lines that follow the Byte-Range in every chunk. */
  readonly #sameLines: string;
  readonly #accepted = Promise.withResolvers<void>();
  readonly #delivered = Promise.withResolvers<void>();
  readonly #acceptedRanges = new OctetRanges();
  readonly #reportedRanges = new OctetRanges();
  /** What is still to be sent. The end of the last one is unknown where the total is. */
  readonly #ranges: { start: number; end: number | undefined }[];
  #totalOctets: number | undefined;
  #reader: ContentReader;
  #readerStart: number;
  #chunk: Chunk | undefined;
  #sentOctets = 0;
  #openChunks = 0;
  #isWritten = false;
  #isReported = false;
  #isSettled = false;
  #hasFailed = false;
  #isAborted = false;
  /** Whether a receiver that has part of the message has to be told that it was given up. */
  #owesAbort = false;

  constructor(options: SendingOptions) {
    super();
    this.options = options;
    const { source, confirmed = new OctetRanges(), successReport, failureReport } = options;
    const reports = `${successReport ? 'Success-Report: yes\r\n' : ''}Failure-Report: ${failureReport}\r\n`;
    this.#sameLines = reports + contentLines(options.headers, options.contentType);
    this.#totalOctets = source.octets;
    const total = source.octets;
    const missing = total === undefined || total === 0 ? [{ start: 1, end: total }] : confirmed.missing(1, total);
    this.#ranges = missing;
    for (const { start, end } of confirmed.ranges)
      (successReport ? this.#reportedRanges : this.#acceptedRanges).add(start, end);
    this.#readerStart = missing[0]?.start ?? 1;
    this.#reader = new ContentReader(source, this.#readerStart - 1);
    // Whoever awaits them is told; nobody has to.
    this.#accepted.promise.catch(() => undefined);
    this.#delivered.promise.catch(() => undefined);
    if (!successReport) this.#delivered.reject(new MsrpError('MSRP_UNCONFIRMED', 'no success report was asked for'));
    if (missing.length === 0) this.#finishWriting();
  }

  get messageId(): string {
    return this.options.messageId;
  }

  get contentType(): string {
    return this.options.contentType;
  }

  get accepted(): Promise<void> {
    return this.#accepted.promise;
  }

  get delivered(): Promise<void> {
    return this.#delivered.promise;
  }

  get progress(): SendProgress {
    return {
      sentOctets: this.#sentOctets,
      acceptedOctets: this.#acceptedRanges.octets,
      reportedOctets: this.#reportedRanges.octets,
      totalOctets: this.#totalOctets,
    };
  }

  /** What the other side is known to have: reported if reports were asked for, else accepted by the next hop. */
  get confirmed(): OctetRanges {
    if (this.options.successReport) return this.#reportedRanges;
    return this.options.failureReport === 'yes' ? this.#acceptedRanges : new OctetRanges();
  }

  abort(reason: unknown = new MsrpError('MSRP_ABORTED', 'the message was given up')): void {
    if (!this.#isWritten) this.fail(reason);
  }

  /** Whether it has failed. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  // What follows is for the writer of the connection.

  /** Octets of the chunk that is being written; undefined between chunks. */
  get chunkOctets(): number | undefined {
    return this.#chunk?.octets;
  }

  /** Whether the writer has nothing more to expect of this message. */
  get isOver(): boolean {
    return this.#chunk === undefined && (this.#isWritten || (this.#isAborted && !this.#owesAbort));
  }

  /** Whether the chunk can go on, end, or a new one begin. Calls `wake` when that changes. */
  isReady(wake: () => void): boolean {
    if (this.#isAborted || this.#isChunkComplete()) return true;
    const wanted = this.#chunk === undefined ? Math.min(UNINTERRUPTED_OCTETS, this.#chunkLimit()) : 1;
    const isReady = () =>
      this.#reader.readyOctets >= wanted || this.#reader.hasEnded || this.#reader.error !== undefined;
    if (!isReady()) this.#reader.fill(wanted, wake);
    return isReady();
  }

  /** Begins a chunk: its head. */
  begin(transactionId: string): string {
    const start = this.#nextOctet();
    this.#chunk = { transactionId, start, octets: 0 };
    this.#openChunks += 1;
    if (this.options.failureReport !== 'no') this.options.requests.open(transactionId, this.#askerOf(this.#chunk));
    const { messageId, toPath, fromPath } = this.options;
    const range = formatByteRange({ start, end: this.#exactEnd(start), total: this.#totalOctets });
    const lines = `Message-ID: ${messageId}\r\nByte-Range: ${range}\r\n${this.#sameLines}`;
    return formatRequestHead(transactionId, 'SEND', toPath, fromPath, lines, true);
  }

  /** Up to `octets` octets that the chunk may go on with. Nothing when it has to end. */
  peek(octets: number): Uint8Array {
    if (this.#isAborted) return this.#reader.peek(0);
    const left = this.#chunkLimit() - (this.#chunk?.octets ?? 0);
    return this.#reader.peek(Math.min(octets, left));
  }

  /** `octets` of what `peek` has shown were written. */
  take(octets: number): void {
    this.#reader.take(octets);
    if (this.#chunk !== undefined) this.#chunk.octets += octets;
    this.#sentOctets += octets;
  }

  /** Ends the chunk. @returns its flag. */
  end(): ContinuationFlag {
    const chunk = this.#chunk;
    if (chunk === undefined) throw new Error('no chunk is open');
    this.#chunk = undefined;
    const flag = this.#flagOf(chunk);
    if (flag !== '#') this.#moveOn(chunk);
    else this.#owesAbort = false;
    const { requests, failureReport } = this.options;
    if (failureReport === 'yes') requests.sent(chunk.transactionId);
    else if (failureReport === 'partial') requests.sentUntimed(chunk.transactionId);
    if (failureReport !== 'yes') this.#accept(chunk);
    if (flag === '$') this.#finishWriting();
    this.emit('progress', this.progress);
    return flag;
  }

  /** Whether no more octets may follow in the chunk. */
  get mustEnd(): boolean {
    return this.#isAborted || this.#isChunkComplete();
  }

  /** Gives the message up if reading its content went wrong. */
  checkContent(): void {
    const { error, hasEnded, readyOctets } = this.#reader;
    const { maxOctets = Number.POSITIVE_INFINITY } = this.options;
    const end = this.#ranges[0]?.end;
    const readEnd = this.#nextOctet() - 1 + readyOctets;
    if (error !== undefined) this.fail(error);
    else if (end === undefined) {
      if (readEnd > maxOctets)
        this.fail(new MsrpError('MSRP_TOO_LARGE', 'the content is more than the receiver takes'));
    } else if (hasEnded && readEnd < end) {
      this.fail(new MsrpError('MSRP_BAD_CONTENT', 'the content ended before the octets that were said'));
    } else if (end === this.#totalOctets && readEnd > end) {
      this.fail(new MsrpError('MSRP_BAD_CONTENT', 'the content has more octets than was said'));
    }
  }

  // What follows is for the session.

  /** A REPORT about this message. */
  report(status: number, comment: string, start: number, end: number | undefined): void {
    // Nobody has got what was not sent, whatever the range says.
    const last = Math.min(end ?? Number.POSITIVE_INFINITY, this.#nextOctet() - 1);
    if (!isSuccess(status)) {
      this.#acceptedRanges.remove(start, last);
      this.fail(refusal(status, comment, 'reported'));
      return;
    }
    if (!this.options.successReport) return;
    this.#isReported = true;
    this.#reportedRanges.add(start, last);
    this.emit('progress', this.progress);
    this.#checkEnd();
  }

  /** Ends the message with an error. What was delivered cannot fail any more; what was accepted only can. */
  fail(error: unknown): void {
    if (this.#hasFailed || (this.#isSettled && this.options.successReport)) return;
    const wasSettled = this.#isSettled;
    this.#isSettled = true;
    this.#hasFailed = true;
    this.#isAborted = !this.#isWritten;
    const isPartlyThere = this.#sentOctets > 0 || this.confirmed.octets > 0;
    this.#owesAbort = this.#isAborted && this.#chunk === undefined && isPartlyThere;
    this.#reader.cancel();
    this.#accepted.reject(error);
    this.#delivered.reject(error);
    this.emit('failed', error);
    this.options.failed(error);
    if (!wasSettled) this.options.settled(this);
  }

  /**
   * The session is over: what is not known to have arrived is unconfirmed.
   *
   * @param isClosed - the session has not failed: its peer can be told what was given up.
   */
  endWith(error: MsrpError, isClosed: boolean): void {
    if (!this.#isSettled && this.#isWritten && this.#openChunks === 0) {
      const options = { cause: error };
      this.fail(new MsrpError('MSRP_UNCONFIRMED', 'the session ended before all of the message was reported', options));
    } else this.fail(error);
    this.#owesAbort &&= isClosed;
  }

  #nextOctet(): number {
    return this.#readerStart + this.#reader.takenOctets;
  }

  /** How many octets this chunk may have, from its start on. */
  #chunkLimit(): number {
    const start = this.#chunk?.start ?? this.#nextOctet();
    const end = this.#ranges[0]?.end;
    const rest = end === undefined ? Number.POSITIVE_INFINITY : end - start + 1;
    return Math.min(this.options.maxChunkOctets, rest);
  }

  #isChunkComplete(): boolean {
    if (this.#chunk === undefined) return false;
    return this.#chunk.octets >= this.#chunkLimit() || (this.#reader.hasEnded && this.#reader.readyOctets === 0);
  }

  /** The last octet of a chunk that is short and known whole; undefined means that it may be interrupted. */
  #exactEnd(start: number): number | undefined {
    if (this.#isAborted) return start - 1;
    const limit = this.#chunkLimit();
    const { readyOctets, hasEnded } = this.#reader;
    const octets = hasEnded ? Math.min(limit, readyOctets) : limit;
    if (octets > UNINTERRUPTED_OCTETS || readyOctets < octets) return undefined;
    if (hasEnded && octets === readyOctets) this.#totalOctets ??= start + octets - 1;
    return start + octets - 1;
  }

  #flagOf(chunk: Chunk): ContinuationFlag {
    if (this.#isAborted) return '#';
    const end = chunk.start + chunk.octets - 1;
    if (this.#totalOctets !== undefined) return end >= this.#totalOctets ? '$' : '+';
    return this.#reader.isDone ? '$' : '+';
  }

  /** After `chunk`: the next missing range, when that of this chunk is done. */
  #moveOn(chunk: Chunk): void {
    const [range, next] = this.#ranges;
    if (range?.end === undefined || chunk.start + chunk.octets <= range.end) return;
    this.#ranges.shift();
    if (next === undefined) {
      this.#finishWriting();
      return;
    }
    this.#reader.cancel();
    this.#readerStart = next.start;
    this.#reader = new ContentReader(this.options.source, next.start - 1);
  }

  #finishWriting(): void {
    if (this.#isWritten) return;
    this.#isWritten = true;
    this.#totalOctets ??= this.#nextOctet() - 1;
    this.#reader.cancel();
    this.#checkEnd();
  }

  #askerOf(chunk: Chunk) {
    return {
      answered: ({ status, comment }: Head) => {
        if (!isSuccess(status)) this.fail(refusal(status, comment, 'answered'));
        else if (this.options.failureReport === 'yes') this.#accept(chunk);
      },
      missed: () => this.fail(new MsrpError('MSRP_TIMEOUT', 'no answer to the message came in time', { status: 408 })),
    };
  }

  #accept({ start, octets }: Chunk): void {
    this.#openChunks -= 1;
    this.#acceptedRanges.add(start, start + octets - 1);
    this.emit('progress', this.progress);
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (!this.#isWritten || this.#isSettled) return;
    const total = this.#totalOctets ?? 0;
    const isReported = this.#reportedRanges.covers(1, total) && (total > 0 || this.#isReported);
    if (this.#openChunks === 0) this.#accepted.resolve();
    if (isReported) this.#delivered.resolve();
    if (this.#openChunks > 0 || (this.options.successReport && !isReported)) return;
    this.#isSettled = true;
    this.options.settled(this);
  }
}

/** A 408 is what silence is (RFC 4975 §10.4). */
function refusal(status: number, comment: string, how: 'answered' | 'reported'): MsrpError {
  const code = status === 408 ? 'MSRP_TIMEOUT' : 'MSRP_REFUSED';
  return new MsrpError(code, `the message was ${how} ${status}${comment === '' ? '' : ` ${comment}`}`, { status });
}
