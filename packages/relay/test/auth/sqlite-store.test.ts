import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/auth/credential-store.ts';
import { SqliteStore } from '../../src/auth/sqlite-store.ts';
import { UserDatabase } from '../../src/auth/user-database.ts';
import { credentialStoreSuite, SUITE_REALM, SUITE_USERS } from './credential-store.suite.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A database with these users, closed again. */
function makeUsers(path: string, users: Readonly<Record<string, string>>, realm = 'realm'): void {
  const database = new UserDatabase(path);
  for (const [user, password] of Object.entries(users)) database.add(user, realm, password);
  database.close();
}

function openStore(path: string): SqliteStore {
  const store = new SqliteStore(path);
  onTestFinished(() => store.close());
  return store;
}

credentialStoreSuite('sqlite', async () => {
  const path = join(temporaryDirectory(), 'users.db');
  makeUsers(path, SUITE_USERS, SUITE_REALM);
  return new SqliteStore(path);
});

describe('SqliteStore', () => {
  it('sees at once what another connection changes', async () => {
    const path = join(temporaryDirectory(), 'users.db');
    makeUsers(path, { alice: 'one' });
    const store = openStore(path);
    const before = await store.find('alice', 'realm', 'MD5');
    const database = new UserDatabase(path);
    database.setPassword('alice', 'realm', 'two');
    const changed = await store.find('alice', 'realm', 'MD5');
    expect(changed?.ha1).not.toBe(before?.ha1);
    database.setMayUse('alice', 'realm', false);
    expect(await store.find('alice', 'realm', 'MD5')).toEqual({ ha1: changed?.ha1, mayUse: false });
    database.remove('alice', 'realm');
    database.close();
    expect(await store.find('alice', 'realm', 'MD5')).toBeUndefined();
  });

  it('reads while another connection is in the middle of writing', async () => {
    const path = join(temporaryDirectory(), 'users.db');
    makeUsers(path, { alice: 'one' });
    const store = openStore(path);
    const writer = new DatabaseSync(path);
    onTestFinished(() => writer.close());
    writer.exec('BEGIN IMMEDIATE; DELETE FROM users');
    expect(await store.find('alice', 'realm', 'MD5')).toBeDefined();
    writer.exec('ROLLBACK');
  });

  it('keeps the users of different realms apart', async () => {
    const path = join(temporaryDirectory(), 'users.db');
    makeUsers(path, { alice: 'one' }, 'first');
    makeUsers(path, { alice: 'one' }, 'second');
    const store = openStore(path);
    const [first, second] = await Promise.all(
      ['first', 'second'].map((realm) => store.find('alice', realm, 'SHA-256')),
    );
    expect(first?.ha1).not.toBe(second?.ha1);
  });

  it('looks a user up with one step into an index', () => {
    const path = join(temporaryDirectory(), 'users.db');
    makeUsers(path, {});
    const database = new DatabaseSync(path);
    const plan = database.prepare('EXPLAIN QUERY PLAN SELECT 1 FROM users WHERE realm = ? AND user = ?').all('r', 'u');
    database.close();
    expect(plan.map((step) => step.detail)).toEqual(['SEARCH users USING PRIMARY KEY (realm=? AND user=?)']);
  });

  it('takes up a file that was put in the place of the old one, when told to reload', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'users.db');
    makeUsers(path, { alice: 'one' });
    const store = openStore(path);
    makeUsers(join(directory, 'new.db'), { bob: 'two' });
    renameSync(join(directory, 'new.db'), path);
    await store.reload();
    expect(await store.find('bob', 'realm', 'MD5')).toBeDefined();
    expect(await store.find('alice', 'realm', 'MD5')).toBeUndefined();
  });

  it('goes on with the old file when the new one cannot be taken up', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'users.db');
    makeUsers(path, { alice: 'one' });
    const store = openStore(path);
    writeFileSync(join(directory, 'junk'), 'junk'.repeat(1_000));
    renameSync(join(directory, 'junk'), path);
    await expect(store.reload()).rejects.toMatchObject({ code: 'NOT_A_USER_DATABASE' });
    expect(await store.find('alice', 'realm', 'MD5')).toBeDefined();
  });

  it('is unavailable once the file cannot be read, and says so without a secret (AU-60)', async () => {
    const path = join(temporaryDirectory(), 'users.db');
    makeUsers(path, { alice: 'one' });
    const store = openStore(path);
    const vandal = new DatabaseSync(path);
    vandal.exec('DROP TABLE users');
    vandal.close();
    await expect(store.find('alice', 'realm', 'MD5')).rejects.toThrow(StoreUnavailable);
    await store.close();
    await expect(store.find('alice', 'realm', 'MD5')).rejects.toThrow(/^user database \S+ cannot be read$/);
  });

  it('does not make a file that is missing', () => {
    const path = join(temporaryDirectory(), 'users.db');
    expect(() => new SqliteStore(path)).toThrow(expect.objectContaining({ code: 'NO_DATABASE' }));
    writeFileSync(path, '');
    expect(() => new SqliteStore(path)).toThrow(expect.objectContaining({ code: 'NOT_A_USER_DATABASE' }));
  });
});
