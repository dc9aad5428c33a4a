/** How much a next hop may owe answers for: as much as it answers soon (RFC 4976 §1). */
import { TICKS_PER_MS } from '../transport/histogram.ts';

/** Where every window begins, or at a part of its limit if that is more: nobody knows yet how quick the far end is. */
const FIRST_OCTETS = 131_072;
const FIRST_PART = 1 / 8;

/** Where it stops to narrow: one chunk of the usual size at a time. */
const LEAST_OCTETS = 65_536;

/** Answers that come sooner than this may widen it; those that take longer than that narrow it. */
const SOON_TICKS = 1000 * TICKS_PER_MS;
const LATE_TICKS = 4000 * TICKS_PER_MS;

/**
 * The octets with Failure-Report yes of one session that its next hop may have to answer at a time. What has been handed to the
 * system, or waits behind the next relay, has 30 s to be answered (RFC 4976 §6.4.1): so a receiver of 20,000 octets a second must not
 * be sent a megabyte ahead, while one that answers at once is to have as much under way as its distance takes.
 */
export class AnswerWindow {
  readonly #limitOctets: number;
  #octets: number;
  #unanswered = 0;
  #narrowedAtTicks: number | undefined;

  /** @param limitOctets - it is never wider than this. */
  constructor(limitOctets: number) {
    this.#limitOctets = limitOctets;
    this.#octets = Math.min(limitOctets, Math.max(FIRST_OCTETS, limitOctets * FIRST_PART));
  }

  /** Whether another chunk may leave. */
  get isOpen(): boolean {
    return this.#unanswered < this.#octets;
  }

  /** Whether nobody waits for any answer. */
  get isUnused(): boolean {
    return this.#unanswered === 0;
  }

  /** `octets` that have to be answered left. */
  took(octets: number): void {
    this.#unanswered += octets;
  }

  /** Nobody waits for the answer to `octets` of those any more. */
  settled(octets: number): void {
    this.#unanswered -= octets;
  }

  /** The answer to `octets` that left at `leftAtTicks`, not settled yet, took `ticks`. */
  answered(octets: number, leftAtTicks: number, ticks: number): void {
    if (ticks > LATE_TICKS) {
      // What was under way before is late for the reason that it is known for.
      if (((leftAtTicks - (this.#narrowedAtTicks ?? leftAtTicks)) | 0) < 0) return;
      this.#narrowedAtTicks = (leftAtTicks + ticks) | 0;
      this.#octets = Math.min(this.#limitOctets, Math.max(LEAST_OCTETS, this.#octets / 2));
    } else if (ticks < SOON_TICKS && this.#unanswered > this.#octets / 2) {
      this.#octets = Math.min(this.#limitOctets, this.#octets + octets);
    }
  }
}
