/** An entry of `credentials` to the store that it describes. */
import type { CredentialStore } from '../auth/credential-store.ts';
import { parseDatabaseAddress } from '../auth/database-address.ts';
import { EphemeralStore } from '../auth/ephemeral-store.ts';
import { HttpSource } from '../auth/http-source.ts';
import type { JwtKeys } from '../auth/jwt-store.ts';
import { readPublicKeys } from '../auth/public-keys.ts';
import { RemoteKeys } from '../auth/remote-keys.ts';
import { RemoteStore, type RemoteStoreOptions, type StoreObserver } from '../auth/remote-store.ts';
import { SqliteStore } from '../auth/sqlite-store.ts';
import { StaticStore } from '../auth/static-store.ts';
import { openSubscriberStore } from '../auth/subscriber-store.ts';
import { SUBSCRIBER_LAYOUTS, type SubscriberTable } from '../auth/subscriber-table.ts';
import type { Config } from './config.ts';
import { leavesMachine } from './config-credential-rules.ts';
import { KEY_ALGORITHMS, SECRET_ALGORITHMS } from './config-jwt.ts';
import type { RelayContext } from './running-relay.ts';

/** What a store is opened with. */
export interface StoreContext extends Pick<RelayContext, 'clock'> {
  readonly observer: StoreObserver;
}

type Settings<Type extends string> = Extract<Config['credentials'][number], { readonly type: Type }>;

/** @throws CredentialsError when it cannot be opened; a server that cannot be reached is no reason. */
export async function openStore(
  settings: Config['credentials'][number],
  { realm }: Pick<Config, 'realm'>,
  context: StoreContext,
): Promise<CredentialStore> {
  switch (settings.type) {
    case 'static':
      return new StaticStore(settings.realm ?? realm, settings.users);
    case 'sqlite':
      return new SqliteStore(settings.path);
    case 'subscriber':
      return openSubscribers(settings, context);
    case 'ephemeral':
      return new EphemeralStore({ ...settings, maySessionsOutlive: settings.sessionsOutlive });
    case 'http': {
      const { url, method, token, ca, tokens } = settings;
      return new RemoteStore(new HttpSource({ url, method, token, ca, tokens }), remoteOptions(settings, context));
    }
    case 'jwt':
      return await openJwts(settings, settings.realm ?? realm, context);
  }
}

/** The library is loaded by those who need it only. */
async function openJwts(settings: Settings<'jwt'>, realm: string, context: StoreContext): Promise<CredentialStore> {
  const { JwtStore } = await import('../auth/jwt-store.ts');
  const { issuers, audiences, userClaim, toleranceMs, secrets } = settings;
  const usual = secrets === undefined ? KEY_ALGORITHMS : SECRET_ALGORITHMS;
  return new JwtStore({
    clock: context.clock,
    keys: jwtKeysOf(settings, context),
    algorithms: settings.algorithms ?? usual,
    issuers,
    audiences,
    toleranceSeconds: toleranceMs / 1000,
    userClaim,
    realm,
  });
}

function jwtKeysOf({ secrets, keys, url, ...settings }: Settings<'jwt'>, { clock, observer }: StoreContext): JwtKeys {
  if (secrets !== undefined) return { kind: 'secrets', secrets };
  if (keys !== undefined) return { kind: 'keys', keys: readPublicKeys(keys).keys };
  if (url === undefined) throw new Error('the rules have judged that there are secrets, keys or a url');
  const { ca, timeoutMs, retryMs, cacheMs, staleMs } = settings;
  const remote = new RemoteKeys('jwt', { clock, observer, url, ca, timeoutMs, retryMs, cacheMs, staleMs });
  return { kind: 'remote', remote };
}

async function openSubscribers(settings: Settings<'subscriber'>, context: StoreContext): Promise<CredentialStore> {
  const address = parseDatabaseAddress(settings.url);
  if (address === undefined) throw new Error('the schema has judged the address');
  return openSubscriberStore({
    ...remoteOptions(settings, context),
    address,
    table: tableOf(settings),
    password: settings.password,
    tls: (settings.tls ?? leavesMachine(address)) ? { ca: settings.ca } : undefined,
  });
}

function remoteOptions(
  settings: Settings<'subscriber' | 'http'>,
  { clock, observer }: StoreContext,
): RemoteStoreOptions {
  const { timeoutMs, failures, retryMs, cacheMs, staleMs, cacheUsers } = settings;
  return {
    clock,
    observer,
    timeoutMs,
    failures,
    restMs: retryMs,
    freshMs: cacheMs,
    staleMs,
    cacheEntries: cacheUsers,
  };
}

function tableOf(settings: Settings<'subscriber'>): SubscriberTable {
  const { layout, table, columns, plainPasswords, useDomain, domain } = settings;
  const chosen = columns ?? { ...SUBSCRIBER_LAYOUTS[layout], password: 'password' };
  const password = plainPasswords ? chosen.password : undefined;
  return { table, columns: { ...chosen, password }, usesDomain: useDomain, domain };
}
