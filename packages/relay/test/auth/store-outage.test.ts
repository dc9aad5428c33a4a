/** A relay in service while its database is killed, or stands still, under a load of AUTHs. */
import { systemClock } from 'msrp/base';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { answerDigest } from '../digest-answer.ts';
import { type Endpoint, request } from '../endpoint.ts';
import { challengesOf } from '../relay/dialogue.ts';
import { startRelayWith, type TestRelay } from '../relay/harness.ts';
import { Traffic } from '../round-trip.ts';
import { MARIADB_PASSWORD, MariadbServer } from './mariadb-server.ts';
import { POSTGRES_PASSWORD, PostgresServer } from './postgres-server.ts';
import { hash, kamailioTables } from './subscriber-rows.ts';

/** How many users, each on a connection of their own, authenticate again and again. */
const USERS = 20;
/** How many sessions carry messages meanwhile. */
const SESSIONS = 5;

let postgres: PostgresServer;
let mariadb: MariadbServer;

const names = ['seen', 'alice', ...Array.from({ length: USERS }, (_, at) => `user${at}`)];
const rows = names.map((name) => [name, 'localhost', hash('md5', `${name}:localhost:secret`)]);

beforeAll(async () => {
  [postgres, mariadb] = await Promise.all([PostgresServer.start(), MariadbServer.start()]);
  await postgres.run('postgres', kamailioTables('postgres'));
  await postgres.runEach('postgres', 'INSERT INTO subscriber (username, domain, ha1) VALUES ($1, $2, $3)', rows);
  await mariadb.run('mysql', 'CREATE DATABASE kamailio');
  await mariadb.run('kamailio', kamailioTables('mysql'));
  await mariadb.runEach('kamailio', 'INSERT INTO subscriber (username, domain, ha1) VALUES (?, ?, ?)', rows);
}, 30_000);
afterAll(() => Promise.all([postgres?.process.remove(), mariadb?.process.remove()]));

type Running = TestRelay<typeof systemClock>;

async function startRelay(url: string, password: string, more: object = {}): Promise<Running> {
  const store = { type: 'subscriber', url, password, retryMs: 300, ...more };
  const auth = { algorithms: ['MD5'], failures: 1000 };
  const relay = await startRelayWith(systemClock, { auth, credentials: [store], log: { level: 'info' } });
  onTestFinished(() => relay.close());
  return relay;
}

/** Status of an AUTH with the right password, and how long it took from the credentials on. */
async function authenticate(relay: Running, endpoint: Endpoint, user: string) {
  const paths = { toPath: relay.target, fromPath: endpoint.uri };
  const challenges = challengesOf(await endpoint.ask(request('AUTH', paths)));
  const answer = answerDigest({ user, password: 'secret', algorithm: 'MD5', challenges, digestUri: relay.target });
  const startMs = performance.now();
  const response = await endpoint.ask(request('AUTH', { ...paths, extra: [['Authorization', answer.authorization]] }));
  return { status: response.status, tookMs: performance.now() - startMs };
}

/** Status of an AUTH of alice, on a connection of its own: a client that never succeeds loses it. */
async function statusOnceMore(relay: Running): Promise<number | undefined> {
  const endpoint = await relay.connect();
  const { status } = await authenticate(relay, endpoint, 'alice');
  await endpoint.close();
  return status;
}

/** AUTHs of everybody until it is stopped; what came of them, the newest last. */
async function loadOf(relay: Running) {
  const answers: { readonly status: number | undefined; readonly tookMs: number }[] = [];
  let isOn = true;
  const clients = Array.from({ length: USERS }, async (_, at) => {
    const endpoint = await relay.connect();
    while (isOn) answers.push(await authenticate(relay, endpoint, `user${at}`));
  });
  return {
    answers,
    stop: async () => {
      isOn = false;
      await Promise.all(clients);
    },
  };
}

/** Messages in sessions that were granted before. */
async function trafficOf(relay: Running): Promise<Traffic> {
  const clients = Array.from({ length: SESSIONS }, async () => {
    const endpoint = await relay.connect();
    return { endpoint, usePath: await endpoint.auth({ user: 'seen', password: 'secret', target: relay.target }) };
  });
  return new Traffic(await Promise.all(clients));
}

/** Breaks a database under load and while messages flow, looks, mends it, looks again. */
async function live(relay: Running, breakIt: () => Promise<void> | void, mendIt: () => Promise<void> | void) {
  const traffic = await trafficOf(relay);
  const load = await loadOf(relay);
  await expect.poll(() => load.answers.length, { interval: 5 }).toBeGreaterThan(100);
  expect(new Set(load.answers.map(({ status }) => status))).toEqual(new Set([200]));
  await breakIt();
  const endpoint = await relay.connect();
  // Nobody remembers alice: she has not been here.
  const first = await authenticate(relay, endpoint, 'alice');
  const during = load.answers.length;
  await expect.poll(() => load.answers.length - during, { interval: 5, timeout: 5000 }).toBeGreaterThan(100);
  const later = await authenticate(relay, endpoint, 'alice');
  const seen = await authenticate(relay, endpoint, 'seen');
  await mendIt();
  await expect.poll(() => statusOnceMore(relay), { timeout: 5000 }).toBe(200);
  await load.stop();
  return { load: load.answers, first, later, seen, counts: await traffic.stop(), slowestMs: traffic.slowestMs };
}

/** What must be so, however a database is lost. */
function expectGraceful({ load, first, later, counts, slowestMs }: Awaited<ReturnType<typeof live>>): void {
  expect([first.status, later.status]).toEqual([408, 408]);
  expect(first.tookMs).toBeLessThan(2000);
  // By then nobody waits for the database any more.
  expect(later.tookMs).toBeLessThan(500);
  expect(Math.max(...load.map(({ tookMs }) => tookMs))).toBeLessThan(2000);
  // Every message has arrived, or `stop` had thrown, and none has waited for the database.
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(slowestMs).toBeLessThan(1000);
}

it.each([
  ['PostgreSQL', () => [postgres, postgres.uri('postgres'), POSTGRES_PASSWORD] as const],
  ['MariaDB', () => [mariadb, mariadb.uri('kamailio'), MARIADB_PASSWORD] as const],
] as const)(
  'A database that is killed (SIGKILL) under load costs new AUTHs a 408 in time and sessions nothing, and is used again when it is back: %s',
  async (_name, get) => {
    const [{ process }, uri, password] = get();
    const relay = await startRelay(uri, password, { staleMs: 0 });
    const seen = await live(
      relay,
      () => process.kill(),
      () => process.start(),
    );
    expectGraceful(seen);
    expect(seen.seen.status).toBe(408);
    expect(new Set(seen.load.map(({ status }) => status))).toEqual(new Set([200, 408]));
    const logged = relay.logged();
    expect(logged.match(/credential store is down/g)).toHaveLength(1);
    expect(logged.match(/credential store is up again/g)).toHaveLength(1);
    expect(logged).not.toContain(password);
    expect(logged.match(/credential store failed/g)?.length).toBeLessThan(USERS * 3);
    const { lookups } = relay.relay.snapshot();
    for (const outcome of ['found', 'failed', 'refused']) expect(lookups[`subscriber ${outcome}`]).toBeGreaterThan(0);
  },
);

it('A database that stands still under load costs the same, and users who were seen lately can still authenticate', async () => {
  const relay = await startRelay(mariadb.uri('kamailio'), MARIADB_PASSWORD);
  const seen = await live(
    relay,
    () => mariadb.process.signal('SIGSTOP'),
    () => mariadb.process.signal('SIGCONT'),
  );
  expectGraceful(seen);
  expect(seen.seen.status).toBe(200);
  expect(new Set(seen.load.map(({ status }) => status))).toEqual(new Set([200]));
});

it('A relay starts without its database, and finds it later', async () => {
  await postgres.process.kill();
  const relay = await startRelay(postgres.uri('postgres'), POSTGRES_PASSWORD);
  expect(await statusOnceMore(relay)).toBe(408);
  await postgres.process.start();
  await expect.poll(() => statusOnceMore(relay), { timeout: 5000 }).toBe(200);
});
