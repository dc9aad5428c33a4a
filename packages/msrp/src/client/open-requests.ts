/** Requests of one connection that are open: each is answered once, or too late (RFC 4975 §7.1.1, RFC 4976 §6.4.1). */
import type { Clock, Timer } from '../base/clock.ts';
import type { MsrpError } from '../base/errors.ts';
import type { Head } from '../wire/head.ts';

/** So long an answer may take, counted from the last octet of the request. RFC 4975 §7.1.1. */
const RESPONSE_MS = 30_000;

const SWEEP_MS = 1000;

/** Requests whose only answers would be errors are remembered up to so many, the oldest go first. */
const MAX_UNTIMED = 1024;

/** Who asked. One of these is called, once; none for an untimed request that draws no answer. */
export interface Asker {
  answered(response: Head): void;
  /** No answer in time. */
  missed(): void;
  /** The connection is over. For those who do not hear of that by their session. */
  lost?(error: MsrpError): void;
}

interface OpenRequest {
  readonly asker: Asker;
  /** Undefined while the request is being written, and where no time runs. */
  leftMs: number | undefined;
}

/** Waits for answers. Time in which this side does not read its connection does not count. */
export class OpenRequests {
  readonly #clock: Clock;
  readonly #isReading: () => boolean;
  readonly #open = new Map<string, OpenRequest>();
  readonly #untimed = new Set<string>();
  #sweep: Timer | undefined;
  #sweptAtMs = 0;

  constructor(clock: Clock, isReading: () => boolean) {
    this.#clock = clock;
    this.#isReading = isReading;
  }

  /** A request begins to be written. */
  open(transactionId: string, asker: Asker): void {
    this.#open.set(transactionId, { asker, leftMs: undefined });
  }

  /** Its last octet was written: now time runs. */
  sent(transactionId: string): void {
    const request = this.#open.get(transactionId);
    if (request === undefined) return;
    request.leftMs = RESPONSE_MS + SWEEP_MS;
    if (this.#sweep !== undefined) return;
    this.#sweptAtMs = this.#clock.nowMs();
    this.#sweep = this.#clock.after(SWEEP_MS, () => this.#onSweep());
  }

  /** Its last octet was written, and silence is the good answer (Failure-Report partial). */
  sentUntimed(transactionId: string): void {
    if (!this.#open.has(transactionId)) return;
    this.#untimed.add(transactionId);
    for (const oldest of this.#untimed) {
      if (this.#untimed.size <= MAX_UNTIMED) break;
      this.forget(oldest);
    }
  }

  /** A response came; one that answers nothing is ignored. */
  answer(response: Head): void {
    const request = this.#open.get(response.transactionId);
    if (request === undefined) return;
    this.forget(response.transactionId);
    request.asker.answered(response);
  }

  /** Its answer is of no interest any more. */
  forget(transactionId: string): void {
    this.#open.delete(transactionId);
    this.#untimed.delete(transactionId);
  }

  /** The connection is over, for `error`. */
  close(error: MsrpError): void {
    const askers = [...this.#open.values()].map(({ asker }) => asker);
    this.#open.clear();
    this.#untimed.clear();
    this.#sweep?.cancel();
    this.#sweep = undefined;
    for (const asker of askers) asker.lost?.(error);
  }

  #onSweep(): void {
    const nowMs = this.#clock.nowMs();
    // While the process stood still, nobody has read what came.
    const passedMs = this.#isReading() ? Math.min(nowMs - this.#sweptAtMs, 2 * SWEEP_MS) : 0;
    this.#sweptAtMs = nowMs;
    let isTimed = false;
    for (const [transactionId, request] of [...this.#open]) {
      if (request.leftMs === undefined) continue;
      isTimed = true;
      request.leftMs -= passedMs;
      if (request.leftMs > 0) continue;
      this.forget(transactionId);
      request.asker.missed();
    }
    this.#sweep = isTimed ? this.#clock.after(SWEEP_MS, () => this.#onSweep()) : undefined;
  }
}
