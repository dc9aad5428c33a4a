/** A relay from outside: what the composition root hands to whoever runs it. */
import type { Clock } from 'msrp/base';
import type { NameQueries } from 'msrp/node';
import type { Eventually, RunningSource } from '../admin/source.ts';
import type { Traces } from '../admin/traces.ts';
import type { GuardLink } from '../auth/auth-guard.ts';
import type { WorkerPlace } from '../cluster/local-link.ts';
import type { Operation } from '../relay/operation.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import type { Config } from './config.ts';
import type { Logger } from './logging.ts';
import type { Rendezvous } from './rendezvous.ts';

/** What is to change has been made, and nothing of it is in force. One of the two is to be called. */
export interface PreparedChange {
  /** Puts it in place; resolves with the keys whose change needs a restart. */
  commit(): Promise<string[]>;
  undo(): Promise<void>;
}

/** A relay as a service runs it, in this process or in others: running → draining → closed, never backwards. */
export interface ServedRelay extends RunningSource {
  /** `starting`: nothing accepts connections at the moment. */
  readonly state: 'starting' | 'running' | 'draining' | 'closed';
  /** Takes over rates, limits and the level of the log alone. */
  tune(config: Config): Eventually<void>;
  /** Takes over what can change while running; resolves with the keys whose change needs a restart. When it rejects, nothing has changed. */
  reload(config: Config): Promise<string[]>;
  /** Accepts nothing new, lets open transactions settle, closes; at the latest `deadlineMs` from now. */
  drain(deadlineMs: number): Promise<void>;
  /** Closes at once; also ends a drain. A second call does nothing. */
  close(): Promise<void>;
}

/** A relay in this process. */
export interface RunningRelay extends ServedRelay {
  readonly snapshot: () => RelaySnapshot;
  readonly operation: Operation;
  readonly traces: Traces;
  /** The first half of a reload: everything that can go wrong. */
  prepare(config: Config): Promise<PreparedChange>;
  /** The first half of a drain: accepts nothing new, and waits for open transactions. Connections stay, also for REPORTs that pass. */
  settle(deadlineMs: number): Promise<void>;
  /** Reports to their senders what is not settled. */
  giveUp(): void;
}

/** What a relay is given besides its configuration. */
export interface RelayContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whom the names of next hops are asked of, whatever the configuration says. */
  readonly nameQueries?: NameQueries;
  /** Where users of the web page find each other; in development mode only. */
  readonly rendezvous?: Rendezvous | undefined;
  /** Which of several workers it is; undefined for a relay that is one process. */
  readonly worker?: WorkerPlace;
  /** To the guards against guessed passwords of the other workers. */
  readonly guardLink?: GuardLink;
  /** What the workers make the keys of TLS session tickets of. */
  readonly ticketSecret?: Uint8Array;
}

/** Builds a relay and opens its listeners; rejects when one cannot be opened. */
export type BuildRelay<Built = ServedRelay> = (config: Config, context: RelayContext) => Promise<Built>;
