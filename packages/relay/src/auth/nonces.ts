/** Nonces that prove themselves: made here, not too old, and each count of a nonce used once (RFC 7616 §3.3, §5.12). */
import { randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from 'msrp/base';
import { Fifo } from '../transport/fifo.ts';
import { KeyedHash } from './keyed-hash.ts';

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
const NONCE_OCTETS = PROOF_AT + 32;

/** Random octets bought at a time: asking the system for those of each nonce costs more than all the rest of it. */
const POOL_OCTETS = 4096;

/** 54 octets without padding, so that no two texts stand for the same octets. */
const TEXT = /^[A-Za-z0-9_-]{72}$/;

/** A nonce that was made here. */
interface Opened {
  readonly madeAtMs: number;
  /** Its time and its random part, an octet a character: a small string of its own, which holds on to no header. */
  readonly key: string;
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
  readonly #hash = new KeyedHash(randomBytes(32), PROOF_AT);
  readonly #clock: Clock;
  readonly #maxRemembered: number;
  /** The highest count of each, and all of them in the order of their first use: a Map finds its oldest only past all that were deleted. */
  readonly #counts = new Map<string, number>();
  readonly #used = new Fifo<string>();
  #forgottenUpToMs = Number.NEGATIVE_INFINITY;
  readonly #pool = Buffer.alloc(POOL_OCTETS);
  #poolAt = POOL_OCTETS;
  /** The nonce that was looked at last, and what it was: an AUTH asks before it is judged, and after. */
  #lastText = '';
  #last: Opened | undefined;

  constructor(options: NonceOptions) {
    this.#clock = options.clock;
    this.#maxRemembered = options.maxRemembered ?? 65_536;
  }

  /** How many used nonces are remembered. */
  get rememberedCount(): number {
    return this.#counts.size;
  }

  /** A new nonce: 72 characters that need no escaping between quotes. */
  make(): string {
    const octets = Buffer.allocUnsafe(NONCE_OCTETS);
    octets.writeUIntBE(Math.floor(this.#clock.nowMs()), 0, TIME_OCTETS);
    octets.set(this.#random(), TIME_OCTETS);
    octets.set(this.#hash.prove(octets.subarray(0, PROOF_AT)), PROOF_AT);
    return octets.toString('base64url');
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
    if (!this.#counts.has(opened.key)) this.#makeRoom(opened.key);
    this.#counts.set(opened.key, count);
    return true;
  }

  /** undefined when it was not made here or is too old. */
  #open(nonce: string): Opened | undefined {
    if (nonce !== this.#lastText) {
      this.#last = this.#read(nonce);
      this.#lastText = this.#last === undefined ? '' : nonce;
    }
    return this.#last === undefined || this.#isExpired(this.#last.madeAtMs) ? undefined : this.#last;
  }

  #read(nonce: string): Opened | undefined {
    if (!TEXT.test(nonce)) return undefined;
    const octets = Buffer.from(nonce, 'base64url');
    if (!timingSafeEqual(octets.subarray(PROOF_AT), this.#hash.prove(octets.subarray(0, PROOF_AT)))) return undefined;
    const key = octets.toString('latin1', 0, PROOF_AT);
    return { madeAtMs: madeAtMs(key), key };
  }

  #isUnused(opened: Opened, count: number): boolean {
    const highest = this.#counts.get(opened.key);
    if (highest !== undefined) return count > highest;
    return count > 0 && opened.madeAtMs > this.#forgottenUpToMs;
  }

  /** One more is used from now on. */
  #makeRoom(key: string): void {
    for (let oldest = this.#used.first; oldest !== undefined; oldest = this.#used.first) {
      const oldestMs = madeAtMs(oldest);
      if (this.#used.length < this.#maxRemembered && !this.#isExpired(oldestMs)) break;
      this.#forgottenUpToMs = Math.max(this.#forgottenUpToMs, oldestMs);
      this.#counts.delete(oldest);
      this.#used.shift();
    }
    this.#used.push(key);
  }

  #isExpired(madeAtMs: number): boolean {
    return this.#clock.nowMs() - madeAtMs >= LIFETIME_MS;
  }

  #random(): Uint8Array {
    if (this.#poolAt === POOL_OCTETS) {
      randomFillSync(this.#pool);
      this.#poolAt = 0;
    }
    this.#poolAt += RANDOM_OCTETS;
    return this.#pool.subarray(this.#poolAt - RANDOM_OCTETS, this.#poolAt);
  }
}

function madeAtMs(key: string): number {
  let ms = 0;
  for (let at = 0; at < TIME_OCTETS; at += 1) ms = ms * 256 + key.charCodeAt(at);
  return ms;
}
