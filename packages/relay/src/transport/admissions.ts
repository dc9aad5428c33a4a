/** How many connections there may be, in all and from one address (RFC 4976 §9.3). */
import type { Memory } from './memory.ts';

/** The bounds, in connections. */
export interface AdmissionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** One connection that was let in: it counts until it is released. */
export interface Admission {
  /**
   * It turned out to come from `remoteAddress`, against which it counts from now on; false when nobody may come from there
   * any more, or the connection is gone.
   */
  comesFrom(remoteAddress: string): boolean;
  /** It proved whom it belongs to and no longer counts against its address. */
  exempt(): void;
  /** It is gone; a second call does nothing. */
  release(): void;
}

/** What the floors above know of who comes and who is there. */
export interface House {
  /** Whether nobody may come from an address at all. */
  isBlocked(address: string): boolean;
  /** Has a connection that nobody needs closed: it is still counted until its socket is. False when there is none. */
  makeRoom(): boolean;
}

/** Everybody may come, nobody gives way. */
const FULL_HOUSE: House = { isBlocked: () => false, makeRoom: () => false };

/** Counts what was let in. Handshakes that are still going on count too. */
export class Admissions {
  /** May be changed at any time; who is in stays in. */
  limits: AdmissionLimits;
  readonly #memory: Memory;
  readonly #house: House;
  readonly #bySubscriber = new Map<string, number>();
  #count = 0;
  refusedCount = 0;
  blockedCount = 0;

  constructor(limits: AdmissionLimits, memory: Memory, house: House = FULL_HOUSE) {
    this.limits = limits;
    this.#memory = memory;
    this.#house = house;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Lets one more connection in, or not: undefined.
   *
   * @param remoteAddress - where it comes from; undefined when that is to be said later.
   */
  admit(remoteAddress: string | undefined): Admission | undefined {
    const admission = new Entry(this);
    if (remoteAddress !== undefined && !admission.comesFrom(remoteAddress)) return undefined;
    if (this.#memory.isNear || (this.#count >= this.limits.connections && !this.#house.makeRoom())) {
      admission.exempt();
      this.refusedCount += 1;
      return undefined;
    }
    this.#count += 1;
    return admission;
  }

  /** Told by an admission: its connection is gone. */
  left(): void {
    this.#count -= 1;
  }

  /** Asked by an admission: whether nobody may come from there. */
  isBarred(remoteAddress: string): boolean {
    const isBarred = this.#house.isBlocked(remoteAddress);
    if (isBarred) this.blockedCount += 1;
    return isBarred;
  }

  /** Asked by an admission: counts it against a subscriber; false when there is one too many. */
  countAgainst(subscriber: string): boolean {
    const count = this.#bySubscriber.get(subscriber) ?? 0;
    if (count >= this.limits.connectionsPerAddress) {
      this.refusedCount += 1;
      return false;
    }
    this.#bySubscriber.set(subscriber, count + 1);
    return true;
  }

  /** The opposite. */
  uncount(subscriber: string): void {
    const left = (this.#bySubscriber.get(subscriber) ?? 1) - 1;
    if (left === 0) this.#bySubscriber.delete(subscriber);
    else this.#bySubscriber.set(subscriber, left);
  }
}

/** One that was given, or is about to be. */
class Entry implements Admission {
  readonly #book: Admissions;
  /** What it counts against now. */
  #subscriber: string | undefined;
  #isExempt = false;
  #isOpen = true;

  constructor(book: Admissions) {
    this.#book = book;
  }

  comesFrom(remoteAddress: string): boolean {
    if (!this.#isOpen || this.#book.isBarred(remoteAddress)) return false;
    const subscriber = subscriberOf(remoteAddress);
    if (this.#isExempt || subscriber === this.#subscriber) return true;
    if (!this.#book.countAgainst(subscriber)) return false;
    this.#uncount();
    this.#subscriber = subscriber;
    return true;
  }

  exempt(): void {
    this.#isExempt = true;
    this.#uncount();
  }

  release(): void {
    if (this.#isOpen) this.#book.left();
    this.#isOpen = false;
    this.#uncount();
  }

  #uncount(): void {
    if (this.#subscriber !== undefined) this.#book.uncount(this.#subscriber);
    this.#subscriber = undefined;
  }
}

/** What one subscriber has: an IPv4 address, or an IPv6 network of 64 bits, within which addresses cost nothing. */
export function subscriberOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  const [before = '', after] = address.split('::');
  const first = before === '' ? [] : before.split(':');
  const last = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? [] : new Array<string>(8 - first.length - last.length).fill('0');
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
}
