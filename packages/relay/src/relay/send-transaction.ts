/** One chunk that this relay sent on and that is not settled yet: what it takes to tell its sender of a failure. */
import { type FailureReport, type Head, isSuccess } from 'msrp/wire';
import { type Histogram, TICKS_PER_MS } from '../transport/histogram.ts';
import type { Sender } from '../transport/outgoing-chunk.ts';
import type { Turn } from '../transport/turn.ts';
import type { Reason } from './counted.ts';
import type { Failures } from './failures.ts';
import type { Flow } from './flow.ts';
import { RESPONSE_TIMEOUT_MS } from './options.ts';
import type { Observer, Step } from './ports.ts';
import type { SentRange } from './reports.ts';
import { rangeText } from './steps.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { type Loss, Transaction } from './transactions.ts';

/** What all chunks of a relay share. */
export interface SendContext {
  readonly failures: Failures;
  readonly observer: Observer;
  readonly wheel: TimerWheel;
  /** How long a chunk with Failure-Report partial is remembered. */
  readonly partialMs: number;
  readonly turn: Turn;
  /** How long next hops took to answer. */
  readonly responseTimes: Histogram;
}

/** The ingress chunk that an egress chunk is a piece of, kept where it was not answered when the piece left. */
export interface UnansweredChunk {
  readonly answer: 'due' | 'accepted' | 'refused';
  /** A piece of it left the queue. */
  left(): void;
  /** The worker that a piece of it was carried to has taken that over. */
  admitted(): void;
  /** A piece of it failed: it gets this as its one answer, and the rest of it is not sent. */
  fail(status: number, comment: string, reason: Reason): void;
}

/** The chunk of another worker that an egress chunk is a piece of: that one waits until it hears that all pieces are settled. */
export interface AwaitedElsewhere {
  begin(): void;
  end(): void;
}

const NO_RESPONSE: Loss = { status: 408, comment: 'No response from next hop', trigger: 'timeout' };

/** An egress chunk with Failure-Report yes or partial; a chunk with no leaves nothing behind. */
export class SendTransaction extends Transaction implements Sender, SentRange {
  readonly flow: Flow;
  readonly messageId: string;
  readonly start: number;
  readonly octets: number;
  readonly total: number | undefined;
  readonly #failureReport: FailureReport;
  readonly #context: SendContext;
  #chunk: UnansweredChunk | undefined;
  #awaitedBy: AwaitedElsewhere | undefined;
  /** For how long its hop had not been read when it was written, in whole ms; before that, QUEUED or TAKEN; then TAKEN_OVER. */
  #blockedMs = QUEUED;
  /** When it left the queue, then when it was written, in ticks of the turn. */
  #leftAtTicks = 0;

  constructor(
    context: SendContext,
    range: SentRange,
    failureReport: FailureReport,
    chunk: UnansweredChunk | undefined,
    awaitedBy: AwaitedElsewhere | undefined,
  ) {
    super();
    this.#context = context;
    this.flow = range.flow;
    this.messageId = range.messageId;
    this.start = range.start;
    this.octets = range.octets;
    this.total = range.total;
    this.#failureReport = failureReport;
    this.#chunk = chunk;
    this.#awaitedBy = awaitedBy;
    awaitedBy?.begin();
  }

  /** Whether its last octet was handed to the operating system. */
  get isWritten(): boolean {
    return this.#blockedMs >= 0;
  }

  /** By the worker at the other end of the stream that it was written to: with a 200, or where none is due as soon as it is written. */
  override get isTakenOver(): boolean {
    if (this.#blockedMs === TAKEN_OVER) return true;
    return this.#failureReport === 'partial' && this.isWritten && this.flow.egress.isStream;
  }

  /** A worker that takes it over may still die: what it has done with it is heard from itself. */
  override isSettledBy(status: number): boolean {
    return !(this.flow.egress.isStream && isSuccess(status));
  }

  taken(): void {
    if (this.slot < 0 || this.#blockedMs === TAKEN_OVER) return;
    this.#blockedMs = TAKEN;
    this.#leftAtTicks = this.#context.turn.ticks;
    this.#chunk?.left();
    if (this.#failureReport === 'yes') this.flow.pace.took(this.#windowOctets());
  }

  written(): void {
    if (this.slot < 0 || this.#blockedMs === TAKEN_OVER) return;
    // A fraction would cost every open chunk a number object of its own.
    this.#blockedMs = Math.trunc(this.flow.egress.blockedMs);
    const { wheel, partialMs, turn } = this.#context;
    this.#leftAtTicks = turn.ticks;
    if (this.#failureReport === 'yes') return wheel.set(this, RESPONSE_TIMEOUT_MS);
    if (!this.flow.egress.isStream) wheel.set(this, partialMs);
    this.over();
  }

  override get method(): 'SEND' {
    return 'SEND';
  }

  override get answeredAt(): string {
    return this.flow.answeredAt;
  }

  override answer(head: Head): void {
    if (this.#blockedMs > QUEUED) this.#noteTime((this.#context.turn.ticks - this.#leftAtTicks) | 0);
    this.#settle();
    this.#context.observer.follow?.(this.#answered(head));
    if (isSuccess(head.status)) return this.#accepted();
    const loss: Loss = { status: head.status, comment: head.comment, trigger: 'response' };
    this.#context.failures.chunkFailed(this, loss);
    if (head.status === 413) this.#context.failures.messageStopped(this.flow.pace, this.messageId, loss);
  }

  #accepted(): void {
    this.#admitted();
    if (this.slot < 0) return this.over();
    this.#blockedMs = TAKEN_OVER;
    // What was answered has no use for it, and it holds the head that it came with.
    if (this.#chunk?.answer !== 'due') this.#chunk = undefined;
  }

  #noteTime(ticks: number): void {
    this.#context.responseTimes.add(ticks);
    if (this.#failureReport !== 'yes') return;
    // Time in which its answer could not be read is not the next hop's.
    const unreadMs = this.isWritten ? this.flow.egress.blockedMs - this.#blockedMs : 0;
    this.flow.pace.answered(this.#windowOctets(), this.#leftAtTicks, ticks - unreadMs * TICKS_PER_MS);
  }

  /** What it takes of the window: head and all. */
  #windowOctets(): number {
    return this.octets + this.flow.headOctets;
  }

  #admitted(): void {
    if (this.flow.verdict === undefined) return;
    this.flow.admitted();
    this.#chunk?.admitted();
  }

  #answered({ transactionId, status }: Head): Step {
    const { messageId, start, octets, total, flow } = this;
    return {
      ...{ step: 'answered', sessionUris: flow.sessionUris, method: 'SEND', connection: flow.egress.number },
      ...{ transactionId, messageId, range: rangeText(start, start + octets - 1, total), status },
    };
  }

  override expire(): void {
    const blockedMs = Math.trunc(this.flow.egress.blockedMs) - this.#blockedMs;
    if (this.#failureReport === 'yes' && blockedMs > 0) {
      // The response may be waiting where this relay did not read.
      this.#blockedMs += blockedMs;
      this.#context.wheel.set(this, Math.min(blockedMs, RESPONSE_TIMEOUT_MS));
      return;
    }
    this.flow.egress.transactions.close(this);
    this.#settle();
    if (this.#failureReport === 'yes') this.#context.failures.chunkFailed(this, NO_RESPONSE);
  }

  /** Its connection ended, and it is closed. Whether somebody has to be told. */
  lose(): boolean {
    this.#settle();
    // No acknowledgement was due for a chunk with partial that went out whole; to another worker it has not gone out.
    return this.#failureReport === 'yes' || !this.isWritten || this.flow.egress.isStream;
  }

  /** Nothing is to be told of it any more, or all that is has been: only now a worker that waits for it may forget it. */
  over(): void {
    const awaitedBy = this.#awaitedBy;
    this.#awaitedBy = undefined;
    awaitedBy?.end();
  }

  /**
   * Whether the one answer of the ingress chunk says it: its sender is told now if that was still due,
   * and no more if it was an error already. False when it was 200.
   */
  answersFor(loss: Loss): boolean {
    const chunk = this.#chunk;
    if (chunk === undefined || chunk.answer === 'accepted') return false;
    chunk.fail(loss.status, loss.comment, loss.trigger);
    return true;
  }

  /** It is no longer open: its octets, head and all, make room in the window of its way. */
  #settle(): void {
    this.#context.wheel.clear(this);
    if (this.#failureReport !== 'yes' || this.#blockedMs <= QUEUED) return;
    this.flow.pace.settled(this.#windowOctets());
  }
}

const QUEUED = -2;
const TAKEN = -1;
const TAKEN_OVER = -3;
