/** Where a database is: a URI such as `postgres://user:password@host/database`, taken apart. */
import { isIP } from 'node:net';

/** A database server, and which database of it. */
export interface ServerAddress {
  readonly kind: 'postgres' | 'mysql';
  /** A name, or an address without brackets; not used when there is a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** As it stands in the URI; undefined when it does not. */
  readonly password: string | undefined;
  readonly database: string;
  /** Path of a Unix socket; for PostgreSQL of its directory. */
  readonly socket: string | undefined;
}

/** A database that is a file; the path is absolute or not, as it was written. */
interface FileAddress {
  readonly kind: 'sqlite';
  readonly path: string;
}

export type DatabaseAddress = ServerAddress | FileAddress;

const KINDS: Readonly<Record<string, { readonly kind: ServerAddress['kind']; readonly port: number }>> = {
  'postgres:': { kind: 'postgres', port: 5432 },
  'postgresql:': { kind: 'postgres', port: 5432 },
  'mysql:': { kind: 'mysql', port: 3306 },
  'mariadb:': { kind: 'mysql', port: 3306 },
};

/**
 * Reads `postgres://`, `postgresql://`, `mysql://`, `mariadb://` with user, host and database; `?socket=PATH` goes before
 * the host. Or `sqlite:PATH`.
 *
 * @returns undefined for anything else, and for parameters that are not known: what is not understood is not ignored.
 */
export function parseDatabaseAddress(text: string): DatabaseAddress | undefined {
  const [, path] = /^sqlite:(?:\/\/(?=\/))?([^?#]+)$/.exec(text) ?? [];
  if (path !== undefined) return { kind: 'sqlite', path };
  const url = URL.parse(text);
  const known = url === null ? undefined : KINDS[url.protocol];
  if (url === null || known === undefined || url.hash !== '') return undefined;
  const socket = url.searchParams.get('socket') ?? undefined;
  if ([...url.searchParams.keys()].some((key, at) => key !== 'socket' || at > 0)) return undefined;
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  if (user === undefined || password === undefined || database === undefined) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (user === '' || database === '' || database.includes('/') || host === '' || socket === '') return undefined;
  const port = url.port === '' ? known.port : Number(url.port);
  return { kind: known.kind, host, port, user, password: password === '' ? undefined : password, database, socket };
}

/** What may be shown of it: no password. */
export function formatDatabaseAddress(address: DatabaseAddress): string {
  if (address.kind === 'sqlite') return address.path;
  const { kind, host, port, database, socket } = address;
  const at = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  return `${kind}://${socket === undefined ? at : socket}/${database}`;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
