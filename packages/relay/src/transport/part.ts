/** How much of what is prepared is written at once. */

/** The most octets of one write: there may be more where chunks are large. */
const WRITE_OCTETS = 262_144;

/** Fewer octets than these are written faster together, though somebody has to copy them together. */
const LARGE_OCTETS = 32_768;

/** What one write may be: several runs, a single one if they are large, or messages of which each is a run and never cut. */
export type Writes = 'runs' | 'single runs' | 'messages';

/** What is written at once, and what after that; both in order. */
export interface Part {
  readonly part: readonly Uint8Array[];
  readonly rest: readonly Uint8Array[];
}

const NOTHING: readonly Uint8Array[] = [];

/** The first part of `runs`. */
export function partOf(runs: readonly Uint8Array[], writes: Writes): Part {
  const [first] = runs;
  if (first === undefined) return { part: runs, rest: NOTHING };
  if (first.length <= WRITE_OCTETS) {
    if (runs.length === 1) return { part: runs, rest: NOTHING };
    if (writes === 'single runs' && isLarge(runs)) return { part: [first], rest: runs.slice(1) };
  }
  const part: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  let octets = 0;
  for (const run of runs) {
    const room = WRITE_OCTETS - octets;
    const taken = writes === 'messages' && room > 0 ? run.length : Math.min(run.length, Math.max(0, room));
    if (taken > 0) part.push(taken < run.length ? run.subarray(0, taken) : run);
    if (taken < run.length) rest.push(taken > 0 ? run.subarray(taken) : run);
    octets += run.length;
  }
  return { part, rest };
}

function isLarge(runs: readonly Uint8Array[]): boolean {
  let octets = 0;
  for (const run of runs) octets += run.length;
  return octets > LARGE_OCTETS;
}
