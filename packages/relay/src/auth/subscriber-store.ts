/** Makes a store of the users of a SIP server, in whatever database they are. */
import type { DatabaseAddress } from './database-address.ts';
import type { ServerOptions } from './database-server.ts';
import { RemoteStore, type RemoteStoreOptions } from './remote-store.ts';
import { type SubscriberDatabase, SubscriberSource } from './subscriber-source.ts';
import type { SubscriberTable } from './subscriber-table.ts';

/** Where the users are, and how they are asked for. */
export interface SubscriberStoreOptions extends RemoteStoreOptions {
  readonly address: DatabaseAddress;
  readonly table: SubscriberTable;
  /** Instead of the one in the address. */
  readonly password: string | undefined;
  readonly tls: ServerOptions['tls'];
}

/** A question is short: so few connections answer thousands of them in a second, and a database server counts each. */
const CONNECTIONS = 4;

/**
 * Opens the store. A server need not be there yet: then AUTHs wait for it as they do when it is lost.
 *
 * @throws CredentialsError NO_DATABASE, DATABASE_FAILED for a file.
 */
export async function openSubscriberStore(options: SubscriberStoreOptions): Promise<RemoteStore> {
  const database = await openDatabase(options);
  return new RemoteStore(new SubscriberSource(options.table, database), options);
}

/** The libraries are loaded by those who need them only. */
async function openDatabase(options: SubscriberStoreOptions): Promise<SubscriberDatabase> {
  const { address, table, clock, tls, timeoutMs } = options;
  if (address.kind === 'sqlite') {
    const { SqliteDatabase } = await import('./sqlite-database.ts');
    return new SqliteDatabase(address.path, table, clock);
  }
  const server = { password: options.password ?? address.password, tls, timeoutMs, connections: CONNECTIONS };
  if (address.kind === 'postgres') {
    const { PostgresDatabase } = await import('./postgres-database.ts');
    return new PostgresDatabase(address, table, server);
  }
  const { MysqlDatabase } = await import('./mysql-database.ts');
  return new MysqlDatabase(address, table, server);
}
