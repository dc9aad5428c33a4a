/** Finds the end of a body, however the octets are cut (RFC 4975 §5.1, §7.1). */
import type { ContinuationFlag } from './head.ts';
import { indexOf, octetsOf } from './octets.ts';

const CR = 13;
const LF = 10;

/** What stands before the transaction id in an end-line. */
const BEFORE_ID = octetsOf('\r\n-------');

/** How many octets follow the transaction id in an end-line: the flag, CR and LF. */
const AFTER_ID = 3;

/**
 * Looks for CRLF, seven hyphens, the transaction id, a flag and CRLF. What could be the
 * beginning of that at the end of one piece is held back until the next; everything else is
 * body, look-alikes too. Holding back needs no copy: what is held is known, since it matched.
 */
export class BodyScanner {
  /** The flag, once the end-line was found. */
  flag: ContinuationFlag | undefined;
  #pattern: Uint8Array = BEFORE_ID;
  #matched = 0;
  #skipped = 0;
  #flagOctet = 0;

  /**
   * Begins a body. The CRLF of the empty line before it may serve the end-line as well, for
   * peers that leave one out of an empty body: it counts as matched, but never as body.
   */
  begin(transactionId: string): void {
    const length = BEFORE_ID.length + transactionId.length;
    // The ids of one peer are mostly of one length: then the octets before them stand there already.
    if (this.#pattern.length !== length || this.#pattern === BEFORE_ID) {
      this.#pattern = new Uint8Array(length);
      this.#pattern.set(BEFORE_ID);
    }
    for (let at = 0; at < transactionId.length; at += 1) {
      this.#pattern[BEFORE_ID.length + at] = transactionId.charCodeAt(at);
    }
    this.#matched = 2;
    this.#skipped = 2;
    this.flag = undefined;
  }

  /**
   * Scans `octets` from `at`, hands body octets on as views, and returns the offset after what it took:
   * all of it, or up to the end of the end-line, when `flag` is set.
   */
  scan(octets: Uint8Array, at: number, onBody: (octets: Uint8Array) => void): number {
    let from = this.#matched > 0 ? this.#resume(octets, at, onBody) : at;
    while (this.flag === undefined && from < octets.length) {
      const found = indexOf(octets, this.#pattern, from);
      const start = found < 0 ? this.#tailStart(octets, from) : found;
      if (start > from) onBody(octets.subarray(from, start));
      from = this.#match(octets, start, found < 0 ? 0 : this.#pattern.length, onBody);
    }
    return from;
  }

  /** Goes on with what earlier octets began to match. */
  #resume(octets: Uint8Array, at: number, onBody: (octets: Uint8Array) => void): number {
    const held = this.#matched;
    const next = this.#advance(octets, at);
    if (next >= 0) return next;
    // Not the end-line after all. What was held is body, and so is what matched here, unless
    // a new end-line begins in it: only at a CR, which can only be the octet that failed.
    this.#matched = 0;
    const skipped = this.#skipped;
    this.#skipped = 0;
    if (held > skipped) onBody(this.#octetsMatched(held).subarray(skipped));
    return at;
  }

  /** Matches from `start` as far as the octets go, `known` of them without looking; returns the offset to go on from. */
  #match(octets: Uint8Array, start: number, known: number, onBody: (octets: Uint8Array) => void): number {
    if (start === octets.length) return start;
    this.#matched = known;
    const next = this.#advance(octets, start + known);
    if (next >= 0) return next;
    const failed = start + this.#matched;
    this.#matched = 0;
    onBody(octets.subarray(start, failed));
    return failed;
  }

  /** Extends the match; returns the offset after it, or -1 when an octet does not fit. */
  #advance(octets: Uint8Array, start: number): number {
    let at = start;
    while (at < octets.length) {
      if (!this.#fits(octets[at] ?? 0)) return -1;
      at += 1;
      this.#matched += 1;
      if (this.#matched === this.#pattern.length + AFTER_ID) {
        this.#matched = 0;
        this.flag = String.fromCharCode(this.#flagOctet) as ContinuationFlag;
        return at;
      }
    }
    return at;
  }

  #fits(octet: number): boolean {
    const beyond = this.#matched - this.#pattern.length;
    if (beyond < 0) return octet === this.#pattern[this.#matched];
    if (beyond === 1) return octet === CR;
    if (beyond === 2) return octet === LF;
    this.#flagOctet = octet;
    return octet === 0x24 || octet === 0x2b || octet === 0x23;
  }

  /** The first offset from which all octets to the end could begin an end-line; the end when there is none. */
  #tailStart(octets: Uint8Array, from: number): number {
    const first = Math.max(from, octets.length - this.#pattern.length + 1);
    for (let at = octets.indexOf(CR, first); at >= 0; at = octets.indexOf(CR, at + 1)) {
      const fits = this.#advance(octets, at) >= 0;
      this.#matched = 0;
      if (fits) return at;
    }
    return octets.length;
  }

  #octetsMatched(count: number): Uint8Array {
    const octets = new Uint8Array(count);
    octets.set(this.#pattern.subarray(0, count));
    if (count > this.#pattern.length) octets[this.#pattern.length] = this.#flagOctet;
    if (count > this.#pattern.length + 1) octets[this.#pattern.length + 1] = CR;
    return octets;
  }
}
