/** What the relay counts, as plain numbers copied when somebody asks. */
import type { HistogramSnapshot } from '../transport/histogram.ts';
import type { PauseCause, PauseSnapshot } from '../transport/pauses.ts';

/** The two directions of traffic, seen from the relay. */
export type Direction = 'in' | 'out';

/** How often something happened, by a name out of a small fixed set: never a name that a peer has chosen. */
export type Counts = Readonly<Record<string, number>>;

/** A moment of the relay. Gauges say how much there is now; everything else counts up from the start of the process. */
export interface RelaySnapshot {
  /** Gauge: open connections by kind: `tls`, `tcp`, `wss`, `ws` (accepted), `dialled-tls`, `dialled-tcp`; `worker`: ends of streams between workers. */
  readonly connections: Counts;
  /** Gauge: granted Use-Paths that live. */
  readonly sessions: number;
  /** Gauge: requests that wait for a response. */
  readonly transactions: number;
  /** Gauge: octets waiting for next hops. */
  readonly queuedOctets: number;
  /** Gauge: octets of memory that everything waiting holds, with what the system is taking; and their budget. */
  readonly memory: { readonly heldOctets: number; readonly budgetOctets: number };
  /** Connections that are not read, or were not, by cause. */
  readonly pauses: Readonly<Record<PauseCause, PauseSnapshot>>;
  /** From the last octet of a SEND until its response; from the end of a chunk until it is handed to the system. */
  readonly responseTimes: HistogramSnapshot;
  readonly queueTimes: HistogramSnapshot;
  /** Requests by method; a method that is not known counts as `other`. */
  readonly requests: Readonly<Record<Direction, Counts>>;
  /** Responses by the method of their request and by status: `SEND 200`. */
  readonly responses: Readonly<Record<Direction, Counts>>;
  /** REPORTs that this relay made, by what caused them and the status they carried: `timeout 408`. */
  readonly reports: Counts;
  /** Octets read from and written to connections. */
  readonly octets: Readonly<Record<Direction, number>>;
  /** Refusals by reason. */
  readonly refused: Counts;
  /** AUTHs by outcome. */
  readonly auth: Counts;
  /** Look-ups in credential stores that ask others, by store and outcome: `subscriber found`. */
  readonly lookups: Counts;
  /** Departures from the RFCs that were tolerated, by kind. */
  readonly oddities: Counts;
}
