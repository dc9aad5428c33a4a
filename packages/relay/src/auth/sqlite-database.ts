/** A table of users in an SQLite file that somebody else keeps. */
import { existsSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Clock } from 'msrp/base';
import { CredentialsError } from './credentials-error.ts';
import type { SubscriberDatabase } from './subscriber-source.ts';
import { type Dialect, type SubscriberRow, type SubscriberTable, subscriberQuery } from './subscriber-table.ts';

const DIALECT: Dialect = { quote: '"', parameter: () => '?' };

/** Somebody is writing. SQLite could wait by itself, as it does when the file is opened, but the whole relay would wait with it. */
const BUSY = 5;
const RETRY_MS = 10;
const OPEN_MS = 1000;

/** The file, open for reading. */
export class SqliteDatabase implements SubscriberDatabase {
  readonly #clock: Clock;
  readonly #database: DatabaseSync;
  readonly #statement: StatementSync;

  /** @throws CredentialsError NO_DATABASE, DATABASE_FAILED when the file has no such table or columns. */
  constructor(path: string, table: SubscriberTable, clock: Clock) {
    if (!existsSync(path)) throw new CredentialsError('NO_DATABASE', `there is no database ${path}`);
    this.#clock = clock;
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { readOnly: true, timeout: OPEN_MS });
      this.#statement = database.prepare(subscriberQuery(table, DIALECT));
      database.exec('PRAGMA busy_timeout = 0');
      this.#database = database;
    } catch (cause) {
      database?.close();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CredentialsError('DATABASE_FAILED', `database ${path}: ${reason}`, { cause });
    }
  }

  async rows(parameters: readonly string[], signal: AbortSignal): Promise<readonly SubscriberRow[]> {
    for (;;) {
      try {
        return this.#statement.all(...parameters);
      } catch (cause) {
        const isBusy = cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY;
        if (!isBusy || signal.aborted) throw cause;
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS, resolve));
      }
    }
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }
}
