/** What becomes of look-ups in credential stores: counted for the metrics, and told to the log once and not for each AUTH. */
import type { LookupOutcome, StoreObserver } from '../auth/remote-store.ts';
import { count } from '../relay/counters.ts';
import type { Counts } from '../relay/snapshot.ts';
import type { Logger } from './logging.ts';

/** Watches all stores of a relay, through every reload. */
export class StoreWatch implements StoreObserver {
  readonly #logger: Logger;
  readonly #lookups = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Look-ups by store and outcome: `subscriber found`. */
  get lookups(): Counts {
    return Object.fromEntries(this.#lookups);
  }

  lookedUp(store: string, outcome: LookupOutcome): void {
    count(this.#lookups, `${store} ${outcome}`);
  }

  failed(store: string, cause: unknown): void {
    this.#logger.warn({ store, reason: reasonOf(cause) }, 'credential store failed');
  }

  changed(store: string, isDown: boolean, cause: unknown): void {
    if (isDown) this.#logger.error({ store, reason: reasonOf(cause) }, 'credential store is down');
    else this.#logger.info({ store }, 'credential store is up again');
  }
}

/** What somebody else complains about. An error that stands for several, as that of a host with two addresses, has no text. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}
