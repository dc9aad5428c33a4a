/** The messages that come in on a session: which are taken, which refused, which were there before (RFC 4975 §7.3.1, §14.5). */
import type { Clock, Timer } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import { acceptsType } from '../sdp/media-types.ts';
import type { ContinuationFlag, Head } from '../wire/head.ts';
import { headerValues } from '../wire/head.ts';
import { type IncomingMessage, Receiving } from './incoming-message.ts';
import { OctetRanges } from './octet-ranges.ts';

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
  report(message: Reported, status: number, comment: string, start: number, end: number): void;
}

/** What a REPORT says of its message. */
export interface Reported {
  readonly messageId: string;
  /** The whole From-Path of the SEND, as received. */
  readonly returnPath: string;
  readonly totalOctets: number | undefined;
}

/** More octets than this waiting to be read, or more messages, stop the connection; less than that lets it go on. */
const HIGH_WATER = { octets: 262_144, messages: 256 } as const;
const LOW_WATER = { octets: 65_536, messages: 64 } as const;

/** Message-IDs of this many finished messages are remembered, to tell when one comes again. */
const MAX_FINISHED = 256;

/** What carries nothing is answered, and not shown (RFC 4975 §7.1). */
const NOTHING: ChunkTaker = { body: () => undefined, end: () => undefined };

/** A message that is incomplete, or has not been read to its end. */
interface Open {
  readonly message: Receiving;
  /** What was taken in chunks that are complete, and so answered. */
  readonly answered: OctetRanges;
  timer: Timer;
  /** Whether nothing but its reading is missing. */
  isComplete: boolean;
}

/** What is kept of a message that is over. */
interface Finished {
  /** What every further chunk of it is answered; undefined when all of it was read. */
  readonly status: number | undefined;
  readonly octets: number;
}

/** What a session knows of incoming messages. It may outlive its session, so that the next one can go on with them. */
export class Receiver {
  readonly #limits: ReceiveLimits;
  readonly #clock: Clock;
  #events: ReceiverEvents;
  readonly #open = new Map<string, Open>();
  readonly #finished = new Map<string, Finished>();
  #waitingOctets = 0;
  /** Messages that are complete and have not been read to their end. */
  #unreadCount = 0;
  #isBehind = false;

  constructor(limits: ReceiveLimits, clock: Clock, events: ReceiverEvents) {
    this.#limits = limits;
    this.#clock = clock;
    this.#events = events;
  }

  /** Whether the application has to catch up before more is read. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Another session goes on with the messages of one that has failed (RFC 4975 §5.4). */
  handTo(events: ReceiverEvents): void {
    this.#events = events;
  }

  /** A SEND begins. */
  begin(head: Head): ChunkVerdict {
    if (!head.hasBody) return NOTHING;
    const { messageId, byteRange } = head;
    if (messageId === '') return 400;
    const finished = this.#finished.get(messageId);
    if (finished !== undefined) return finished.status ?? this.#again(head, finished.octets);
    const start = byteRange?.start ?? 1;
    const total = byteRange?.total;
    const { maxMessageOctets } = this.#limits;
    if (start > maxMessageOctets + 1 || (total ?? 0) > maxMessageOctets) {
      this.#open.get(messageId)?.message.reject(413);
      return 413;
    }
    const open = this.#open.get(messageId) ?? this.#admit(head);
    if (typeof open === 'number') return open;
    open.message.comesBy(head.fromPath);
    if (total !== undefined) open.message.announce(total);
    return this.#taker(open, start);
  }

  /** The session is over and no other will go on with its messages. */
  close(error: MsrpError): void {
    for (const { message } of [...this.#open.values()]) message.fail(error);
  }

  #admit(head: Head): Open | number {
    const [contentType = ''] = headerValues(head, 'content-type');
    if (!acceptsType(this.#limits, contentType)) return 415;
    if (this.#open.size - this.#unreadCount >= this.#limits.maxPartialMessages) return 413;
    const { messageId, lines, fromPath, successReport, failureReport } = head;
    const answered = new OctetRanges();
    const message: Receiving = new Receiving({
      messageId,
      contentType,
      lines,
      fromPath,
      successReport,
      failureReport,
      waiting: (octets) => {
        this.#waitingOctets += octets;
        this.#checkFlow();
      },
      read: (start, end) => {
        this.#touch(messageId);
        if (successReport) this.#events.report(message, 200, 'OK', start, end);
      },
      refused: (status, comment, readOctets) => {
        this.#finish(message, status);
        if (failureReport === 'no') return;
        // The chunk that is coming in just now is answered; what was answered before is reported, if not as read.
        const told = successReport ? readOctets : 0;
        for (const { start, end } of answered.ranges) {
          if (end > told) this.#events.report(message, status, comment, Math.max(start, told + 1), end);
        }
      },
      settled: (isComplete) => this.#onSettled(message, isComplete),
    });
    if (!this.#events.message(message)) return 403;
    // The application may have refused it already.
    const finished = this.#finished.get(messageId);
    if (finished !== undefined) return finished.status ?? 200;
    const open = { message, answered, timer: this.#timerFor(messageId), isComplete: false };
    this.#open.set(messageId, open);
    return open;
  }

  #taker(open: Open, start: number): ChunkTaker {
    const { message } = open;
    let octets = 0;
    const refusal = () => this.#finished.get(message.messageId)?.status;
    return {
      body: (piece) => {
        const at = start + octets;
        octets += piece.length;
        this.#touch(message.messageId);
        const isTooLong = start - 1 + octets > this.#limits.maxMessageOctets;
        if (isTooLong || !message.store(at, piece)) message.reject(413);
        return refusal();
      },
      end: (flag) => {
        if (refusal() !== undefined) return refusal();
        open.answered.add(start, start + octets - 1);
        if (flag === '#') message.fail(new MsrpError('MSRP_ABORTED', 'the sender gave the message up'));
        else if (flag === '$') message.setTotal(start - 1 + octets);
        if (!message.isOver && message.isComplete && !open.isComplete) {
          open.isComplete = true;
          this.#unreadCount += 1;
          this.#checkFlow();
        }
        return undefined;
      },
    };
  }

  /** A message that is there already: read to its end and reported again, but not shown (RFC 4975 §5.4). */
  #again({ messageId, fromPath, successReport }: Head, octets: number): ChunkTaker {
    const message = { messageId, returnPath: fromPath, totalOctets: octets };
    const end = (flag: ContinuationFlag) => {
      if (flag === '$' && successReport) this.#events.report(message, 200, 'OK', 1, octets);
      return undefined;
    };
    return { body: () => undefined, end };
  }

  #onSettled(message: Receiving, isComplete: boolean): void {
    if (!this.#finished.has(message.messageId)) this.#finish(message, isComplete ? undefined : 413);
    const open = this.#open.get(message.messageId);
    open?.timer.cancel();
    this.#open.delete(message.messageId);
    if (open?.isComplete) this.#unreadCount -= 1;
    this.#checkFlow();
  }

  #checkFlow(): void {
    const mark = this.#isBehind ? LOW_WATER : HIGH_WATER;
    const isBehind = this.#waitingOctets > mark.octets || this.#unreadCount > mark.messages;
    if (isBehind === this.#isBehind) return;
    this.#isBehind = isBehind;
    if (isBehind) this.#events.pause();
    else this.#events.resume();
  }

  #finish(message: Receiving, status: number | undefined): void {
    this.#finished.set(message.messageId, { status, octets: message.receivedOctets });
    for (const oldest of this.#finished.keys()) {
      if (this.#finished.size <= MAX_FINISHED) break;
      this.#finished.delete(oldest);
    }
  }

  #touch(messageId: string): void {
    const open = this.#open.get(messageId);
    if (open === undefined) return;
    open.timer.cancel();
    open.timer = this.#timerFor(messageId);
  }

  #timerFor(messageId: string): Timer {
    return this.#clock.after(this.#limits.partialTimeoutMs, () => {
      this.#open
        .get(messageId)
        ?.message.fail(new MsrpError('MSRP_TIMEOUT', 'nothing more of the message came, or was read, in time'));
    });
  }
}
