/** Puts the octets of one message in order again, whatever order their chunks came in, in bounded memory (RFC 4975 §7.3.1). */
import { concat } from '../wire/octets.ts';

/** Octets that came ahead of their turn. */
interface Fragment {
  readonly start: number;
  readonly octets: Uint8Array;
}

/** What a fragment costs beside its octets, so that crumbs do not cost more than is counted. */
const FRAGMENT_OCTETS = 256;

/** Pieces of the run that together have no more octets than this become one. */
const JOINED_OCTETS = 16_384;

/** Holds what has been received and not been taken: a run in order, and fragments beyond a gap. */
export class Reassembly {
  readonly #maxAheadOctets: number;
  /** In order, from the first that was not taken on. */
  readonly #run: Uint8Array[] = [];
  #fragments: Fragment[] = [];
  #runOctets = 0;
  /** The first octet, counted from 1, that is neither in the run nor was taken. */
  #next = 1;

  /** @param maxAheadOctets - bound on what is held beyond a gap, and what it costs to hold that. */
  constructor(maxAheadOctets: number) {
    this.#maxAheadOctets = maxAheadOctets;
  }

  /** How many octets from the first on have come without a gap. */
  get contiguousOctets(): number {
    return this.#next - 1;
  }

  /** Octets that are in order and wait to be taken. */
  get waitingOctets(): number {
    return this.#runOctets;
  }

  /**
   * Stores octets that begin at number `start`; where some came before, these win unless the old ones were taken.
   *
   * @param octets - belong to the reassembly from now on.
   * @returns false when they are too far ahead to be kept: nothing of them was stored then.
   */
  store(start: number, octets: Uint8Array): boolean {
    if (octets.length === 0) return true;
    const end = start + octets.length;
    if (start > this.#next) return this.#keepAhead({ start, octets });
    if (start < this.#next) this.#overwrite(start, octets);
    if (end > this.#next) this.#append(octets.subarray(this.#next - start));
    this.#takeFragments();
    return true;
  }

  /** The next octets in order; undefined when there are none now. */
  take(): Uint8Array | undefined {
    const octets = this.#run.shift();
    this.#runOctets -= octets?.length ?? 0;
    return octets;
  }

  /** Lets go of everything that was not taken. */
  clear(): void {
    this.#run.length = 0;
    this.#runOctets = 0;
    this.#fragments = [];
  }

  #append(octets: Uint8Array): void {
    const last = this.#run.at(-1);
    if (last !== undefined && last.length + octets.length <= JOINED_OCTETS)
      this.#run.splice(-1, 1, concat(last, octets));
    else this.#run.push(octets);
    this.#runOctets += octets.length;
    this.#next += octets.length;
  }

  /** Later octets win over those in the run. */
  #overwrite(start: number, octets: Uint8Array): void {
    let runStart = this.#next - this.#runOctets;
    for (const piece of this.#run) {
      const from = Math.max(start, runStart);
      const to = Math.min(start + octets.length, runStart + piece.length);
      if (from < to) piece.set(octets.subarray(from - start, to - start), from - runStart);
      runStart += piece.length;
    }
  }

  #keepAhead(fragment: Fragment): boolean {
    const trimmed = this.#fragments.flatMap((known) => without(known, fragment));
    const kept = [...trimmed, fragment].reduce((sum, { octets }) => sum + octets.length + FRAGMENT_OCTETS, 0);
    if (kept > this.#maxAheadOctets) return false;
    this.#fragments = [...trimmed, fragment].sort((a, b) => a.start - b.start);
    return true;
  }

  /** Moves the fragments that have become the next ones into the run. */
  #takeFragments(): void {
    while (this.#fragments.length > 0) {
      const [first] = this.#fragments;
      if (first === undefined || first.start > this.#next) return;
      this.#fragments.shift();
      const known = this.#next - first.start;
      // What came in order just now is the later arrival.
      if (known < first.octets.length) this.#append(first.octets.subarray(known));
    }
  }
}

/** What is left of `fragment` where `later` does not cover it. */
function without(fragment: Fragment, later: Fragment): Fragment[] {
  const end = fragment.start + fragment.octets.length;
  const laterEnd = later.start + later.octets.length;
  if (end <= later.start || fragment.start >= laterEnd) return [fragment];
  const before = fragment.octets.subarray(0, Math.max(0, later.start - fragment.start));
  const after = fragment.octets.subarray(Math.min(fragment.octets.length, Math.max(0, laterEnd - fragment.start)));
  return [
    { start: fragment.start, octets: before },
    { start: end - after.length, octets: after },
  ].filter(({ octets }) => octets.length > 0);
}
