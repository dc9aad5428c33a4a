import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CredentialsError } from '../../src/auth/credentials-error.ts';
import { UserDatabase } from '../../src/auth/user-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

function openDatabase(path = join(temporaryDirectory(), 'users.db')): UserDatabase {
  const database = new UserDatabase(path);
  onTestFinished(() => database.close());
  return database;
}

/** The error that `act` throws. */
function errorOf(act: () => unknown): CredentialsError {
  try {
    act();
  } catch (error) {
    if (error instanceof CredentialsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('UserDatabase', () => {
  it('adds, lists, blocks, unblocks and removes users', () => {
    const database = openDatabase();
    database.add('bob', 'realm', 'secret');
    database.add('alice', 'realm', 'secret');
    database.add('alice', 'other', 'secret');
    database.setMayUse('bob', 'realm', false);
    expect(database.list()).toEqual([
      { user: 'alice', realm: 'other', mayUse: true },
      { user: 'alice', realm: 'realm', mayUse: true },
      { user: 'bob', realm: 'realm', mayUse: false },
    ]);
    database.setMayUse('bob', 'realm', true);
    database.remove('alice', 'realm');
    database.remove('alice', 'other');
    expect(database.list()).toEqual([{ user: 'bob', realm: 'realm', mayUse: true }]);
  });

  it('keeps a user blocked when the password changes', () => {
    const database = openDatabase();
    database.add('bob', 'realm', 'secret');
    database.setMayUse('bob', 'realm', false);
    database.setPassword('bob', 'realm', 'other');
    expect(database.list()).toEqual([{ user: 'bob', realm: 'realm', mayUse: false }]);
  });

  it('takes names in any normal form for the same user (AU-57)', () => {
    const database = openDatabase();
    database.add('zoe\u0308', 'cafe\u0301', 'secret');
    expect(errorOf(() => database.add('zo\u00eb', 'caf\u00e9', 'secret')).code).toBe('USER_EXISTS');
    database.remove('zo\u00eb', 'caf\u00e9');
    expect(database.list()).toEqual([]);
  });

  it('says which user exists already or does not', () => {
    const database = openDatabase();
    database.add('bob', 'realm', 'secret');
    expect(errorOf(() => database.add('bob', 'realm', 'secret'))).toMatchObject({
      code: 'USER_EXISTS',
      message: 'there is a user bob in realm already',
    });
    for (const act of [
      () => database.setPassword('eve', 'realm', 'x'),
      () => database.setMayUse('eve', 'realm', false),
      () => database.remove('eve', 'realm'),
      () => database.remove('bob', 'other'),
    ]) {
      expect(errorOf(act).code).toBe('NO_SUCH_USER');
    }
  });

  it('refuses user names with a colon and empty passwords (AU-57)', () => {
    const database = openDatabase();
    expect(errorOf(() => database.add('a:b', 'realm', 'x')).code).toBe('BAD_USER_NAME');
    expect(errorOf(() => database.add('bob', 'realm', '')).code).toBe('BAD_PASSWORD');
    database.add('bob', 'realm', 'x');
    expect(errorOf(() => database.setPassword('bob', 'realm', '')).code).toBe('BAD_PASSWORD');
  });

  it('never writes a password to the disk, and overwrites what is removed (SE-12)', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'users.db');
    const database = openDatabase(path);
    database.add('bob', 'realm', 'canary-password');
    database.setPassword('bob', 'realm', 'canary-changed');
    for (const file of readdirSync(directory))
      expect(readFileSync(join(directory, file)).includes('canary')).toBe(false);
    database.remove('bob', 'realm');
    database.close();
    expect(readFileSync(path).includes('bob')).toBe(false);
  });

  it('makes all its files readable for their owner alone (SE-12)', () => {
    const directory = temporaryDirectory();
    openDatabase(join(directory, 'users.db')).add('bob', 'realm', 'secret');
    const modes = readdirSync(directory).map((file) => [file, statSync(join(directory, file)).mode & 0o777]);
    expect(modes).toEqual([
      ['users.db', 0o600],
      ['users.db-shm', 0o600],
      ['users.db-wal', 0o600],
    ]);
  });

  it('can be opened again, by two at once', () => {
    const path = join(temporaryDirectory(), 'users.db');
    const first = openDatabase(path);
    const second = openDatabase(path);
    first.add('alice', 'realm', 'secret');
    second.add('bob', 'realm', 'secret');
    expect(first.list()).toEqual(second.list());
  });

  it('takes up an empty file, as a crash right after its making leaves it', () => {
    const path = join(temporaryDirectory(), 'users.db');
    writeFileSync(path, '');
    openDatabase(path).add('alice', 'realm', 'secret');
  });

  it('can be closed twice', () => {
    const database = openDatabase();
    database.close();
    database.close();
  });
});

describe('UserDatabase refuses, with a clear error,', () => {
  it('a path in a directory that does not exist', () => {
    const path = join(temporaryDirectory(), 'missing', 'users.db');
    const error = errorOf(() => new UserDatabase(path));
    expect(error.code).toBe('NO_DATABASE');
    expect(error.message).toMatch(/^no directory .*missing$/);
  });

  it('a directory, or a path through a file', () => {
    const directory = temporaryDirectory();
    expect(errorOf(() => new UserDatabase(directory)).code).toBe('NOT_A_USER_DATABASE');
    writeFileSync(join(directory, 'file'), 'x');
    expect(errorOf(() => new UserDatabase(join(directory, 'file', 'users.db'))).code).toBe('NO_DATABASE');
  });

  it('a file that is not a database, which it leaves as it is', () => {
    const path = join(temporaryDirectory(), 'users.db');
    writeFileSync(path, 'junk'.repeat(1_000));
    expect(errorOf(() => new UserDatabase(path)).code).toBe('NOT_A_USER_DATABASE');
    expect(readFileSync(path, 'utf8')).toBe('junk'.repeat(1_000));
  });

  it("somebody else's database, which it leaves as it is", () => {
    const path = join(temporaryDirectory(), 'users.db');
    const foreign = new DatabaseSync(path);
    foreign.exec('CREATE TABLE cats (name TEXT)');
    foreign.close();
    expect(errorOf(() => new UserDatabase(path)).code).toBe('NOT_A_USER_DATABASE');
    const again = new DatabaseSync(path);
    expect(again.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'cats' }]);
    again.close();
  });

  it('a database that a newer release made', () => {
    const path = join(temporaryDirectory(), 'users.db');
    new UserDatabase(path).close();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 2');
    newer.close();
    const error = errorOf(() => new UserDatabase(path));
    expect(error.code).toBe('NEWER_DATABASE');
    expect(error.message).toMatch(/has version 2, made by a newer release; this one knows 1$/);
  });

  it('a table that is gone', () => {
    const path = join(temporaryDirectory(), 'users.db');
    const database = openDatabase(path);
    const vandal = new DatabaseSync(path);
    vandal.exec('DROP TABLE users');
    vandal.close();
    expect(errorOf(() => database.list())).toMatchObject({ code: 'DATABASE_FAILED' });
    expect(errorOf(() => database.add('bob', 'realm', 'canary')).message).not.toContain('canary');
  });
});
