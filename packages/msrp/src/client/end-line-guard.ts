/** Keeps the end-line of a chunk out of its own body (RFC 4975 §7.1): random ids are not enough where octets can be planted. */
import { concat, indexOf, octetsOf } from '../wire/octets.ts';

/** Looks at a body piece by piece, across their borders. */
export class EndLineGuard {
  readonly #pattern: Uint8Array;
  /** The last octets of the body so far, too few to hold the pattern. */
  #tail: Uint8Array = new Uint8Array(0);

  constructor(transactionId: string) {
    this.#pattern = octetsOf(`-------${transactionId}`);
  }

  /** How many octets of `piece` may follow in this chunk: fewer than all when the body must be interrupted there. */
  safeOctets(piece: Uint8Array): number {
    const tailOctets = this.#tail.length;
    const border = concat(this.#tail, piece.subarray(0, this.#pattern.length - 1));
    // Without the pattern's last octet the body does not hold it.
    const heldOctets = this.#pattern.length - 1;
    const across = indexOf(border, this.#pattern, 0);
    if (across >= 0) return across - tailOctets + heldOctets;
    const inside = indexOf(piece, this.#pattern, 0);
    return inside < 0 ? piece.length : inside + heldOctets;
  }

  /** `piece` was written. */
  add(piece: Uint8Array): void {
    const keptOctets = this.#pattern.length - 1;
    const joined = piece.length >= keptOctets ? piece : concat(this.#tail, piece);
    this.#tail = joined.slice(Math.max(0, joined.length - keptOctets));
  }
}
