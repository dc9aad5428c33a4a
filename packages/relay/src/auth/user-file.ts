/** The SQLite file that holds the users: where it is, whether it is ours, and what its table looks like. */
import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CredentialsError, type CredentialsErrorCode } from './credentials-error.ts';

/** "MSRP" in the file's application_id, so that somebody else's database is not taken for ours. */
const APPLICATION_ID = 0x4d_53_52_50;
const SCHEMA_VERSION = 1;

/** One row a user; one column an algorithm. There is no column for a password. */
const SCHEMA = `
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS users (
    realm TEXT NOT NULL,
    user TEXT NOT NULL,
    ha1_md5 TEXT NOT NULL,
    ha1_sha_256 TEXT NOT NULL,
    ha1_sha_512_256 TEXT NOT NULL,
    may_use INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (realm, user)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
  COMMIT`;

/** How to open the file. */
export interface UserFileOptions {
  /** Make the file, with mode 0600, and its table when they are missing; the directory must be there. */
  readonly create: boolean;
  /** How long a statement waits for another process, blocking this one. */
  readonly busyTimeoutMs: number;
}

/**
 * Opens the database and makes sure that it is one of ours. The caller closes it.
 *
 * @throws CredentialsError NO_DATABASE, NO_PERMISSION, NOT_A_USER_DATABASE, NEWER_DATABASE,
 *   DATABASE_FAILED.
 */
export function openUserFile(path: string, { create, busyTimeoutMs }: UserFileOptions): DatabaseSync {
  if (create) createFile(path);
  checkFile(path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: busyTimeoutMs });
    checkContent(path, database, create);
    return database;
  } catch (error) {
    database?.close();
    throw asCredentialsError(path, error);
  }
}

/** What SQLite complained about, as an error of ours; an error of ours stays as it is. */
export function asCredentialsError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const code: CredentialsErrorCode = error.errcode === 26 ? 'NOT_A_USER_DATABASE' : 'DATABASE_FAILED'; // SQLITE_NOTADB
  return new CredentialsError(code, `user database ${path}: ${error.message}`, { cause: error });
}

/** An empty file is a database without tables. SQLite gives the files it puts beside it the same mode. */
function createFile(path: string): void {
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return; // somebody was faster
    throw fileError(path, error);
  }
}

/**
 * Finds out by looking, not by opening: to close a second descriptor of a database that is
 * open elsewhere in this process would drop the locks that SQLite holds on it.
 */
function checkFile(path: string): void {
  try {
    if (!statSync(path).isFile()) throw new CredentialsError('NOT_A_USER_DATABASE', `${path} is not a file`);
    accessSync(path, constants.R_OK | constants.W_OK);
    accessSync(dirname(path), constants.W_OK); // for SQLite's own files beside it
  } catch (error) {
    throw fileError(path, error);
  }
}

function fileError(path: string, error: unknown): unknown {
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const missing = existsSync(dirname(path)) ? `there is no user database ${path}` : `no directory ${dirname(path)}`;
      return new CredentialsError('NO_DATABASE', missing, { cause: error });
    }
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': {
      const message = `user database ${path}: the file and its directory must be readable and writable`;
      return new CredentialsError('NO_PERMISSION', message, { cause: error });
    }
    default:
      return error;
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function checkContent(path: string, database: DatabaseSync, create: boolean): void {
  const version = pragma(database, 'user_version');
  const applicationId = pragma(database, 'application_id');
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (isEmpty && version === 0 && create) {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(SCHEMA);
    return;
  }
  if (applicationId !== APPLICATION_ID) {
    throw new CredentialsError('NOT_A_USER_DATABASE', `${path} is not a user database of this relay`);
  }
  if (version > SCHEMA_VERSION) {
    const message = `user database ${path} has version ${version}, made by a newer release; this one knows ${SCHEMA_VERSION}`;
    throw new CredentialsError('NEWER_DATABASE', message);
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
