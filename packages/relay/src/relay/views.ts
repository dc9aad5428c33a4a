/** Connections and sessions as an operator may see them: plain values, a copy of one moment, and nothing secret. */
import type { PauseCause } from '../transport/pauses.ts';
import type { Hop } from './hop.ts';
import type { Session } from './sessions.ts';

/** One connection. */
export interface ConnectionView {
  readonly id: number;
  readonly transport: string;
  readonly direction: 'accepted' | 'dialled';
  /** Of the other end; its host while it is being dialled. */
  readonly address: string;
  readonly state: 'dialling' | 'open' | 'ending' | 'closed';
  /** Why it is not read at the moment. */
  readonly paused: PauseCause | null;
  readonly ageSeconds: number;
  readonly octetsIn: number;
  readonly octetsOut: number;
  /** Memory that what waits for it holds. */
  readonly queuedOctets: number;
  readonly openTransactions: number;
  /** How many sessions were granted on it, and the users that have them, ten at most. */
  readonly sessions: number;
  readonly users: readonly string[];
  /** It has acted as a relay whose name it proved, and the names that its certificate proved. */
  readonly isRelay: boolean;
  readonly certifiedNames: readonly string[];
}

/** One session. */
export interface SessionView {
  /** The short hash that the log uses, too. */
  readonly id: string;
  readonly user: string;
  /** `open`; `paused`: senders are held back for a slow receiver; `refusing`: it was slow for too long. */
  readonly state: 'open' | 'paused' | 'refusing';
  /** Whose it is: a client by its connection, or a relay by its name. */
  readonly connection: number | null;
  readonly relay: string | null;
  readonly address: string | null;
  /** The connection of the peer outside that it is bound to. */
  readonly outsideConnection: number | null;
  readonly ageSeconds: number;
  readonly expiresInSeconds: number;
  /** Octets of SENDs, with their heads, sent on to its client and from its client. */
  readonly octetsToClient: number;
  readonly octetsFromClient: number;
  readonly queuedOctets: number;
}

/** Users named in the view of a connection: a gateway may have thousands. */
const MAX_USERS = 10;

export function viewOfHop(hop: Hop, nowMs: number): ConnectionView {
  const { connection, sessions, transactions } = hop;
  const { transport, direction } = connection.origin;
  const users = new Set<string>();
  for (const { user } of sessions) if (users.size < MAX_USERS) users.add(user);
  return {
    id: hop.number,
    transport,
    direction,
    address: hop.remoteAddress,
    state: connection.state,
    paused: connection.paused ?? null,
    ageSeconds: secondsFrom(hop.openedAtMs, nowMs),
    octetsIn: connection.octetsIn,
    octetsOut: connection.octetsOut,
    queuedOctets: connection.heldOctets,
    openTransactions: transactions.openCount,
    sessions: sessions.size,
    users: [...users],
    isRelay: hop.isRelay,
    certifiedNames: hop.certifiedNames,
  };
}

export function viewOfSession(session: Session, nowMs: number): SessionView {
  const { inside, outside, paces } = session;
  const client = inside.kind === 'client' ? inside.hop : undefined;
  let queuedOctets = 0;
  let isPaused = false;
  let isRefusing = false;
  for (const pace of paces) {
    queuedOctets += pace.lane.heldOctets;
    isPaused ||= pace.lane.isOverHigh;
    isRefusing ||= pace.isRefusing;
  }
  return {
    id: session.hash,
    user: session.user,
    state: isRefusing ? 'refusing' : isPaused ? 'paused' : 'open',
    connection: client?.number ?? null,
    relay: inside.kind === 'relay' ? inside.name : null,
    address: client?.remoteAddress ?? null,
    outsideConnection: outside?.hop.number ?? null,
    ageSeconds: secondsFrom(session.grantedAtMs, nowMs),
    expiresInSeconds: secondsFrom(nowMs, session.expiresAtMs),
    octetsToClient: session.octetsInward,
    octetsFromClient: session.octetsOutward,
    queuedOctets,
  };
}

function secondsFrom(startMs: number, endMs: number): number {
  return Math.max(0, Math.floor((endMs - startMs) / 1000));
}
