/** Finds addresses and relays by name: asks nothing twice that it knows, and not too much at a time. RFC 4976 §8. */
import { type Clock, systemClock } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import { isInvalidName, type Lookup } from './addresses.ts';
import { type Found, LookupCache } from './lookup-cache.ts';
import { LookupLine } from './lookup-line.ts';
import { type NameQueries, nameQueries } from './name-queries.ts';
import type { ServiceRecord } from './service-records.ts';

/** How a resolver looks things up. */
export interface ResolverOptions {
  readonly clock?: Clock | undefined;
  /** Who is asked, and how; the system when absent. */
  readonly queries?: NameQueries | undefined;
  /** Names remembered, each for its addresses and for its SRV records. */
  readonly maxNames?: number | undefined;
  /** Look-ups at a time, and how many more may wait. */
  readonly maxRunning?: number | undefined;
  readonly maxWaiting?: number | undefined;
}

/** For so long a failure is not asked about again: as long as a relay remembers that a node could not be reached. */
const FAILURE_MS = 5000;

/** One for everybody who dials: its memory and its bounds are shared. */
export class Resolver {
  readonly #addresses: LookupCache<readonly string[]>;
  readonly #services: LookupCache<readonly ServiceRecord[]>;
  readonly #line: LookupLine;
  #queries: NameQueries;

  constructor(options: ResolverOptions = {}) {
    const { clock = systemClock, maxNames = 4096, maxRunning = 100, maxWaiting = 200 } = options;
    this.#queries = options.queries ?? nameQueries('system');
    this.#addresses = new LookupCache(clock, maxNames, FAILURE_MS);
    this.#services = new LookupCache(clock, maxNames, FAILURE_MS);
    this.#line = new LookupLine(maxRunning, maxWaiting);
  }

  /**
   * The addresses of a name, in the order in which they are to be tried. Can be handed around: a {@link Lookup}.
   *
   * @throws MsrpError `MSRP_LOOKUP_FAILED` when none is found, `MSRP_LOOKUP_BUSY` when too many look-ups wait already.
   */
  readonly addresses: Lookup = (host) => this.#find(this.#addresses, host, (name) => this.#queries.addresses(name));

  /**
   * The SRV records `_msrps._tcp` of a name, in no order; none when it has none. There is no `_msrp._tcp`.
   *
   * @throws MsrpError as `addresses` does; `MSRP_LOOKUP_FAILED` only when nobody could say.
   */
  services(host: string): Promise<readonly ServiceRecord[]> {
    return this.#find(this.#services, host, (name) => this.#queries.services(name));
  }

  /** Asks in this way from now on, and forgets what it knows. */
  reload(queries: NameQueries): void {
    this.#queries = queries;
    this.#addresses.clear();
    this.#services.clear();
  }

  /** Looks up nothing more: what is under way or waits fails. */
  close(): void {
    const queries = this.#queries;
    this.reload({ addresses: refuse, services: refuse, cancel: () => {} });
    queries.cancel();
  }

  async #find<T>(cache: LookupCache<T>, host: string, ask: (name: string) => Promise<Found<T>>): Promise<T> {
    const name = host.toLowerCase();
    if (isInvalidName(name)) throw new MsrpError('MSRP_LOOKUP_FAILED', 'names under .invalid are never looked up');
    return cache.find(name, () => this.#line.run(() => ask(name)));
  }
}

async function refuse(): Promise<never> {
  throw new MsrpError('MSRP_LOOKUP_FAILED', 'the resolver is closed');
}
