import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { StoreUnavailable } from '../../src/auth/credential-store.ts';
import type { SubscriberTable } from '../../src/auth/subscriber-table.ts';
import { credentialStoreSuite, SUITE_REALM } from './credential-store.suite.ts';
import { MARIADB_PASSWORD, MariadbServer } from './mariadb-server.ts';
import {
  hash,
  KAMAILIO_COLUMNS,
  kamailioRows,
  kamailioTables,
  OPENSIPS_COLUMNS,
  OPENSIPS_TABLE,
  opensipsRows,
} from './subscriber-rows.ts';
import { KAMAILIO_TABLE, OPENSIPS, openStore } from './subscriber-stores.ts';

let server: MariadbServer;

beforeAll(async () => {
  server = await MariadbServer.start();
  // What Kamailio's own script has made for many years, and what servers make by themselves today.
  await server.run(
    'mysql',
    'CREATE DATABASE kamailio CHARACTER SET latin1; CREATE DATABASE opensips CHARACTER SET utf8mb4',
  );
  await server.run('kamailio', kamailioTables('mysql'));
  await server.runEach('kamailio', insert(KAMAILIO_COLUMNS), kamailioRows());
  await server.run('opensips', OPENSIPS_TABLE);
  await server.runEach('opensips', insert(OPENSIPS_COLUMNS), opensipsRows());
});
afterAll(() => server?.process.remove());

function insert(columns: readonly string[]): string {
  return `INSERT INTO subscriber (${columns.join()}) VALUES (${columns.map(() => '?').join()})`;
}

async function open(database: string, table: SubscriberTable, timeoutMs = 1500) {
  const store = await openStore(server.uri(database), MARIADB_PASSWORD, table, { timeoutMs });
  onTestFinished(() => store.close());
  return store;
}

credentialStoreSuite('subscribers of Kamailio in MariaDB', () =>
  openStore(server.uri('kamailio'), MARIADB_PASSWORD, KAMAILIO_TABLE),
);
credentialStoreSuite('subscribers of OpenSIPS in MariaDB', () =>
  openStore(server.uri('opensips'), MARIADB_PASSWORD, OPENSIPS),
);

describe('a table of subscribers in MariaDB', () => {
  it('is reached over a Unix socket, and with the password in the address', async () => {
    const secret = encodeURIComponent(MARIADB_PASSWORD);
    const uri = `mariadb://kamailio:${secret}@localhost/kamailio?socket=${encodeURIComponent(server.socket)}`;
    const store = await openStore(uri, undefined, KAMAILIO_TABLE);
    onTestFinished(() => store.close());
    expect(await store.find('alice', SUITE_REALM, 'MD5')).toBeDefined();
  });

  it('knows nobody whose name the column cannot hold, and does not fail for it', async () => {
    const store = await open('kamailio', KAMAILIO_TABLE);
    for (let times = 0; times < 5; times += 1) {
      expect(await store.find('\u0430\u043b\u0438\u0441\u0430', SUITE_REALM, 'MD5')).toBeUndefined();
    }
  });

  it('takes no name for another that the database takes for equal', async () => {
    const store = await open('opensips', OPENSIPS);
    for (const name of ['ALICE', 'alice  ', '\u00e0lice', 'zoe', 'ZO\u00cb']) {
      expect(await store.find(name, SUITE_REALM, 'MD5'), name).toBeUndefined();
    }
  });

  it('proves its name over TLS, by the authorities that are given', async () => {
    const { ca } = server;
    const { ca: other } = await createAuthority();
    const find = async (tls: { readonly ca: string | undefined }) => {
      const store = await openStore(server.uri('kamailio', 'localhost'), MARIADB_PASSWORD, KAMAILIO_TABLE, { tls });
      onTestFinished(() => store.close());
      return store.find('alice', SUITE_REALM, 'MD5');
    };
    expect(await find({ ca })).toBeDefined();
    await expect(find({ ca: other })).rejects.toThrow(StoreUnavailable);
    await expect(find({ ca: undefined })).rejects.toThrow(StoreUnavailable);
    await server.usesCertificateFor('db.example.org');
    await expect(find({ ca })).rejects.toThrow(StoreUnavailable);
  });

  it('is unavailable with a wrong password, and nothing secret is in what is said (AU-60)', async () => {
    const store = await openStore(server.uri('kamailio'), 'wrong canary', KAMAILIO_TABLE);
    onTestFinished(() => store.close());
    const failure = await store.find('alice', SUITE_REALM, 'MD5').catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('canary');
  });

  it('is unavailable when it has other columns, and may have any names', async () => {
    const wrong = await open('kamailio', OPENSIPS);
    await expect(wrong.find('alice', SUITE_REALM, 'MD5')).rejects.toThrow(StoreUnavailable);
    await server.run('kamailio', 'CREATE TABLE `select` (`a``b` VARCHAR(9), `or 1=1` CHAR(9), `ha1;` CHAR(32))');
    await server.run('kamailio', `INSERT INTO \`select\` VALUES ('carol', 'x', '${'0'.repeat(32)}')`);
    const columns = { user: 'a`b', domain: 'or 1=1', md5: 'ha1;' };
    const store = await open('opensips', { table: 'kamailio.select', columns, usesDomain: true });
    expect(await store.find('carol', 'x', 'MD5')).toEqual({ ha1: '0'.repeat(32), mayUse: true });
    expect(await store.find('carol', 'y', 'MD5')).toBeUndefined();
  });

  it('is asked by user alone where domains are not used, and knows nobody who is in it twice', async () => {
    const ha1 = hash('md5', 'dave:realm:secret');
    await server.runEach('opensips', insert(['username', 'domain', 'ha1']), [
      ['dave', 'first', ha1],
      ['erin', 'first', ha1],
      ['erin', 'second', ha1],
    ]);
    const store = await open('opensips', { ...OPENSIPS, usesDomain: false });
    expect(await store.find('dave', 'realm', 'MD5')).toEqual({ ha1, mayUse: true });
    expect(await store.find('erin', 'realm', 'MD5')).toBeUndefined();
    const ofDomain = await open('opensips', { ...OPENSIPS, domain: 'second' });
    expect(await ofDomain.find('erin', 'realm', 'MD5')).toEqual({ ha1, mayUse: true });
    expect(await ofDomain.find('dave', 'realm', 'MD5')).toBeUndefined();
  });

  it('is asked by a prepared statement', async () => {
    const store = await open('kamailio', KAMAILIO_TABLE);
    await store.find('alice', SUITE_REALM, 'MD5');
    expect(await server.run('mysql', "SHOW GLOBAL STATUS LIKE 'PREPARED_STMT_COUNT'")).toMatchObject([{ Value: '1' }]);
  });

  it('is unavailable in time while the server stands still, and available again afterwards', async () => {
    const store = await open('kamailio', KAMAILIO_TABLE, 200);
    await store.find('alice', SUITE_REALM, 'MD5');
    server.process.signal('SIGSTOP');
    onTestFinished(() => server.process.signal('SIGCONT'));
    const asked = Array.from({ length: 20 }, () => store.find('alice', SUITE_REALM, 'MD5').catch(() => 'late'));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['late']));
    server.process.signal('SIGCONT');
    await expect
      .poll(() => store.find('alice', SUITE_REALM, 'MD5').catch(() => 'late'), { timeout: 5000 })
      .not.toBe('late');
  });
});
