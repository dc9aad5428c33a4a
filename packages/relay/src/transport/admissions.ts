/** How many connections there may be, in all and from one address (RFC 4976 §9.3). */
import type { Memory } from './memory.ts';

/** The bounds, in connections. */
export interface AdmissionLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
}

/** One connection that was let in: it counts until it is released. */
export interface Admission {
  /** It proved whom it belongs to and no longer counts against its address. */
  exempt(): void;
  /** It is gone; a second call does nothing. */
  release(): void;
}

/** Counts what was let in. Handshakes that are still going on count too. */
export class Admissions {
  /** May be changed at any time; who is in stays in. */
  limits: AdmissionLimits;
  readonly #memory: Memory;
  readonly #isBlocked: (address: string) => boolean;
  readonly #byAddress = new Map<string, number>();
  #count = 0;
  refusedCount = 0;
  blockedCount = 0;

  /** @param isBlocked - whether nobody may come from an address at all. */
  constructor(limits: AdmissionLimits, memory: Memory, isBlocked: (address: string) => boolean = () => false) {
    this.limits = limits;
    this.#memory = memory;
    this.#isBlocked = isBlocked;
  }

  get count(): number {
    return this.#count;
  }

  /** Lets one more connection of `remoteAddress` in, or not: undefined. */
  admit(remoteAddress: string): Admission | undefined {
    if (this.#isBlocked(remoteAddress)) {
      this.blockedCount += 1;
      return undefined;
    }
    const address = subscriberOf(remoteAddress);
    const ofAddress = this.#byAddress.get(address) ?? 0;
    const isFull = this.#count >= this.limits.connections || ofAddress >= this.limits.connectionsPerAddress;
    if (isFull || this.#memory.isNear) {
      this.refusedCount += 1;
      return undefined;
    }
    this.#count += 1;
    this.#byAddress.set(address, ofAddress + 1);
    let isCounted = true;
    let isOpen = true;
    const exempt = () => {
      if (isCounted) this.#forget(address);
      isCounted = false;
    };
    const release = () => {
      if (isOpen) this.#count -= 1;
      isOpen = false;
      exempt();
    };
    return { exempt, release };
  }

  #forget(address: string): void {
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, left);
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
