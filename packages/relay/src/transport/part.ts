/** How much of a batch is written at once. */

/** The most octets of one write: a batch may be larger where chunks are. */
const WRITE_OCTETS = 262_144;

/** What is written at once, and what after that; both in order. */
export interface Part {
  readonly part: readonly Uint8Array[];
  readonly rest: readonly Uint8Array[];
}

const NOTHING: readonly Uint8Array[] = [];

/** @param isFramed - each run is a message of its own, and never cut. */
export function partOf(runs: readonly Uint8Array[], isFramed: boolean): Part {
  const [first] = runs;
  if (first === undefined || (runs.length === 1 && first.length <= WRITE_OCTETS)) return { part: runs, rest: NOTHING };
  const part: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  let octets = 0;
  for (const run of runs) {
    const room = WRITE_OCTETS - octets;
    const taken = isFramed && room > 0 ? run.length : Math.min(run.length, Math.max(0, room));
    if (taken > 0) part.push(taken < run.length ? run.subarray(0, taken) : run);
    if (taken < run.length) rest.push(taken > 0 ? run.subarray(taken) : run);
    octets += run.length;
  }
  return { part, rest };
}
