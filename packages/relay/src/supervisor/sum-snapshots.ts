/** What several workers have counted, as if it were one. */
import type { RelaySnapshot } from '../relay/snapshot.ts';
import { BUCKET_BOUNDS } from '../transport/histogram.ts';
import { PAUSE_CAUSES, type PauseCause, type PauseSnapshot } from '../transport/pauses.ts';

/** All snapshots are made of these. */
type Summable = number | readonly Summable[] | { readonly [name: string]: Summable };

const NO_DURATIONS = { counts: new Array<number>(BUCKET_BOUNDS.length + 1).fill(0), sum: 0 };

/** A relay that has done nothing. */
const NOTHING: RelaySnapshot = {
  connections: {},
  sessions: 0,
  transactions: 0,
  queuedOctets: 0,
  memory: { heldOctets: 0, budgetOctets: 0 },
  pauses: pausesOf(() => ({ count: 0, seconds: 0, open: 0 })),
  responseTimes: NO_DURATIONS,
  queueTimes: NO_DURATIONS,
  requests: { in: {}, out: {} },
  responses: { in: {}, out: {} },
  reports: {},
  octets: { in: 0, out: 0 },
  refused: {},
  auth: {},
  lookups: {},
  oddities: {},
};

/** The sum of all numbers in all places. */
export function sumSnapshots(snapshots: readonly RelaySnapshot[]): RelaySnapshot {
  const sum = snapshots.reduce<Summable>(
    (total, snapshot) => add(total, snapshot as unknown as Summable),
    NOTHING as unknown as Summable,
  );
  return sum as unknown as RelaySnapshot;
}

/** What stays of a worker that is gone: what it has counted, and nothing of what there was. A counter must not go back. */
export function countersOf(snapshot: RelaySnapshot): RelaySnapshot {
  const { connections, sessions, transactions, queuedOctets, memory } = NOTHING;
  const pauses = pausesOf((cause) => ({ ...snapshot.pauses[cause], open: 0 }));
  return { ...snapshot, connections, sessions, transactions, queuedOctets, memory, pauses };
}

function pausesOf(pauses: (cause: PauseCause) => PauseSnapshot): RelaySnapshot['pauses'] {
  return Object.fromEntries(PAUSE_CAUSES.map((cause) => [cause, pauses(cause)])) as RelaySnapshot['pauses'];
}

/** Both have the same form, but that names may be missing in one. */
function add(one: Summable, other: Summable): Summable {
  if (typeof one === 'number' || typeof other === 'number') return Number(one) + Number(other);
  if (isList(one) || isList(other))
    return Object.values(one).map((value, at) => add(value, Object.values(other)[at] ?? 0));
  const sum: Record<string, Summable> = { ...one };
  for (const [name, value] of Object.entries(other)) {
    const known = sum[name];
    sum[name] = known === undefined ? value : add(known, value);
  }
  return sum;
}

function isList(value: Summable): value is readonly Summable[] {
  return Array.isArray(value);
}
