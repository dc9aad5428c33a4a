/** How much of what was read is decoded where a head begins. */

/** Heads that begin so close to each other share one decoding. */
const CROWDED_OCTETS = 1024;

/** Enough for a dozen short messages. */
const CROWD_OCTETS = 4096;

/** Where nothing is known yet. */
const FIRST_OCTETS = 1024;

/** Ids and numbers of the next head may be longer. */
const SPARE_OCTETS = 64;

/** What was decoded beyond the need becomes garbage: by so small a part it is less with each head. */
const NARROWING_SHIFT = 6;

/** Of one connection: much where short messages come one after the other, no more than a head where bodies come between them. */
export class Lookahead {
  #isCrowded = false;
  #headOctets = FIRST_OCTETS;
  /** Where the head before began; -1 when that was in another read. */
  #previous = -1;

  /** What comes now is another read. */
  readBegan(): void {
    this.#previous = -1;
  }

  /** How many octets to decode for the head that begins at offset `at` of this read. */
  octetsAt(at: number): number {
    if (this.#previous >= 0) this.#isCrowded = at - this.#previous < CROWDED_OCTETS;
    this.#previous = at;
    return this.#isCrowded ? CROWD_OCTETS : this.#headOctets;
  }

  /** A head of so many octets was read. */
  headWas(octets: number): void {
    const narrower = this.#headOctets - (this.#headOctets >> NARROWING_SHIFT);
    this.#headOctets = Math.max(octets + SPARE_OCTETS, narrower);
  }
}
