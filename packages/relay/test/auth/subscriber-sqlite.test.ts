import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/auth/credential-store.ts';
import { credentialStoreSuite, SUITE_REALM } from './credential-store.suite.ts';
import {
  KAMAILIO_COLUMNS,
  kamailioRows,
  kamailioTables,
  OPENSIPS_COLUMNS,
  OPENSIPS_TABLE,
  opensipsRows,
} from './subscriber-rows.ts';
import { KAMAILIO_TABLE, OPENSIPS, openStore } from './subscriber-stores.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A file with a table and its rows. */
function makeFile(tables: string, columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const path = join(temporaryDirectory(), 'subscribers.sqlite');
  const database = new DatabaseSync(path);
  database.exec(tables);
  const insert = database.prepare(`INSERT INTO subscriber (${columns}) VALUES (${columns.map(() => '?')})`);
  for (const row of rows) insert.run(...row);
  database.close();
  return path;
}

const kamailioFile = () => makeFile(kamailioTables('db_sqlite'), KAMAILIO_COLUMNS, kamailioRows());

async function open(path: string, table = KAMAILIO_TABLE, timeoutMs = 1500) {
  const store = await openStore(`sqlite:${path}`, undefined, table, { timeoutMs });
  onTestFinished(() => store.close());
  return store;
}

credentialStoreSuite('subscribers of Kamailio in SQLite', () =>
  openStore(`sqlite:${kamailioFile()}`, undefined, KAMAILIO_TABLE),
);
credentialStoreSuite('subscribers of OpenSIPS in SQLite', () =>
  openStore(`sqlite://${makeFile(OPENSIPS_TABLE, OPENSIPS_COLUMNS, opensipsRows())}`, undefined, OPENSIPS),
);

describe('a table of subscribers in SQLite', () => {
  it('is waited for while somebody writes, but not for ever, and nothing else waits meanwhile', async () => {
    const path = kamailioFile();
    const store = await open(path, KAMAILIO_TABLE, 100);
    const writer = new DatabaseSync(path);
    onTestFinished(() => writer.close());
    writer.exec('BEGIN EXCLUSIVE');
    const startMs = performance.now();
    await expect(store.find('alice', SUITE_REALM, 'MD5')).rejects.toThrow(StoreUnavailable);
    expect(performance.now() - startMs).toBeGreaterThan(50);
    const asked = store.find('alice', SUITE_REALM, 'MD5');
    setImmediate(() => writer.exec('ROLLBACK'));
    expect(await asked).toBeDefined();
  });

  it('is never written to', async () => {
    const path = kamailioFile();
    const store = await open(path, { ...KAMAILIO_TABLE, table: 'version"; DROP TABLE "subscriber' }).catch(
      () => 'refused',
    );
    expect(store).toBe('refused');
    expect(await (await open(path)).find('alice', SUITE_REALM, 'MD5')).toBeDefined();
  });

  it('has to be there, with its columns, when the store is opened', async () => {
    const missing = join(temporaryDirectory(), 'missing.sqlite');
    await expect(openStore(`sqlite:${missing}`, undefined, OPENSIPS)).rejects.toMatchObject({ code: 'NO_DATABASE' });
    const wrong = openStore(`sqlite:${kamailioFile()}`, undefined, OPENSIPS);
    await expect(wrong).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      message: expect.stringContaining('ha1_sha256'),
    });
  });

  it('is seen as it is now', async () => {
    const path = kamailioFile();
    const store = await open(path);
    await store.find('alice', SUITE_REALM, 'MD5');
    const other = new DatabaseSync(path);
    other.exec('DELETE FROM subscriber');
    other.close();
    expect(await store.find('alice', SUITE_REALM, 'MD5')).toBeUndefined();
  });
});
