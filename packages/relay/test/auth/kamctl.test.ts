/** Users as a SIP provider has them: made by Kamailio's own tools, in the database that they make. */
import { join } from 'node:path';
import { systemClock } from 'msrp/base';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startRelayWith } from '../relay/harness.ts';
import { Kamctl } from './kamctl.ts';
import { MariadbServer } from './mariadb-server.ts';
import { POSTGRES_PASSWORD, PostgresServer } from './postgres-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Of Kamailio's two database users, the one that may only read is the relay's. */
const USERS = { DBRWUSER: 'writer', DBRWPW: 'may-write', DBROUSER: 'reader', DBROPW: 'may-read' };

let postgres: PostgresServer;
let mariadb: MariadbServer;
beforeAll(async () => {
  [postgres, mariadb] = await Promise.all([PostgresServer.start(), MariadbServer.start()]);
}, 30_000);
afterAll(() => Promise.all([postgres?.process.remove(), mariadb?.process.remove()]));

/** The tools on a database that they have just made, and where the relay finds it. */
type Made = readonly [tools: Kamctl, url: string];

async function inSqlite(): Promise<Made> {
  const path = join(temporaryDirectory(), 'kamailio.sqlite');
  const settings = { SIP_DOMAIN: 'localhost', DBENGINE: 'SQLITE', DB_PATH: path };
  return [await Kamctl.createDatabase(path, settings), `sqlite:${path}`];
}

async function inPostgres(): Promise<Made> {
  const where = { DBHOST: '127.0.0.1', DBPORT: postgres.port, DBNAME: 'kamailio', DBROOTUSER: 'kamailio' };
  const settings = { SIP_DOMAIN: 'localhost', DBENGINE: 'PGSQL', ...where, ...USERS };
  const files = { '.pgpass': `127.0.0.1:${postgres.port}:*:kamailio:${POSTGRES_PASSWORD}\n` };
  const tools = await Kamctl.createDatabase('kamailio', settings, files);
  return [tools, `postgres://reader@127.0.0.1:${postgres.port}/kamailio`];
}

async function inMariadb(): Promise<Made> {
  const where = { DBHOST: 'localhost', DBNAME: 'kamailio', DBROOTUSER: 'root', CHARSET: 'latin1' };
  const settings = { SIP_DOMAIN: 'localhost', DBENGINE: 'MYSQL', ...where, ...USERS };
  const tools = await Kamctl.createDatabase('kamailio', settings, {
    '.my.cnf': `[client]\nsocket=${mariadb.socket}\n`,
  });
  return [tools, `mysql://reader@localhost/kamailio?socket=${encodeURIComponent(mariadb.socket)}`];
}

it.each([
  ['SQLite', inSqlite],
  ['PostgreSQL', inPostgres],
  ['MariaDB', inMariadb],
] as const)('A user whom kamctl adds, changes and removes is that to the relay, too, at once: %s', async (_, make) => {
  const [tools, url] = await make();
  const credentials = [{ type: 'subscriber', url, ...(url.startsWith('sqlite') ? {} : { password: USERS.DBROPW }) }];
  const relay = await startRelayWith(systemClock, { auth: { algorithms: ['MD5'] }, credentials });
  onTestFinished(() => relay.close());
  const logIn = async (user: string, password: string) => {
    const endpoint = await relay.connect();
    const usePath = await endpoint.auth({ user, password, target: relay.target }).finally(() => endpoint.close());
    return usePath.startsWith('msrps://localhost:');
  };

  await expect(logIn('alice', 'first')).rejects.toThrow('401');
  expect(await tools.run('add', 'alice', 'first')).toContain("new user 'alice' added");
  expect(await logIn('alice', 'first')).toBe(true);
  expect(await logIn('alice@localhost', 'first')).toBe(true);
  await expect(logIn('alice', 'second')).rejects.toThrow('401');

  await tools.run('passwd', 'alice', 'second');
  expect(await logIn('alice', 'second')).toBe(true);

  await tools.run('add', 'bob@elsewhere.example.org', 'first');
  await expect(logIn('bob', 'first')).rejects.toThrow('401');

  await tools.run('rm', 'alice');
  await expect(logIn('alice', 'second')).rejects.toThrow('401');
});
