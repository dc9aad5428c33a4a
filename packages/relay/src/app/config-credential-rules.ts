/** What the entries of `credentials` demand of one another, and of the rest of the configuration. */
import { isIP } from 'node:net';
import { type DatabaseAddress, parseDatabaseAddress } from '../auth/database-address.ts';
import { COLUMN_OF, SUBSCRIBER_LAYOUTS, type SubscriberColumns } from '../auth/subscriber-table.ts';
import type { CredentialSettings } from './config-credentials.ts';
import { checkJwt } from './config-jwt-rules.ts';
import type { Finding, Judged } from './config-rules.ts';
import { isLoopback } from './config-values.ts';

type Settings<Type extends string> = Extract<CredentialSettings, { readonly type: Type }>;

/** Everything that is wrong with stores that are right in themselves. */
export function checkCredentials({ credentials = [], auth, trustedNetwork }: Judged): Finding[] {
  return credentials.flatMap((store, at) => {
    if (store.type === 'http') return [...checkService(store.url, trustedNetwork, at), ...checkTokens(store, at)];
    if (store.type === 'jwt') return [...checkJwt(store, at), ...checkService(store.url, trustedNetwork, at)];
    if (store.type !== 'subscriber') return [];
    const address = parseDatabaseAddress(store.url);
    return [
      ...checkPassword(store, address, at),
      ...checkTls(store.tls, address !== undefined && leavesMachine(address), trustedNetwork, at),
      ...checkHost(store.tls, address, at),
      ...checkAlgorithms(store, auth?.algorithms ?? [], at),
    ];
  });
}

/** Whether what is said to a database can be heard on a network. */
export function leavesMachine(address: DatabaseAddress): boolean {
  return address.kind !== 'sqlite' && address.socket === undefined && !isLoopback(address.host);
}

function checkPassword(store: Settings<'subscriber'>, address: DatabaseAddress | undefined, at: number): Finding[] {
  const isTwice = store.password !== undefined && address?.kind !== 'sqlite' && address?.password !== undefined;
  return isTwice ? [{ path: ['credentials', at, 'password'], text: 'expected here or in url, found in both' }] : [];
}

/** H(A1)s are as good as passwords: whoever hears them can log in. */
function checkTls(tls: boolean | undefined, isHeard: boolean, trusted: boolean | undefined, at: number): Finding[] {
  if (tls !== false || !isHeard || trusted !== false) return [];
  const text = 'expected true, or trustedNetwork: true, because the store is on another machine; found false';
  return [{ path: ['credentials', at, 'tls'], text }];
}

/** The library for MySQL checks names only: of an address it would take the certificate of `localhost`. */
function checkHost(tls: boolean | undefined, address: DatabaseAddress | undefined, at: number): Finding[] {
  if (address?.kind !== 'mysql' || isIP(address.host) === 0 || !(tls ?? leavesMachine(address))) return [];
  const text = 'expected the name of a host, for its certificate to be checked, found an address';
  return [{ path: ['credentials', at, 'url'], text }];
}

/** Addresses stand in the logs of everybody who passes them on. */
function checkTokens({ tokens, method }: Settings<'http'>, at: number): Finding[] {
  if (!tokens || method === 'POST') return [];
  return [{ path: ['credentials', at, 'method'], text: 'expected POST, because tokens is true; found GET' }];
}

function checkService(url: string | undefined, trusted: boolean | undefined, at: number): Finding[] {
  if (url === undefined) return [];
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')) || trusted !== false) return [];
  const text = 'expected https://, or trustedNetwork: true, because the service is on another machine; found http://';
  return [{ path: ['credentials', at, 'url'], text }];
}

/** A client takes the first algorithm that it knows: it must not be one that its user has nothing for. */
function checkAlgorithms(
  { layout, columns, plainPasswords }: Settings<'subscriber'>,
  algorithms: readonly (keyof typeof COLUMN_OF)[],
  at: number,
): Finding[] {
  const chosen: SubscriberColumns = columns ?? SUBSCRIBER_LAYOUTS[layout];
  return algorithms
    .filter((algorithm) => !plainPasswords && chosen[COLUMN_OF[algorithm]] === undefined)
    .map((algorithm) => {
      const wanted = `columns.${COLUMN_OF[algorithm]}, plainPasswords: true, or auth.algorithms without ${algorithm}`;
      return { path: ['credentials', at, 'columns'], text: `expected ${wanted}, found no H(A1) for it` };
    });
}
