/** One SEND chunk on its way through: taken in pieces, sent on as chunks (RFC 4975 §5.1, RFC 4976 §6.4.1). */
import type { Clock, Timer } from 'msrp/base';
import {
  type ByteRange,
  type ContinuationFlag,
  commentOf,
  formatByteRange,
  formatEndLine,
  type Head,
  makeIdent,
} from 'msrp/wire';
import type { Memory } from '../transport/memory.ts';
import { OutgoingChunk } from '../transport/outgoing-chunk.ts';
import { type Body, NO_BODY, Piece } from '../transport/piece.ts';
import type { Stores } from '../transport/stores.ts';
import type { Reason } from './counted.ts';
import type { Counters } from './counters.ts';
import type { Flow } from './flow.ts';
import { Handover } from './handover.ts';
import type { HeldAnswer } from './held-answers.ts';
import type { Hop, Incoming } from './hop.ts';
import { INTERRUPTIBLE_OCTETS, type RelayOptions } from './options.ts';
import type { Step } from './ports.ts';
import type { Refusals } from './refusals.ts';
import { type SendContext, SendTransaction, type UnansweredChunk } from './send-transaction.ts';
import { rangeText, stepOfRequest } from './steps.ts';
import type { TransactionBudget } from './transactions.ts';

/** What all chunks in transit share. */
export interface ForwardContext extends SendContext {
  readonly clock: Clock;
  readonly options: RelayOptions;
  readonly counters: Counters;
  readonly budget: TransactionBudget;
  readonly memory: Memory;
  readonly stores: Stores;
  readonly refusals: Refusals;
}

/**
 * An admitted ingress chunk while it is being received. It gathers body octets until it holds a piece of the
 * largest size and knows that another octet follows, until the chunk ends, or until a piece has lingered long enough;
 * then the piece leaves as a complete chunk with an id and a Byte-Range of its own. So the next hop
 * is always at a chunk boundary, whatever the sender does in the middle of its chunk.
 */
export class ChunkInTransit implements Incoming, UnansweredChunk, HeldAnswer {
  /** What its sender was told: nothing yet, that it was taken over (if only by silence), or an error. */
  answer: 'due' | 'accepted' | 'refused' = 'due';
  readonly #context: ForwardContext;
  readonly #flow: Flow;
  readonly #head: Head;
  /** Numbers of its first octet, and of the first that has not left. */
  readonly #firstOctet: number;
  #start: number;
  #total: number | undefined;
  readonly #piece: Piece;
  /** How many pieces were sent on, and how many of those have left the queue. */
  #pieces = 0;
  #leftPieces = 0;
  /** Its end-line came; nothing more of it is to be sent on, or was to be. */
  #isWhole = false;
  #isOver = false;
  /** It is whole, and another worker has to take it over before it is answered. */
  #isUnderJudgement = false;
  #linger: Timer | undefined;
  /** Where another worker has handed it over. */
  readonly #handover: Handover | undefined;
  /** Octets of what waits for its piece to be complete that are counted in the relay's memory. */
  #countedOctets = 0;

  constructor(context: ForwardContext, flow: Flow, head: Head) {
    this.#context = context;
    this.#flow = flow;
    this.#piece = new Piece(context.stores);
    this.#head = head;
    this.#firstOctet = head.byteRange?.start ?? 1;
    this.#start = this.#firstOctet;
    this.#total = head.byteRange?.total;
    const { ingress } = flow;
    if (ingress.isStream && head.failureReport !== 'no') this.#handover = new Handover(ingress, head.transactionId);
  }

  body(_hop: Hop, octets: Uint8Array): void {
    if (this.#isOver) return;
    const last = this.#start + this.#piece.octets + octets.length - 1;
    const { messageOctets } = this.#context.options.limits;
    let view = octets;
    if (last > (this.#total ?? Number.MAX_SAFE_INTEGER)) return this.fail(400, 'More octets than the total', 'octets');
    if (messageOctets > 0 && last > messageOctets) return this.#stop(view);
    const { maxOctets } = this.#flow.egress.connection.chunk;
    while (this.#piece.octets + view.length > maxOctets && !this.#isOver) {
      const taken = maxOctets - this.#piece.octets;
      if (taken > 0) this.#piece.take(view.subarray(0, taken));
      this.#emit(this.#piece.octets, '+', this);
      view = view.subarray(taken);
    }
    if (view.length > 0 && !this.#isOver) this.#piece.take(view);
  }

  end(_hop: Hop, flag: ContinuationFlag): void {
    this.#linger?.cancel();
    if (this.#isOver) return;
    const { pace } = this.#flow;
    this.#isWhole = true;
    this.#context.observer.follow?.(stepOfRequest('ended', this.#flow, this.#head, flag));
    this.#isUnderJudgement = this.#flow.verdict === 'due' && this.#head.failureReport === 'yes';
    const isHeld = this.#isUnderJudgement || (pace.isFull && this.#head.failureReport === 'yes');
    // Without a hold the ingress chunk is answered in the turn in which its last piece is sent on.
    const unanswered = isHeld ? this : undefined;
    if (this.#head.hasBody) this.#emit(this.#piece.octets, flag, unanswered);
    else this.#emitBodiless(flag, unanswered);
    if (this.#isOver) return;
    this.#isOver = true;
    const octets = this.#start - this.#firstOctet + this.#flow.headOctets;
    if (!isHeld) this.accept();
    else if (!this.#isUnderJudgement) pace.heldAnswers.hold(this, octets, this.#context.clock.nowMs());
    // A client's own connection waits for its own session; one that brings others' sessions must not.
    if (pace.isFlooded && !this.#flow.isFromClient && this.#flow.ingress.isNeededBeside(pace)) {
      this.#context.failures.paceGivenUp(pace);
    }
  }

  /** The chunk was taken over: 200 where one is due, nothing else (RFC 4976 §6.4.1). */
  accept(): void {
    if (this.answer !== 'due') return;
    this.answer = 'accepted';
    if (this.#head.failureReport === 'yes') this.#respond();
    this.#handover?.end();
  }

  #respond(): void {
    const id = this.#head.transactionId;
    const response = `MSRP ${id} 200 OK\r\n${this.#flow.responseLines}${formatEndLine(id, '$')}`;
    this.#flow.ingress.connection.writeUrgent(response);
    if (!this.#flow.ingress.isStream) this.#context.counters.okOut += 1;
    this.#context.observer.follow?.({ ...stepOfRequest('responded', this.#flow, this.#head), status: 200 });
  }

  admitted(): void {
    if (this.#isUnderJudgement) this.accept();
  }

  left(): void {
    this.#leftPieces += 1;
  }

  get messageId(): string {
    return this.#head.messageId;
  }

  /** Whether it is still coming although as much of it has come as a session may queue. */
  get #isLong(): boolean {
    return !this.#isWhole && this.#start - this.#firstOctet > this.#context.options.flow.sessionOctets;
  }

  pause(hop: Hop): void {
    if (this.#isOver) return;
    this.#piece.settle();
    this.#count(this.#piece.octets);
    if (this.#context.memory.isSpent) return this.#refuseMessage('Relay too busy', 'relay busy');
    if (this.#piece.octets <= INTERRUPTIBLE_OCTETS) return;
    if (hop.connection.paused === 'rate') {
      // Nothing more comes for a while, as this side does not read: a timer would only find the same octets.
      this.#linger?.cancel();
      return this.#flush();
    }
    if (this.#linger !== undefined) return;
    this.#linger = this.#context.clock.after(this.#flow.egress.connection.chunk.lingerMs, () => this.#flush());
  }

  /** The sender's connection ended in mid-chunk: what came of it is sent on, as a chunk that more could follow unless told otherwise. */
  lost(): void {
    this.#linger?.cancel();
    const { cutOffFlag } = this.#context.options;
    if (!this.#isOver && this.#piece.octets > 0) this.#emit(this.#piece.octets, cutOffFlag, undefined);
    else if (!this.#isOver && cutOffFlag === '#' && this.#start > 1) this.#writeAbort(NO_BODY);
    this.#count(0);
    this.#isOver = true;
    if (this.answer === 'due') this.answer = 'accepted';
  }

  /** The one answer of this chunk is an error; what is still to come of it is read and thrown away. */
  fail(status: number, comment: string, reason: Reason): void {
    if (this.answer !== 'due') return;
    this.answer = 'refused';
    this.#giveUp();
    this.#context.refusals.refuseFor(reason, this.#flow.ingress, this.#head, status, comment);
  }

  /** The message is too large: it ends here, and so do its other chunks (RFC 4975 §10.5). */
  #stop(octets: Uint8Array): void {
    this.#piece.take(octets.subarray(0, 1));
    // Earlier chunks of it may have gone out.
    if (this.#start > 1) this.#pieces += 1;
    this.#refuseMessage(commentOf(413), 'message size');
  }

  #refuseMessage(comment: string, reason: Reason): void {
    this.#flow.pace.stop(this.messageId, 413);
    this.fail(413, comment, reason);
  }

  #count(octets: number): void {
    this.#context.memory.heldOctets += octets - this.#countedOctets;
    this.#countedOctets = octets;
  }

  /** A piece has waited for more long enough. The last octet stays, so that no empty chunk trails. */
  #flush(): void {
    this.#linger = undefined;
    if (!this.#isOver && this.#piece.octets > INTERRUPTIBLE_OCTETS) this.#emit(this.#piece.octets - 1, '+', this);
  }

  /** Nothing more of this chunk leaves; where something did, the next hop learns that nothing more will come. */
  #giveUp(): void {
    this.#linger?.cancel();
    // Of a whole chunk that waited for its answer, what still waited is dropped; nothing may have left before.
    const isCutOff = this.#isOver ? this.#leftPieces > 0 && this.#leftPieces < this.#pieces : this.#pieces > 0;
    this.#isOver = true;
    this.#count(0);
    const body = this.#piece.give(this.#piece.octets);
    if (isCutOff) this.#writeAbort(body);
  }

  /** Tells the next hop that nothing more of the message will come. Nobody waits for an answer to that. */
  #writeAbort(body: Body): void {
    if (!this.#flow.egress.isUsable) return;
    const id = makeIdent();
    const head = this.#headOf(id, body.octets, this.#total);
    this.#write(new OutgoingChunk(head, body, `\r\n${formatEndLine(id, '#')}`, undefined));
  }

  /** Sends on the first `octets` of what waits. `unanswered` is this chunk, unless it is about to be answered. */
  #emit(octets: number, flag: ContinuationFlag, unanswered: UnansweredChunk | undefined): void {
    const total = flag === '$' ? this.#start + octets - 1 : this.#total;
    const transaction = this.#open(octets, total, unanswered);
    if (this.#isOver) return;
    const id = transaction?.id ?? makeIdent();
    const head = this.#headOf(id, octets, total);
    const body = this.#piece.give(octets);
    this.#write(new OutgoingChunk(head, body, `\r\n${formatEndLine(id, flag)}`, transaction));
    this.#context.observer.follow?.(this.#forwarded(id, octets, total, flag));
    this.#start += octets;
    this.#count(0);
    this.#pieces += 1;
  }

  #emitBodiless(flag: ContinuationFlag, unanswered: UnansweredChunk | undefined): void {
    const transaction = this.#open(0, this.#total, unanswered);
    if (this.#isOver) return;
    const id = transaction?.id ?? makeIdent();
    const head = `MSRP ${id} SEND\r\n${this.#flow.pathLines}${this.#head.lines}`;
    this.#write(new OutgoingChunk(head, NO_BODY, formatEndLine(id, flag), transaction));
    this.#context.observer.follow?.(this.#forwarded(id, 0, this.#total, flag));
  }

  #forwarded(transactionId: string, octets: number, total: number | undefined, flag: ContinuationFlag): Step {
    const range = rangeText(this.#start, this.#start + octets - 1, total);
    const connection = this.#flow.egress.number;
    return { ...stepOfRequest('forwarded', this.#flow, this.#head, flag), connection, transactionId, range };
  }

  /** A range-end is written where it is known and the chunk is not to be interrupted (RFC 4975 §7.1.1). */
  #headOf(id: string, octets: number, total: number | undefined): string {
    const end = octets > INTERRUPTIBLE_OCTETS ? undefined : this.#start + octets - 1;
    const lines = linesWith({ start: this.#start, end, total }, this.#head);
    return `MSRP ${id} SEND\r\n${this.#flow.pathLines}${lines}\r\n`;
  }

  /** Keeps what a REPORT on this piece would need; refuses the ingress chunk when the piece cannot leave. */
  #open(
    octets: number,
    total: number | undefined,
    unanswered: UnansweredChunk | undefined,
  ): SendTransaction | undefined {
    this.#check();
    const { failureReport } = this.#head;
    if (this.#isOver || failureReport === 'no') return undefined;
    const range = { flow: this.#flow, messageId: this.messageId, start: this.#start, octets, total };
    const transaction = new SendTransaction(this.#context, range, failureReport, unanswered, this.#handover);
    this.#flow.egress.transactions.open(transaction);
    return transaction;
  }

  /** Whether a piece may leave now; if not, the chunk is refused. */
  #check(): void {
    const { egress, pace, leadsToClient } = this.#flow;
    const { failureReport } = this.#head;
    const stopped = pace.stoppedWith(this.messageId);
    if (stopped !== undefined) return this.fail(stopped, commentOf(stopped), 'stopped');
    if (!egress.isUsable) return this.fail(leadsToClient ? 481 : 408, 'Next hop is gone', 'gone');
    if (pace.isRefusing) return this.#refuseMessage('Receiver too slow', 'slow');
    if (this.#context.memory.isSpent) return this.#refuseMessage('Relay too busy', 'relay busy');
    if (failureReport !== 'no' && this.#context.budget.isSpent) this.fail(413, 'Too many transactions', 'transactions');
  }

  #write(chunk: OutgoingChunk): void {
    const { egress, ingress, pace } = this.#flow;
    if (!egress.isStream) this.#context.counters.sendsOut += 1;
    this.#flow.count(chunk.octets);
    if (!egress.connection.writeChunk(pace.lane, chunk)) return;
    // A 200 held back slows a sender, soon or at the end of its chunk. One whose chunk goes on and on, or that waits for no 200, is not read.
    const isDeaf = pace.isFull && (this.#isLong || this.#head.failureReport !== 'yes');
    const isAlone = pace.isOverfull && this.#flow.isFromClient;
    pace.slowDown(ingress, isDeaf || isAlone || this.#context.memory.isNear);
  }
}

/** Header lines that say `range`: as they came, if that is what they said. */
function linesWith(range: ByteRange, { byteRange: came, lines, rangeStart, rangeEnd }: Head): string {
  if (came?.start === range.start && came.end === range.end && came.total === range.total) return lines;
  return `${lines.slice(0, rangeStart)}Byte-Range: ${formatByteRange(range)}\r\n${lines.slice(rangeEnd)}`;
}
