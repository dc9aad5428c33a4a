import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { StoreUnavailable } from '../../src/auth/credential-store.ts';
import { parseDatabaseAddress } from '../../src/auth/database-address.ts';
import { PostgresDatabase } from '../../src/auth/postgres-database.ts';
import type { SubscriberTable } from '../../src/auth/subscriber-table.ts';
import { credentialStoreSuite, SUITE_REALM, SUITE_USERS } from './credential-store.suite.ts';
import { POSTGRES_PASSWORD, PostgresServer } from './postgres-server.ts';
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

let server: PostgresServer;

beforeAll(async () => {
  server = await PostgresServer.start();
  await server.run('postgres', 'CREATE DATABASE kamailio');
  await server.run('kamailio', kamailioTables('postgres'));
  await server.runEach('kamailio', insert(KAMAILIO_COLUMNS), kamailioRows());
  await server.run('postgres', 'CREATE DATABASE opensips');
  await server.run('opensips', OPENSIPS_TABLE);
  await server.runEach('opensips', insert(OPENSIPS_COLUMNS), opensipsRows());
});
afterAll(() => server?.process.remove());

function insert(columns: readonly string[]): string {
  return `INSERT INTO subscriber (${columns.join()}) VALUES (${columns.map((_, at) => `$${at + 1}`).join()})`;
}

async function open(database: string, table: SubscriberTable) {
  const store = await openStore(server.uri(database), POSTGRES_PASSWORD, table);
  onTestFinished(() => store.close());
  return store;
}

credentialStoreSuite('subscribers of Kamailio in PostgreSQL', () =>
  openStore(server.uri('kamailio'), POSTGRES_PASSWORD, KAMAILIO_TABLE),
);
credentialStoreSuite('subscribers of OpenSIPS in PostgreSQL', () =>
  openStore(server.uri('opensips'), POSTGRES_PASSWORD, OPENSIPS),
);

describe('a table of subscribers in PostgreSQL', () => {
  it('is reached over a Unix socket, and with the password in the address', async () => {
    const { directory } = server.process;
    const secret = encodeURIComponent(POSTGRES_PASSWORD);
    const uri = `postgres://kamailio:${secret}@localhost:${server.port}/kamailio?socket=${encodeURIComponent(directory)}`;
    const store = await openStore(uri, undefined, KAMAILIO_TABLE);
    onTestFinished(() => store.close());
    expect(await store.find('alice', SUITE_REALM, 'MD5')).toBeDefined();
  });

  it('proves its name over TLS, by the authorities that are given', async () => {
    const { ca } = server;
    const { ca: other } = await createAuthority();
    const find = async (host: string, tls: { readonly ca: string | undefined }) => {
      const store = await openStore(server.uri('kamailio', host), POSTGRES_PASSWORD, KAMAILIO_TABLE, { tls });
      onTestFinished(() => store.close());
      return store.find('alice', SUITE_REALM, 'MD5');
    };
    expect(await find('localhost', { ca })).toBeDefined();
    await expect(find('127.0.0.1', { ca })).rejects.toThrow(StoreUnavailable);
    await expect(find('localhost', { ca: other })).rejects.toThrow(StoreUnavailable);
    await expect(find('localhost', { ca: undefined })).rejects.toThrow(StoreUnavailable);
  });

  it('is unavailable with a wrong password, and nothing secret is in what is said (AU-60)', async () => {
    const store = await openStore(server.uri('kamailio'), 'wrong canary', KAMAILIO_TABLE);
    onTestFinished(() => store.close());
    const failure = await store.find('alice', SUITE_REALM, 'MD5').catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('canary');
  });

  it('gives a connection back that came too late for the question', async () => {
    const options = { password: POSTGRES_PASSWORD, tls: undefined, timeoutMs: 500, connections: 1 };
    const address = parseDatabaseAddress(server.uri('kamailio'));
    if (address?.kind !== 'postgres') throw new Error('no address');
    const database = new PostgresDatabase(address, KAMAILIO_TABLE, options);
    onTestFinished(() => database.close());
    for (let times = 0; times < 3; times += 1) await database.rows(['alice', SUITE_REALM], AbortSignal.abort());
    expect(await database.rows(['alice', SUITE_REALM], new AbortController().signal)).toHaveLength(1);
  });

  it('leaves no connection open that it cannot log in over', async () => {
    // AuthenticationSASL with a mechanism that the library does not know: it gives up, as it does without a password.
    const unknown = Buffer.from('R\0\0\0\x0b\0\0\0\x0aX\0\0', 'latin1');
    let closed = 0;
    const listener = createServer((socket) => {
      socket.once('data', () => socket.write(unknown));
      socket.resume().on('end', () => (closed += 1));
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    onTestFinished(() => void listener.close());
    const store = await openStore(`postgres://kamailio@127.0.0.1:${port}/kamailio`, undefined, KAMAILIO_TABLE);
    onTestFinished(() => store.close());
    await expect(store.find('alice', SUITE_REALM, 'MD5')).rejects.toThrow(StoreUnavailable);
    await expect.poll(() => closed).toBe(1);
  });

  it('is unavailable when it has other columns, whatever the algorithm and the name', async () => {
    const store = await open('kamailio', OPENSIPS);
    for (const user of ['alice', `alice@${SUITE_REALM}`]) {
      await expect(store.find(user, SUITE_REALM, 'MD5')).rejects.toThrow(StoreUnavailable);
    }
  });

  it('may have any names and stand in a schema; names are names whatever is in them', async () => {
    await server.run('kamailio', `CREATE SCHEMA "my schema"`);
    await server.run('kamailio', `CREATE TABLE "my schema"."select" ("User" text, "dom""ain" text, "ha1;" text)`);
    await server.run(
      'kamailio',
      `INSERT INTO "my schema"."select" VALUES ('carol', 'example.org', '${'0'.repeat(32)}')`,
    );
    const columns = { user: 'User', domain: 'dom"ain', md5: 'ha1;' };
    const store = await open('kamailio', { table: 'my schema.select', columns, usesDomain: true });
    expect(await store.find('carol', 'example.org', 'MD5')).toEqual({ ha1: '0'.repeat(32), mayUse: true });
    expect(await store.find('carol', 'example.org', 'SHA-256')).toBeUndefined();
  });

  it('is read by a database user who may read the columns in question and nothing else', async () => {
    await server.run(
      'kamailio',
      `CREATE ROLE msrp LOGIN PASSWORD 'reader';
      GRANT SELECT (username, domain, ha1, ha1b) ON subscriber TO msrp`,
    );
    const { password: _, ...columns } = KAMAILIO_TABLE.columns;
    const uri = server.uri('kamailio').replace('kamailio@', 'msrp@');
    const store = await openStore(uri, 'reader', { ...KAMAILIO_TABLE, columns });
    onTestFinished(() => store.close());
    expect(await store.find('alice', SUITE_REALM, 'MD5')).toBeDefined();
    const greedy = await openStore(uri, 'reader', KAMAILIO_TABLE);
    onTestFinished(() => greedy.close());
    await expect(greedy.find('alice', SUITE_REALM, 'MD5')).rejects.toThrow(StoreUnavailable);
  });

  it('is asked by a prepared statement', async () => {
    const store = await open('kamailio', KAMAILIO_TABLE);
    await store.find('alice', SUITE_REALM, 'MD5');
    await expect.poll(() => server.process.said).toContain('LOG:  execute credential: SELECT "username" AS "user"');
    expect(server.process.said).not.toContain('execute <unnamed>: SELECT');
  });

  it('is unavailable in time while the table is locked, and available again afterwards', async () => {
    const store = await openStore(server.uri('kamailio'), POSTGRES_PASSWORD, KAMAILIO_TABLE, { timeoutMs: 200 });
    onTestFinished(() => store.close());
    const lock = server.run('kamailio', 'BEGIN; LOCK TABLE subscriber; SELECT pg_sleep(0.6); COMMIT');
    await expect.poll(() => store.find('alice', SUITE_REALM, 'MD5').catch(() => 'late'), { interval: 10 }).toBe('late');
    await lock;
    expect(await store.find('alice', SUITE_REALM, 'MD5')).toBeDefined();
  });
});

describe('Kamailio\u2019s columns', () => {
  const md5 = (name: string) => hash('md5', `${name}:${SUITE_REALM}:${SUITE_USERS.alice}`);

  it('are ha1 for MD5, and no password unless that is wanted', async () => {
    const { password: _, ...columns } = KAMAILIO_TABLE.columns;
    const store = await open('kamailio', { ...KAMAILIO_TABLE, columns });
    expect(await store.find('alice', SUITE_REALM, 'MD5')).toEqual({ ha1: md5('alice'), mayUse: true });
    expect(await store.find('alice', SUITE_REALM, 'SHA-256')).toBeUndefined();
  });

  it('are ha1b for a client that is called user@domain', async () => {
    const store = await open('kamailio', KAMAILIO_TABLE);
    const name = `alice@${SUITE_REALM}`;
    expect(await store.find(name, SUITE_REALM, 'MD5')).toEqual({ ha1: md5(name), mayUse: true });
    for (const other of ['alice@example.org', `@${SUITE_REALM}`, `bob@${SUITE_REALM}`]) {
      expect(await store.find(other, SUITE_REALM, 'MD5'), other).toBeUndefined();
    }
  });
});
