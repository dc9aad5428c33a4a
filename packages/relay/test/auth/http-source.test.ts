import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ManualClock, systemClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { StoreUnavailable } from '../../src/auth/credential-store.ts';
import { HttpSource, type HttpSourceOptions } from '../../src/auth/http-source.ts';
import { RemoteStore } from '../../src/auth/remote-store.ts';
import { freePort } from '../local-ports.ts';
import { credentialStoreSuite, SUITE_REALM, SUITE_USERS } from './credential-store.suite.ts';
import { hash } from './subscriber-rows.ts';
import { tokenStoreSuite } from './token-store.suite.ts';

/** A request as it came. */
interface Asked {
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly question: Readonly<Record<string, unknown>>;
}

type Answer = (asked: Asked) => { readonly status: number; readonly body?: string; readonly location?: string };

/** A web service that answers as the test wants; it never ends a connection by itself. */
async function serve(answer: Answer, certificate?: { readonly cert: string; readonly key: string }) {
  const asked: Asked[] = [];
  const listener: RequestListener = async (request, response) => {
    const url = new URL(request.url ?? '', 'http://service');
    const body = await text(request);
    const question = body === '' ? Object.fromEntries(url.searchParams) : JSON.parse(body);
    asked.push({ method: request.method, headers: request.headers, question });
    const {
      status,
      body: said = '',
      location,
    } = answer({ method: request.method, headers: request.headers, question });
    response.writeHead(status, location === undefined ? {} : { location }).end(said);
  };
  const server = certificate === undefined ? createServer(listener) : createSecureServer(certificate, listener);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}/credentials`, asked, connectionCount: () => connections };
}

function open(options: Partial<HttpSourceOptions> & { readonly url: string }, timeoutMs = 1500): RemoteStore {
  const source = new HttpSource({ method: 'POST', token: undefined, ca: undefined, tokens: false, ...options });
  const store = new RemoteStore(source, {
    clock: systemClock,
    observer: { lookedUp: () => {}, failed: () => {}, changed: () => {} },
    timeoutMs,
    failures: 1000,
    restMs: 1000,
    freshMs: 0,
    staleMs: 0,
    cacheEntries: 0,
  });
  onTestFinished(() => store.close());
  return store;
}

const passwords = new Map(Object.entries(SUITE_USERS));

/** Knows the users of the suite, and gives their passwords. */
const byPassword: Answer = ({ question: { user, realm } }) => {
  const password = realm === SUITE_REALM ? passwords.get(String(user)) : undefined;
  return password === undefined ? { status: 404 } : { status: 200, body: JSON.stringify({ password }) };
};

/** The same, with hashes. */
const byHash: Answer = ({ question }) => {
  const { user, realm, algorithm } = question;
  const password = realm === SUITE_REALM ? passwords.get(String(user)) : undefined;
  if (password === undefined) return { status: 404, body: '{"error":"no such user"}' };
  const name = String(algorithm).toLowerCase().replace('sha-256', 'sha256').replace('sha-512', 'sha512');
  return { status: 200, body: JSON.stringify({ ha1: hash(name, `${user}:${realm}:${password}`) }) };
};

credentialStoreSuite('a web service that gives passwords', async () => open({ url: (await serve(byPassword)).url }));
credentialStoreSuite('a web service that gives H(A1)s, asked with GET', async () =>
  open({ url: (await serve(byHash)).url, method: 'GET' }),
);

/** Tokens of this service are what they say, in base64; it knows those that are well formed, and whose user can be. */
const byToken: Answer = ({ question: { token, realm } }) => {
  const [user, expires, end] = Buffer.from(String(token), 'base64url').toString().split('\n');
  const isGood =
    realm === SUITE_REALM &&
    /^[^\0]{1,256}$/.test(user ?? '') &&
    end === 'end' &&
    tokenFor(user ?? '', Number(expires)) === token;
  return isGood ? { status: 200, body: JSON.stringify({ user, expires: Number(expires) }) } : { status: 404 };
};

function tokenFor(user: string, expires: number): string {
  return Buffer.from(`${user}\n${expires}\nend`).toString('base64url');
}

tokenStoreSuite('a web service that knows tokens', async () => ({
  store: open({ url: (await serve(byToken)).url, tokens: true }),
  tokenOf: tokenFor,
}));

describe('a web service that knows tokens', () => {
  const find = (store: RemoteStore, token = 'canary-of-alice', mayAsk = true) =>
    store.findByToken?.(token, 'realm', mayAsk);

  it('is sent token and realm, in a body and never in an address', async () => {
    const service = await serve(() => ({ status: 200, body: '{"user":"alice"}' }));
    const store = open({ ...service, tokens: true, token: 'of-the-relay' });
    expect(await find(store)).toEqual({ user: 'alice', mayUse: true, expiresAtMs: Number.POSITIVE_INFINITY });
    expect(service.asked).toMatchObject([
      {
        method: 'POST',
        question: { token: 'canary-of-alice', realm: 'realm' },
        headers: { authorization: 'Bearer of-the-relay' },
      },
    ]);
  });

  it('is not asked when it does not know tokens', async () => {
    expect(open({ url: 'http://127.0.0.1:1/' }).findByToken).toBeUndefined();
  });

  it('may say that a user may not use the relay', async () => {
    const service = await serve(() => ({ status: 200, body: '{"user":"zoe\u0308","mayUse":false,"expires":5}' }));
    const holder = { user: 'zo\u00eb', mayUse: false, expiresAtMs: 5000 };
    expect(await find(open({ ...service, tokens: true }))).toEqual(holder);
  });

  it.each([
    ['another status', 401, '{"user":"canary"}'],
    ['no user', 200, '{"name":"canary"}'],
    ['a user that is no text', 200, '{"user":["canary"]}'],
    ['a user that nobody can be', 200, '{"user":"canary\\u0000"}'],
    ['an empty user', 200, '{"user":"","x":"canary"}'],
    ['a time that is none', 200, '{"user":"canary","expires":"soon"}'],
    ['a time before all times', 200, '{"user":"canary","expires":-1}'],
    ['a mayUse that is no flag', 200, '{"user":"canary","mayUse":0}'],
  ])('is unavailable with %s, and nothing of it is said (AU-60)', async (_what, status, body) => {
    const store = open({ ...(await serve(() => ({ status, body }))), tokens: true });
    const failure = await find(store)?.catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(`${failure} ${failure instanceof Error ? failure.cause : ''}`).not.toContain('canary');
  });

  it('is not asked for a token that it has known a moment ago, nor when it may not be; nor when it fails', async () => {
    const clock = new ManualClock(1_700_000_000_000);
    let status = 200;
    const service = await serve(() => ({ status, body: '{"user":"alice"}' }));
    const source = new HttpSource({ ...service, method: 'POST', token: undefined, ca: undefined, tokens: true });
    const observer = { lookedUp: () => {}, failed: () => {}, changed: () => {} };
    const times = { timeoutMs: 1500, failures: 1, restMs: 2000, freshMs: 60_000, staleMs: 300_000 };
    const store = new RemoteStore(source, { clock, observer, ...times, cacheEntries: 10 });
    onTestFinished(() => store.close());
    await expect(find(store, 'canary-of-alice', false)).rejects.toThrow(StoreUnavailable);
    expect(service.asked).toHaveLength(0);
    await find(store);
    clock.advance(59_999);
    expect(await find(store)).toMatchObject({ user: 'alice' });
    expect(service.asked).toHaveLength(1);
    clock.advance(1);
    expect(await find(store, 'canary-of-alice', false)).toMatchObject({ user: 'alice' });
    expect(service.asked).toHaveLength(1);
    status = 500;
    expect(await find(store)).toMatchObject({ user: 'alice' });
    await expect(find(store, 'another')).rejects.toThrow(StoreUnavailable);
    expect(service.asked).toHaveLength(2);
    clock.advance(240_000);
    await expect(find(store)).rejects.toThrow(StoreUnavailable);
    status = 404;
    clock.advance(2000);
    expect(await find(store)).toBeUndefined();
    expect(service.asked).toHaveLength(4);
  });
});

describe('a web service that knows the users', () => {
  it('is told user, realm, algorithm and who asks, over few connections', async () => {
    const service = await serve(byPassword);
    const store = open({ url: `${service.url}?tenant=7`, token: 'canary-token' });
    await Promise.all(Array.from({ length: 100 }, () => store.find('alice', SUITE_REALM, 'SHA-512-256')));
    expect(service.asked[0]).toMatchObject({
      method: 'POST',
      question: { user: 'alice', realm: SUITE_REALM, algorithm: 'SHA-512-256' },
      headers: { authorization: 'Bearer canary-token', 'content-type': 'application/json', accept: 'application/json' },
    });
    expect(service.connectionCount()).toBeLessThanOrEqual(8);
  });

  it('is asked with a query beside that which its address has', async () => {
    const service = await serve(byPassword);
    const store = open({ url: `${service.url}?tenant=7`, method: 'GET' });
    expect(await store.find('with "quotes" and \\ and %', SUITE_REALM, 'MD5')).toBeDefined();
    expect(service.asked[0]?.question).toMatchObject({
      tenant: '7',
      user: 'with "quotes" and \\ and %',
      algorithm: 'MD5',
    });
    expect(service.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('may say that a user may not use the relay', async () => {
    const service = await serve(() => ({ status: 200, body: '{"password":"x","mayUse":false}' }));
    expect(await open(service).find('alice', 'realm', 'MD5')).toMatchObject({ mayUse: false });
  });

  it.each([400, 404, 410, 414, 422])('knows nobody when it answers %s', async (status) => {
    const service = await serve(() => ({ status, body: 'no' }));
    expect(await open(service).find('alice', 'realm', 'MD5')).toBeUndefined();
  });

  it.each([
    ['a status that is no answer', 503, '{"password":"canary"}'],
    ['a token that it does not like', 401, 'canary'],
    ['no JSON', 200, 'canary'],
    ['JSON that is no object', 200, '"canary"'],
    ['null', 200, 'null'],
    ['neither hash nor password', 200, '{"secret":"canary"}'],
    ['an empty password', 200, '{"password":""}'],
    ['a hash of another length', 200, `{"ha1":"${'a'.repeat(64)}","x":"canary"}`],
    ['a mayUse that is no flag', 200, '{"password":"canary","mayUse":"no"}'],
    ['an endless answer', 200, `{"password":"${'canary'.repeat(10_000)}"}`],
  ])('is unavailable with %s, and nothing of it is said (AU-60)', async (_what, status, body) => {
    const service = await serve(() => ({ status, body }));
    const failure = await open(service)
      .find('alice', 'realm', 'MD5')
      .catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(StoreUnavailable);
    const cause = failure instanceof Error ? failure.cause : undefined;
    expect(`${failure} ${cause}`).not.toContain('canary');
  });

  it('takes nobody elsewhere with the token', async () => {
    const thief = await serve(byPassword);
    const service = await serve(() => ({ status: 307, location: thief.url }));
    await expect(open({ ...service, token: 'canary' }).find('alice', SUITE_REALM, 'MD5')).rejects.toThrow();
    expect(thief.asked).toEqual([]);
  });

  it('is unavailable when it is not there, or silent, and does not keep the connection that waits', async () => {
    await expect(
      open({ url: `http://127.0.0.1:${await freePort()}/` }).find('alice', SUITE_REALM, 'MD5'),
    ).rejects.toThrow();
    let ended = 0;
    const silent = createServer((_request, response) => {
      response.on('close', () => {
        ended += 1;
      });
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    await expect(open({ url }, 50).find('alice', SUITE_REALM, 'MD5')).rejects.toThrow(StoreUnavailable);
    await expect.poll(() => ended).toBe(1);
  });

  it('is asked again when it had closed a connection that was kept, which is no failure of its', async () => {
    const requests = new Map<unknown, number>();
    const server = createServer((request, response) => {
      const count = (requests.get(request.socket) ?? 0) + 1;
      requests.set(request.socket, count);
      if (count > 1) request.socket.destroy();
      else response.end('{"password":"secret"}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const store = open({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
    for (let times = 0; times < 3; times += 1) expect(await store.find('alice', 'realm', 'MD5')).toBeDefined();
    expect([...requests.values()]).toEqual([2, 2, 1]);
  });

  it('proves its name over TLS, by the authorities that are given', async () => {
    const authority = await createAuthority();
    const other = await createAuthority();
    const { port } = await serve(byPassword, await authority.issue({ dnsNames: ['localhost'] }));
    const find = (url: string, ca: string | undefined) => open({ url, ca }).find('alice', SUITE_REALM, 'MD5');
    expect(await find(`https://localhost:${port}/`, authority.ca)).toBeDefined();
    await expect(find(`https://127.0.0.1:${port}/`, authority.ca)).rejects.toThrow(StoreUnavailable);
    await expect(find(`https://localhost:${port}/`, other.ca)).rejects.toThrow(StoreUnavailable);
    await expect(find(`https://localhost:${port}/`, undefined)).rejects.toThrow(StoreUnavailable);
  });
});
