/** Opens stores over tables of subscribers for tests, which close them. */
import { systemClock } from 'msrp/base';
import { parseDatabaseAddress } from '../../src/auth/database-address.ts';
import type { RemoteStore } from '../../src/auth/remote-store.ts';
import { openSubscriberStore, type SubscriberStoreOptions } from '../../src/auth/subscriber-store.ts';
import { SUBSCRIBER_LAYOUTS, type SubscriberTable } from '../../src/auth/subscriber-table.ts';

/** Kamailio's table with its H(A1)s for MD5, and the password for the rest. */
export const KAMAILIO_TABLE: SubscriberTable = {
  table: 'subscriber',
  columns: { ...SUBSCRIBER_LAYOUTS.kamailio, password: 'password' },
  usesDomain: true,
};

/** OpenSIPS's. */
export const OPENSIPS: SubscriberTable = {
  table: 'subscriber',
  columns: SUBSCRIBER_LAYOUTS.opensips,
  usesDomain: true,
};

/** A store that remembers nothing and gives up after `timeoutMs`. */
export function openStore(
  uri: string,
  password: string | undefined,
  table: SubscriberTable,
  others: Partial<SubscriberStoreOptions> = {},
): Promise<RemoteStore> {
  const address = parseDatabaseAddress(uri);
  if (address === undefined) throw new Error(`no address: ${uri}`);
  return openSubscriberStore({
    address,
    table,
    password,
    tls: undefined,
    clock: systemClock,
    observer: { lookedUp: () => {}, failed: () => {}, changed: () => {} },
    timeoutMs: 1500,
    failures: 3,
    restMs: 1000,
    freshMs: 0,
    staleMs: 0,
    cacheEntries: 0,
    ...others,
  });
}
