/** A table of users in MySQL or MariaDB. */
import {
  createPool,
  type Pool,
  type PoolConnection,
  type PoolOptions,
  type RowDataPacket,
  type SslOptions,
} from 'mysql2/promise';
import type { ServerAddress } from './database-address.ts';
import type { ServerOptions } from './database-server.ts';
import type { SubscriberDatabase } from './subscriber-source.ts';
import { type Dialect, type SubscriberRow, type SubscriberTable, subscriberQuery } from './subscriber-table.ts';

const DIALECT: Dialect = { quote: '`', parameter: () => '?' };

/** Errors in which the fault is with the parameters: a character that the column cannot hold. */
const UNASKABLE: ReadonlySet<unknown> = new Set([
  1267, // ER_CANT_AGGREGATE_2COLLATIONS
  1366, // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
  3988, // ER_IMPOSSIBLE_STRING_CONVERSION
]);

/** A few connections, opened when they are needed. */
export class MysqlDatabase implements SubscriberDatabase {
  readonly #pool: Pool;
  readonly #query: string;
  #isClosed = false;

  constructor(address: ServerAddress, table: SubscriberTable, options: ServerOptions) {
    this.#query = subscriberQuery(table, DIALECT);
    this.#pool = createPool(poolOptions(address, options));
    // Who gives up waiting for a table that is being changed must not leave a thread behind in the server for a day.
    const seconds = Math.ceil(options.timeoutMs / 1000);
    this.#pool.pool.on('connection', (connection) => {
      connection.query(`SET SESSION lock_wait_timeout = ${seconds}`, () => {});
    });
  }

  async rows(parameters: readonly string[], signal: AbortSignal): Promise<readonly SubscriberRow[]> {
    const connection = await this.#pool.getConnection();
    if (signal.aborted) {
      connection.release();
      return [];
    }
    const giveUp = () => connection.destroy();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      // Prepared, one a connection.
      const [rows] = await connection.execute<(SubscriberRow & RowDataPacket)[]>(this.#query, [...parameters]);
      release(connection, signal);
      return rows;
    } catch (cause) {
      const isUnaskable = cause instanceof Error && 'errno' in cause && UNASKABLE.has(cause.errno);
      if (!isUnaskable) connection.destroy();
      else release(connection, signal);
      if (isUnaskable) return [];
      throw cause;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pool.end();
  }
}

/** One that was given up is destroyed already. */
function release(connection: PoolConnection, signal: AbortSignal): void {
  if (!signal.aborted) connection.release();
}

function poolOptions(address: ServerAddress, { password, tls, timeoutMs, connections }: ServerOptions): PoolOptions {
  const { host, port, user, database, socket } = address;
  const ca = tls?.ca;
  const ssl: SslOptions = { ...(ca === undefined ? {} : { ca }), rejectUnauthorized: true, verifyIdentity: true };
  return {
    ...(socket === undefined ? { host, port } : { socketPath: socket }),
    user,
    password: password ?? '',
    database,
    ...(tls === undefined ? {} : { ssl }),
    connectionLimit: connections,
    connectTimeout: timeoutMs,
    enableKeepAlive: true,
  };
}
