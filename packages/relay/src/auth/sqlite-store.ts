/** Users in an SQLite file, as the relay reads them. `UserDatabase` writes them. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DigestAlgorithm } from 'msrp/digest';
import { type Credential, type CredentialStore, StoreUnavailable } from './credential-store.ts';
import { openUserFile } from './user-file.ts';

/** Readers do not wait for writers; only recovery after a crash makes them wait, and then the whole relay with them. */
const BUSY_TIMEOUT_MS = 100;

/** The file, open, with its statements prepared. */
interface Opened {
  readonly database: DatabaseSync;
  readonly statements: Readonly<Record<DigestAlgorithm, StatementSync>>;
}

/** Looks users up in a file that other processes may change meanwhile: every look sees the newest state. */
export class SqliteStore implements CredentialStore {
  readonly name = 'sqlite';
  readonly #path: string;
  #opened: Opened;

  /**
   * @param path - a file that `UserDatabase` made.
   * @throws CredentialsError NO_DATABASE, NO_PERMISSION, NOT_A_USER_DATABASE, NEWER_DATABASE,
   *   DATABASE_FAILED.
   */
  constructor(path: string) {
    this.#path = path;
    this.#opened = open(path);
  }

  async find(user: string, realm: string, algorithm: DigestAlgorithm): Promise<Credential | undefined> {
    try {
      const row = this.#opened.statements[algorithm].get(realm, user);
      return row && { ha1: String(row.ha1), mayUse: row.mayUse === 1 };
    } catch (error) {
      throw new StoreUnavailable(`user database ${this.#path} cannot be read`, { cause: error });
    }
  }

  /** Opens the file anew, which matters when another one was put in its place. @throws CredentialsError. */
  async reload(): Promise<void> {
    const { database } = this.#opened;
    this.#opened = open(this.#path);
    if (database.isOpen) database.close();
  }

  async close(): Promise<void> {
    if (this.#opened.database.isOpen) this.#opened.database.close();
  }
}

function open(path: string): Opened {
  const database = openUserFile(path, { create: false, busyTimeoutMs: BUSY_TIMEOUT_MS });
  const select = (column: string) =>
    database.prepare(`SELECT ${column} AS ha1, may_use AS mayUse FROM users WHERE realm = ? AND user = ?`);
  return {
    database,
    statements: {
      MD5: select('ha1_md5'),
      'SHA-256': select('ha1_sha_256'),
      'SHA-512-256': select('ha1_sha_512_256'),
    },
  };
}
