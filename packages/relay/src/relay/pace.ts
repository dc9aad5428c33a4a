/** Keeps the senders of one session and direction in step with their receiver (RFC 4976 §1; RFC 4975 §10.5). */
import type { Lane, LaneOwner } from '../transport/write-queue.ts';
import { AnswerWindow } from './answer-window.ts';
import { type HeldAnswer, HeldAnswers } from './held-answers.ts';
import type { Hop } from './hop.ts';
import type { Session } from './sessions.ts';

/** Bounds of every pace, in octets. */
export interface PaceLimits {
  /** Most octets with Failure-Report yes that the next hop may owe a response for. */
  readonly windowOctets: number;
  /** Most memory that what waits may hold. */
  readonly sessionOctets: number;
}

/** How many messages are remembered to have been stopped. */
const MAX_STOPPED = 64;

/**
 * At so many times what a session may queue its sender does not mind missing answers. A relay does, and after the first of these
 * it may have a window of octets on the way here: that has to fit in, with room to spare.
 */
const FLOODED = 3;

/**
 * What one session sends to one next hop: its lane in the queue, and the means to slow its senders down. An ingress
 * on which nobody else depends is not read while the lane is long; another one is read on, and what comes of it
 * for this lane waits, then gets its 200s only as fast as the lane moves, and is refused when it stands still.
 */
export class Pace implements LaneOwner {
  readonly egress: Hop;
  readonly lane: Lane;
  /** The session whose inside hop this leads to; undefined on the way to somebody outside. */
  readonly inward: Session | undefined;
  readonly heldAnswers = new HeldAnswers();
  readonly #sessions: readonly Session[];
  readonly #carried: object | undefined;
  readonly #limits: PaceLimits;
  readonly #window: AnswerWindow;
  readonly #ingresses = new Set<Hop>();
  readonly #stopped = new Map<string, number>();
  #isGivenUp = false;
  #isRetired = false;
  /** How many chunks have left; how many had at the last look, and when that was; when the number was last seen to be another. */
  #leftCount = 0;
  #seenCount = 0;
  #lookedAtMs = 0;
  #movedAtMs = 0;

  /**
   * @param sessions - all own sessions on the way: what waits ends with the first of them. None when the session is another
   * worker's; then `carried` stands for it.
   */
  constructor(egress: Hop, sessions: readonly Session[], limits: PaceLimits, inward?: Session, carried?: object) {
    this.egress = egress;
    this.inward = inward;
    this.#sessions = sessions;
    this.#carried = carried;
    this.#limits = limits;
    this.#window = new AnswerWindow(limits.windowOctets);
    this.lane = egress.connection.lane(this);
    egress.pacesOut.add(this);
    for (const session of sessions) session.paces.add(this);
  }

  /** Whether it is the one by way of `sessions`, in this order, to `egress`, which is the inside hop of `inward`. */
  leads(sessions: readonly Session[], egress: Hop, inward?: Session): boolean {
    const own = this.#sessions;
    if (egress !== this.egress || inward !== this.inward || sessions.length !== own.length) return false;
    return own.every((one, at) => one === sessions[at]);
  }

  /** `ingress` sends this way from now on. */
  join(ingress: Hop): void {
    this.#ingresses.add(ingress);
    ingress.pacesIn.add(this);
  }

  /** `ingress` sends nothing more this way. */
  leave(ingress: Hop): void {
    this.#ingresses.delete(ingress);
    ingress.pacesIn.delete(this);
    ingress.unblock(this);
    for (const session of this.#sessions) session.forget(ingress);
  }

  /** Nothing new comes this way; what waits goes on, and so may chunks that are still being received. */
  retire(): void {
    this.#isRetired = true;
    this.egress.pacesOut.delete(this);
    for (const session of this.#sessions) session.paces.delete(this);
    this.#release();
    for (const ingress of [...this.#ingresses]) this.leave(ingress);
  }

  /** Whether nothing is under way here, and nothing is remembered that matters. */
  get isIdle(): boolean {
    return this.lane.chunks.length === 0 && this.#window.isUnused && !this.#isGivenUp;
  }

  /** Whether SENDs are refused: it was stuck for too long, or can slow nobody any more, and its lane is not low yet. */
  get isRefusing(): boolean {
    return this.#isGivenUp || (this.#isRetired && this.lane.isOverHigh);
  }

  /** Whether as much waits as may. */
  get isFull(): boolean {
    return this.lane.heldOctets > this.#limits.sessionOctets;
  }

  /** How much more waits than may, in octets on the wire: that is what answers stand for, memory is what is bounded. */
  get #excessOctets(): number {
    const { octets, heldOctets } = this.lane;
    return this.isFull ? octets * (1 - this.#limits.sessionOctets / heldOctets) : 0;
  }

  /** Whether a sender that nobody else depends on is not to be read any more. */
  get isOverfull(): boolean {
    return this.lane.heldOctets > 2 * this.#limits.sessionOctets;
  }

  /** Whether even answers held back have not slowed the senders. By octets on the wire: senders do not know what those hold here. */
  get isFlooded(): boolean {
    return this.lane.octets > FLOODED * this.#limits.sessionOctets;
  }

  /**
   * The lane is over its high-water mark: `ingress` is not read until it is low, unless others would suffer. When
   * memory is short (`isUrgent`) they do. One whose chunks are refused is read on, and so is one that has left: nobody
   * would ever read it again.
   */
  slowDown(ingress: Hop, isUrgent: boolean): void {
    if (this.isRefusing || !this.#ingresses.has(ingress)) return;
    if (isUrgent || !ingress.isNeededBeside(this)) ingress.block(this, 'receiver');
  }

  /** Whether both carry requests of one session. */
  sharesSessionWith(other: Pace): boolean {
    if (this.#carried !== undefined) return this.#carried === other.#carried;
    return this.#sessions.some((session) => other.#sessions.includes(session));
  }

  /** For how long no chunk has left: by one look too long at most, since what left after a look is taken to have left right then. */
  standsForMs(nowMs: number): number {
    if (this.#seenCount !== this.#leftCount) this.#movedAtMs = this.#lookedAtMs;
    this.#seenCount = this.#leftCount;
    this.#lookedAtMs = nowMs;
    return nowMs - this.#movedAtMs;
  }

  /** It was held up for too long. From now on its SENDs are refused; returns the answers that were held back. */
  refuse(): readonly HeldAnswer[] {
    this.#isGivenUp = true;
    // Whatever the marks are: once the lane is low it is to be told.
    this.lane.isOverHigh = true;
    for (const ingress of this.#ingresses) ingress.unblock(this);
    return this.heldAnswers.takeAll();
  }

  laneIsLow(): void {
    this.#isGivenUp = false;
    this.#release();
  }

  chunkLeft(): boolean {
    this.#leftCount += 1;
    if (this.heldAnswers.sinceMs !== undefined) this.heldAnswers.keepFor(this.#excessOctets);
    return this.#mayGoOn();
  }

  #mayGoOn(): boolean {
    // The answers of a next hop that is not read cannot come. It may be waiting for what waits here, as two clients do
    // that send each other files; TCP holds it up if it is slow.
    return this.#window.isOpen || this.egress.isBlocked;
  }

  /** `octets` that the next hop has to answer left the queue. */
  took(octets: number): void {
    this.#window.took(octets);
  }

  /** It answered `octets` of those, `ticks` after they had left at `leftAtTicks`. */
  answered(octets: number, leftAtTicks: number, ticks: number): void {
    this.#window.answered(octets, leftAtTicks, ticks);
  }

  /** `octets` of those are settled. */
  settled(octets: number): void {
    this.#window.settled(octets);
    this.goOn();
  }

  /** Something has changed that held the lane: it goes on if it may. */
  goOn(): void {
    if (this.lane.isHeld && this.#mayGoOn()) this.egress.connection.wake(this.lane);
  }

  /** No more of this message may pass: it is answered with `status` (RFC 4975 §10.5). */
  stop(messageId: string, status: number): void {
    this.#stopped.set(messageId, status);
    if (this.#stopped.size <= MAX_STOPPED) return;
    for (const oldest of this.#stopped.keys()) {
      this.#stopped.delete(oldest);
      break;
    }
  }

  /** The status with which `messageId` was stopped; undefined when it was not. */
  stoppedWith(messageId: string): number | undefined {
    return this.#stopped.size === 0 ? undefined : this.#stopped.get(messageId);
  }

  #release(): void {
    for (const ingress of this.#ingresses) ingress.unblock(this);
    this.heldAnswers.giveAll();
  }
}
