/** A relay from outside: what the composition root hands to whoever runs it. */
import type { Clock } from 'msrp/base';
import type { NameQueries } from 'msrp/node';
import type { Traces } from '../admin/traces.ts';
import type { Operation } from '../relay/operation.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import type { Config } from './config.ts';
import type { Logger } from './logging.ts';
import type { Rendezvous } from './rendezvous.ts';

/** A relay that accepts connections: running → draining → closed, never backwards. */
export interface RunningRelay {
  /** One URI a listener, with the port that the system has chosen where port 0 was asked for: `tls://127.0.0.1:2855`. */
  readonly listening: readonly string[];
  readonly state: 'running' | 'draining' | 'closed';
  /** Copies the counters. Cheap enough for every scrape, too dear for every message. */
  readonly snapshot: () => RelaySnapshot;
  /** For an operator: what there is, and what can be done about it. */
  readonly operation: Operation;
  readonly traces: Traces;
  /** Takes over rates and limits alone. */
  tune(config: Pick<Config, 'rates' | 'limits'>): void;
  /** Takes over what can change while running; resolves with the keys whose change needs a restart. */
  reload(config: Config): Promise<string[]>;
  /** Accepts nothing new, lets open transactions settle, closes; at the latest `deadlineMs` from now. */
  drain(deadlineMs: number): Promise<void>;
  /** Closes at once; also ends a drain. A second call does nothing. */
  close(): Promise<void>;
}

/** What a relay is given besides its configuration. */
export interface RelayContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whom the names of next hops are asked of, whatever the configuration says. */
  readonly nameQueries?: NameQueries;
  /** Where users of the web page find each other; in development mode only. */
  readonly rendezvous?: Rendezvous | undefined;
}

/** Builds a relay and opens its listeners; rejects when one cannot be opened. */
export type BuildRelay = (config: Config, context: RelayContext) => Promise<RunningRelay>;
