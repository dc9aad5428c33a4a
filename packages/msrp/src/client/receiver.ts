/** The messages that come in on a session: which are taken, which refused, which were there before (RFC 4975 §7.3.1, §14.5). */
import type { Clock, Timer } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import type { ContinuationFlag, Head } from '../wire/head.ts';
import { headerValues } from '../wire/head.ts';
import { type IncomingMessage, Receiving } from './incoming-message.ts';
import { isAmong } from './media-types.ts';

/** What this side takes, and how much of it at once. */
export interface ReceiveLimits {
  /** Media types, `type/*` or `*`. */
  readonly acceptTypes: readonly string[];
  /** The longest message, in octets. */
  readonly maxMessageOctets: number;
  /** Messages that may be incomplete at the same time. */
  readonly maxPartialMessages: number;
  /** An incomplete message of which nothing comes, or nothing is read, for so long is given up. */
  readonly partialTimeoutMs: number;
}

/** Whether a chunk is taken; a number refuses it with that status. */
export type ChunkVerdict = ChunkTaker | number;

/** Takes the rest of a chunk. */
export interface ChunkTaker {
  /** @returns a status when the chunk is refused from here on. The octets belong to the taker. */
  body(octets: Uint8Array): number | undefined;
  /** @returns a status to refuse it with. */
  end(flag: ContinuationFlag): number | undefined;
}

/** What a receiver asks of whoever it works for. */
export interface ReceiverEvents {
  /** A new message begins. @returns false when nobody is there to take it. */
  message(message: IncomingMessage): boolean;
  pause(): void;
  resume(): void;
  /** A REPORT is due to the sender of a message. `end` is below `start` when it was empty. */
  report(message: Receiving, status: number, comment: string, start: number, end: number): void;
}

/** Message-IDs of this many finished messages are remembered, to tell when one comes again. */
const MAX_FINISHED = 256;

const IGNORED: ChunkTaker = { body: () => undefined, end: () => undefined };

interface Partial {
  readonly message: Receiving;
  timer: Timer;
  /** Where a chunk begins that has not been answered yet. */
  openStart: number | undefined;
}

/** Finished messages whose refusal has to go on while the sender does not know of it. */
interface Finished {
  readonly message: Receiving;
  /** What every further chunk of it is answered; undefined when it is complete. */
  readonly status: number | undefined;
}

/** What a session knows of incoming messages. It may outlive its session, so that the next one can go on with them. */
export class Receiver {
  readonly #limits: ReceiveLimits;
  readonly #clock: Clock;
  #events: ReceiverEvents;
  readonly #partial = new Map<string, Partial>();
  readonly #finished = new Map<string, Finished>();

  constructor(limits: ReceiveLimits, clock: Clock, events: ReceiverEvents) {
    this.#limits = limits;
    this.#clock = clock;
    this.#events = events;
  }

  /** Another session goes on with the messages of one that has failed (RFC 4975 §5.4). */
  handTo(events: ReceiverEvents): void {
    this.#events = events;
  }

  /** A SEND with a body begins. */
  begin(head: Head): ChunkVerdict {
    const { messageId, byteRange } = head;
    if (messageId === '') return 400;
    const finished = this.#finished.get(messageId);
    if (finished !== undefined) return finished.status ?? this.#again(finished.message, head.fromPath);
    const start = byteRange?.start ?? 1;
    const total = byteRange?.total;
    const { maxMessageOctets } = this.#limits;
    if (start > maxMessageOctets + 1 || (total ?? 0) > maxMessageOctets) return 413;
    const partial = this.#partial.get(messageId) ?? this.#open(head);
    if (typeof partial === 'number') return partial;
    partial.message.fromPath = head.fromPath;
    if (total !== undefined) partial.message.announce(total);
    return this.#taker(partial, start);
  }

  /** The session is over and no other will go on with its messages. */
  close(error: MsrpError): void {
    for (const { message } of [...this.#partial.values()]) message.fail(error);
  }

  #open(head: Head): Partial | number {
    const [contentType = ''] = headerValues(head, 'content-type');
    if (!isAmong(this.#limits.acceptTypes, contentType)) return 415;
    if (this.#partial.size >= this.#limits.maxPartialMessages) return 413;
    const { messageId, lines, successReport, failureReport } = head;
    const message: Receiving = new Receiving({
      messageId,
      contentType,
      lines,
      successReport,
      failureReport,
      pause: () => this.#events.pause(),
      resume: () => this.#events.resume(),
      read: (octets) => {
        this.#touch(messageId);
        if (successReport) this.#events.report(message, 200, 'OK', 1, octets);
      },
      refused: (status, comment) => this.#onRefused(message, status, comment),
      settled: (isComplete) => this.#onSettled(message, isComplete),
    });
    message.fromPath = head.fromPath;
    if (!this.#events.message(message)) return 403;
    // The application may have refused it already.
    const finished = this.#finished.get(messageId);
    if (finished !== undefined) return finished.status ?? 200;
    const partial = { message, timer: this.#timerFor(messageId), openStart: undefined };
    this.#partial.set(messageId, partial);
    return partial;
  }

  #taker(partial: Partial, start: number): ChunkTaker {
    const { message } = partial;
    let octets = 0;
    partial.openStart = start;
    const refusal = () => this.#finished.get(message.messageId)?.status;
    return {
      body: (piece) => {
        const at = start + octets;
        octets += piece.length;
        if (start - 1 + octets > this.#limits.maxMessageOctets) message.reject(413);
        if (refusal() !== undefined) return refusal();
        this.#touch(message.messageId);
        return message.store(at, piece) ? undefined : 413;
      },
      end: (flag) => {
        partial.openStart = undefined;
        if (refusal() !== undefined) return refusal();
        if (flag === '#') message.fail(new MsrpError('MSRP_ABORTED', 'the sender gave the message up'));
        else if (flag === '$') message.setTotal(start - 1 + octets);
        return undefined;
      },
    };
  }

  /** A message that is there already: read to its end and reported again, but not shown (RFC 4975 §5.4). */
  #again(message: Receiving, fromPath: string): ChunkTaker {
    const { successReport } = message.context;
    message.fromPath = fromPath;
    const end = (flag: ContinuationFlag) => {
      if (flag === '$' && successReport) this.#events.report(message, 200, 'OK', 1, message.receivedOctets);
      return undefined;
    };
    return { ...IGNORED, end };
  }

  #onRefused(message: Receiving, status: number, comment: string): void {
    this.#finish(message, status);
    // The chunk that is coming in just now is answered; what was answered before is reported.
    const openStart = this.#partial.get(message.messageId)?.openStart ?? Number.POSITIVE_INFINITY;
    const end = Math.min(message.receivedOctets, openStart - 1);
    if (message.context.failureReport !== 'no' && end > 0) this.#events.report(message, status, comment, 1, end);
  }

  #onSettled(message: Receiving, isComplete: boolean): void {
    if (!this.#finished.has(message.messageId)) this.#finish(message, isComplete ? undefined : 413);
    this.#partial.get(message.messageId)?.timer.cancel();
    this.#partial.delete(message.messageId);
  }

  #finish(message: Receiving, status: number | undefined): void {
    this.#finished.set(message.messageId, { message, status });
    for (const oldest of this.#finished.keys()) {
      if (this.#finished.size <= MAX_FINISHED) break;
      this.#finished.delete(oldest);
    }
  }

  #touch(messageId: string): void {
    const partial = this.#partial.get(messageId);
    if (partial === undefined) return;
    partial.timer.cancel();
    partial.timer = this.#timerFor(messageId);
  }

  #timerFor(messageId: string): Timer {
    return this.#clock.after(this.#limits.partialTimeoutMs, () => {
      this.#partial
        .get(messageId)
        ?.message.fail(new MsrpError('MSRP_TIMEOUT', 'nothing more of the message came, or was read, in time'));
    });
  }
}
