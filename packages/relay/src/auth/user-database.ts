/** Adding, changing and removing the users of an SQLite file, beside a relay that reads it. */
import type { DatabaseSync } from 'node:sqlite';
import { CredentialsError } from './credentials-error.ts';
import { ha1sOf } from './ha1s.ts';
import { asCredentialsError, openUserFile } from './user-file.ts';

/** How long a change waits for another process that changes the same file. */
const BUSY_TIMEOUT_MS = 5_000;

/** A user, without anything secret. */
export interface UserEntry {
  readonly user: string;
  readonly realm: string;
  /** False when the user is blocked: the right password is then answered 403. */
  readonly mayUse: boolean;
}

/** The file of users, made when it is missing. Users, realms and passwords are texts; passwords are never stored. */
export class UserDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;

  /** @throws CredentialsError NO_DATABASE (no such directory), NO_PERMISSION, NOT_A_USER_DATABASE, NEWER_DATABASE, DATABASE_FAILED. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openUserFile(path, { create: true, busyTimeoutMs: BUSY_TIMEOUT_MS });
    this.#database.exec('PRAGMA secure_delete = ON'); // what was removed is overwritten
  }

  /** @throws CredentialsError USER_EXISTS, BAD_USER_NAME, BAD_PASSWORD, DATABASE_FAILED. */
  add(user: string, realm: string, password: string): void {
    const ha1s = ha1sOf(user, realm, password);
    const changes = this.#run(
      'INSERT OR IGNORE INTO users (realm, user, ha1_md5, ha1_sha_256, ha1_sha_512_256) VALUES (?, ?, ?, ?, ?)',
      [realm.normalize('NFC'), user.normalize('NFC'), ha1s.MD5, ha1s['SHA-256'], ha1s['SHA-512-256']],
    );
    if (changes === 0) throw new CredentialsError('USER_EXISTS', `there is a user ${user} in ${realm} already`);
  }

  /** @throws CredentialsError NO_SUCH_USER, BAD_USER_NAME, BAD_PASSWORD, DATABASE_FAILED. */
  setPassword(user: string, realm: string, password: string): void {
    const ha1s = ha1sOf(user, realm, password);
    this.#change(
      'UPDATE users SET ha1_md5 = ?, ha1_sha_256 = ?, ha1_sha_512_256 = ? WHERE realm = ? AND user = ?',
      [ha1s.MD5, ha1s['SHA-256'], ha1s['SHA-512-256']],
      user,
      realm,
    );
  }

  /** Blocks a user without forgetting the password, or lets a blocked one in again. @throws CredentialsError NO_SUCH_USER, DATABASE_FAILED. */
  setMayUse(user: string, realm: string, mayUse: boolean): void {
    this.#change('UPDATE users SET may_use = ? WHERE realm = ? AND user = ?', [mayUse ? 1 : 0], user, realm);
  }

  /** @throws CredentialsError NO_SUCH_USER, DATABASE_FAILED. */
  remove(user: string, realm: string): void {
    this.#change('DELETE FROM users WHERE realm = ? AND user = ?', [], user, realm);
  }

  /** All users, by realm and name. @throws CredentialsError DATABASE_FAILED. */
  list(): UserEntry[] {
    const rows = this.#ask(() =>
      this.#database.prepare('SELECT user, realm, may_use FROM users ORDER BY realm, user').all(),
    );
    return rows.map((row) => ({ user: String(row.user), realm: String(row.realm), mayUse: row.may_use === 1 }));
  }

  /** A second call does nothing. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** Runs a statement whose last parameters are realm and user, which must exist. */
  #change(sql: string, values: readonly (string | number)[], user: string, realm: string): void {
    const changes = this.#run(sql, [...values, realm.normalize('NFC'), user.normalize('NFC')]);
    if (changes === 0) throw new CredentialsError('NO_SUCH_USER', `there is no user ${user} in ${realm}`);
  }

  #run(sql: string, values: readonly (string | number)[]): number {
    return Number(this.#ask(() => this.#database.prepare(sql).run(...values)).changes);
  }

  #ask<Answer>(ask: () => Answer): Answer {
    try {
      return ask();
    } catch (error) {
      throw asCredentialsError(this.#path, error);
    }
  }
}
