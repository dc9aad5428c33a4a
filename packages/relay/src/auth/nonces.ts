/** Nonces that prove themselves: made here, not too old, and each count of a nonce used once (RFC 7616 §3.3, §5.12). */
import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from 'msrp/base';

/** How nonces behave. */
export interface NonceOptions {
  readonly clock: Clock;
  /** How many used nonces are remembered, at about 120 octets each; 65,536 by default. */
  readonly maxRemembered?: number | undefined;
}

/** Age at which a nonce is no longer good. */
const LIFETIME_MS = 300_000;
const TIME_OCTETS = 6;
const RANDOM_OCTETS = 16;
const PROOF_AT = TIME_OCTETS + RANDOM_OCTETS;

/** 54 octets without padding, so that no two texts stand for the same octets. */
const TEXT = /^[A-Za-z0-9_-]{72}$/;

/** A nonce that was made here. */
interface Opened {
  readonly madeAtMs: number;
  /** Its random part: a small string of its own, which holds on to no header. */
  readonly key: string;
}

/** The use of a nonce so far. */
interface Use {
  readonly madeAtMs: number;
  highestCount: number;
}

/**
 * Makes and judges nonces. A nonce is the time and 128 random bits, with their HMAC under a
 * key that lives and dies with this object: nothing is stored for a nonce that was only
 * offered. What is stored is the highest count of each nonce that was used. Of these the
 * oldest gives way when there are too many; since its count is then unknown, every nonce
 * not younger than it and not remembered is stale from there on. So a full table costs
 * clients another round trip, and never lets a replay through.
 */
export class Nonces {
  // A key object: Node 24 makes an error and catches it each time that a key is given as octets.
  readonly #key = createSecretKey(randomBytes(32));
  readonly #clock: Clock;
  readonly #maxRemembered: number;
  readonly #uses = new Map<string, Use>(); // in the order of their first use
  #forgottenUpToMs = Number.NEGATIVE_INFINITY;

  constructor(options: NonceOptions) {
    this.#clock = options.clock;
    this.#maxRemembered = options.maxRemembered ?? 65_536;
  }

  /** How many used nonces are remembered. */
  get rememberedCount(): number {
    return this.#uses.size;
  }

  /** A new nonce: 72 characters that need no escaping between quotes. */
  make(): string {
    const octets = Buffer.alloc(PROOF_AT);
    octets.writeUIntBE(Math.floor(this.#clock.nowMs()), 0, TIME_OCTETS);
    randomBytes(RANDOM_OCTETS).copy(octets, TIME_OCTETS);
    return Buffer.concat([octets, this.#prove(octets)]).toString('base64url');
  }

  /**
   * Whether `use` would accept this nonce and count now. Changes nothing.
   *
   * @param nonce - as received, of any form.
   */
  isFresh(nonce: string, count: number): boolean {
    const opened = this.#open(nonce);
    return opened !== undefined && this.#isUnused(opened, count);
  }

  /**
   * Takes this count of this nonce, and with it all lower ones, if nobody has. To be called
   * when the digest was found right, so that nobody else can use up a client's counts.
   *
   * @returns false when the nonce is forged, expired or forgotten, or the count was taken.
   */
  use(nonce: string, count: number): boolean {
    const opened = this.#open(nonce);
    if (opened === undefined || !this.#isUnused(opened, count)) return false;
    const use = this.#uses.get(opened.key);
    if (use === undefined) this.#remember(opened, count);
    else use.highestCount = count;
    return true;
  }

  /** undefined when it was not made here or is too old. */
  #open(nonce: string): Opened | undefined {
    if (!TEXT.test(nonce)) return undefined;
    const octets = Buffer.from(nonce, 'base64url');
    const proven = timingSafeEqual(octets.subarray(PROOF_AT), this.#prove(octets.subarray(0, PROOF_AT)));
    const madeAtMs = octets.readUIntBE(0, TIME_OCTETS);
    if (!proven || this.#isExpired(madeAtMs)) return undefined;
    return { madeAtMs, key: octets.toString('latin1', TIME_OCTETS, PROOF_AT) };
  }

  #isUnused(opened: Opened, count: number): boolean {
    const use = this.#uses.get(opened.key);
    if (use !== undefined) return count > use.highestCount;
    return count > 0 && opened.madeAtMs > this.#forgottenUpToMs;
  }

  #remember(opened: Opened, count: number): void {
    for (const [key, use] of this.#uses) {
      if (this.#uses.size < this.#maxRemembered && !this.#isExpired(use.madeAtMs)) break;
      this.#forgottenUpToMs = Math.max(this.#forgottenUpToMs, use.madeAtMs);
      this.#uses.delete(key);
    }
    this.#uses.set(opened.key, { madeAtMs: opened.madeAtMs, highestCount: count });
  }

  #isExpired(madeAtMs: number): boolean {
    return this.#clock.nowMs() - madeAtMs >= LIFETIME_MS;
  }

  #prove(octets: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(octets).digest();
  }
}
