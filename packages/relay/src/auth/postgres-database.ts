/** A table of users in PostgreSQL. */
import { Client, type ClientConfig, DatabaseError, Pool, type PoolConfig } from 'pg';
import type { ServerAddress } from './database-address.ts';
import type { ServerOptions } from './database-server.ts';
import type { SubscriberDatabase } from './subscriber-source.ts';
import { type Dialect, type SubscriberRow, type SubscriberTable, subscriberQuery } from './subscriber-table.ts';

const DIALECT: Dialect = { quote: '"', parameter: (at) => `$${at}` };

/** CHAR(n), which comes filled up with blanks. */
const BLANK_PADDED = 1042;

/** The class of errors in which the fault is with the parameters: a character that the database cannot hold. */
const DATA_EXCEPTION = /^22/;

/**
 * What the library leaves to others: a connection that breaks is an error that nobody listens to while it is in use, and ends
 * the process; one that could not be logged in over stays open, and a server has no more than a hundred.
 */
class TidyClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    // The question that was asked over it fails, which is how it is found out.
    this.on('error', () => {});
  }

  override connect(): Promise<Client>;
  override connect(told: (error: Error) => void): void;
  override connect(told?: (error: Error) => void): Promise<Client> | undefined {
    if (told === undefined) return super.connect();
    super.connect((error: Error) => {
      if (error) void this.end();
      told(error);
    });
    return undefined;
  }
}

/** A few connections, opened when they are needed. */
export class PostgresDatabase implements SubscriberDatabase {
  readonly #pool: Pool;
  readonly #query: string;

  constructor(address: ServerAddress, table: SubscriberTable, options: ServerOptions) {
    this.#query = subscriberQuery(table, DIALECT);
    this.#pool = new Pool(poolConfig(address, options));
    // A connection that breaks while nobody uses it is replaced by the next one: that is all there is to do.
    this.#pool.on('error', () => {});
  }

  async rows(parameters: readonly string[], signal: AbortSignal): Promise<readonly SubscriberRow[]> {
    const client = await this.#pool.connect();
    if (signal.aborted) {
      client.release();
      return [];
    }
    const giveUp = () => client.release(true);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      // The name makes it a prepared statement, one a connection.
      const { rows } = await client.query<SubscriberRow>({
        name: 'credential',
        text: this.#query,
        values: [...parameters],
      });
      if (!signal.aborted) client.release();
      return rows;
    } catch (cause) {
      const isUnaskable = cause instanceof DatabaseError && DATA_EXCEPTION.test(cause.code ?? '');
      if (!signal.aborted) client.release(!isUnaskable);
      if (isUnaskable) return [];
      throw cause;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }
}

function poolConfig(address: ServerAddress, { password, tls, timeoutMs, connections }: ServerOptions): PoolConfig {
  const { host, port, user, database, socket } = address;
  const ssl: ClientConfig['ssl'] = tls === undefined ? false : { ...tls, rejectUnauthorized: true };
  return {
    host: socket ?? host,
    port,
    user,
    // Without one the library would look into the environment, and into files.
    password: password ?? '',
    database,
    ssl,
    max: connections,
    Client: TidyClient,
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'msrp-relay',
    types: {
      getTypeParser: (type: number) => (text: string) => (type === BLANK_PADDED ? text.replace(/ +$/, '') : text),
    },
  };
}
