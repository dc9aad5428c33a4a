/** Clients that show a token at the handshake of their WebSocket (RFC 7977 §5.3.1, §7). */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { serveKeys } from '../auth/key-server.ts';
import { makeSigner, signWithSecret } from '../auth/signed-token.ts';
import { type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { freePort } from '../local-ports.ts';
import { certificateFor } from './chain.ts';
import { type AuthWish, authenticate, challenged, challengesOf } from './dialogue.ts';
import { authority, configOf, type Overrides, PASSWORDS, startRelay, type TestRelay } from './harness.ts';
import { connectWeb, refusal, refusedWith, type WebEndpoint, type WebWish } from './web-client.ts';

const LISTENERS = ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0', 'wss://127.0.0.1:0', 'ws://127.0.0.1:0'];
const SECRET = 'a-secret-of-more-than-thirty-two-octets';
const ORIGIN = 'https://chat.example.org';
const TARGET = 'msrps://localhost:443;ws';

let relay: TestRelay<ManualClock>;
let wss: string;

afterEach(() => relay.close());

const jwt = { type: 'jwt', secrets: [SECRET], toleranceMs: 0 };
const values = (overrides: Overrides = {}): Overrides => ({
  listen: LISTENERS,
  webSocket: { origins: [ORIGIN] },
  webSocketAuth: { bearer: true, cookie: 'msrp', query: 'access_token' },
  credentials: [{ type: 'static', users: PASSWORDS }, jwt],
  // The clock goes on by minutes at once, and the last answer may not have left by then.
  flow: { stallTimeoutMs: 86_400_000 },
  ...overrides,
});

async function start(overrides: Overrides = {}): Promise<void> {
  relay = await startRelay(values(overrides));
  wss = (relay.relay.listening[2] ?? '').replace('127.0.0.1', 'localhost');
}

const reload = (overrides: Overrides = {}) => relay.relay.reload(configOf(values(overrides), relay.clock));

/** A token of a user that is good for so many seconds from now. */
function tokenOf(sub: string, seconds = 3600): string {
  return signWithSecret(SECRET, { claims: { sub, exp: Math.floor(relay.clock.nowMs() / 1000) + seconds } });
}

const bearer = (token: string): WebWish => ({ headers: { Authorization: `Bearer ${token}` } });
const cookie = (token: string): WebWish => ({ headers: { Cookie: `other=1; msrp=${token}` }, origin: ORIGIN });

/** An AUTH without Authorization. */
async function auth({ endpoint }: WebEndpoint, expires?: string, target = TARGET): Promise<Message> {
  const extra = expires === undefined ? [] : [['Expires', expires] as const];
  return await endpoint.ask(request('AUTH', { toPath: target, fromPath: endpoint.uri, extra }));
}

/** The clock goes on, and the relay hears that the other end is still there: in steps that are shorter than its pings. */
async function pass(seconds: number, { webSocket }: WebEndpoint): Promise<void> {
  for (let left = seconds; left > 0; left -= 25) {
    relay.clock.advance(Math.min(left, 25) * 1000);
    // The answer to its ping is under way when the first of these comes back, and there when the second does.
    for (const _round of [1, 2]) {
      const pong = once(webSocket, 'pong');
      webSocket.ping();
      await pong;
    }
  }
}

/** What an AUTH with a password needs on a connection where none is asked for. */
async function challenges(): Promise<string[]> {
  return await challenged(relay, await relay.connect());
}

/** Users by session, in the order in which they were granted. */
function users(): string[] {
  return relay.relay.operation.sessions({ after: 0, limit: 100 }).items.map(({ user }) => user);
}

describe('A client whose handshake brings a good token', () => {
  it.each([
    ['in Authorization', (token: string) => ({ url: wss, wish: bearer(token) })],
    ['in a cookie', (token: string) => ({ url: wss, wish: cookie(token) })],
    ['in the query', (token: string) => ({ url: `${wss}/?access_token=${token}`, wish: {} })],
  ])('is granted its AUTH at once, without Digest: %s (WS-14, WS-16)', async (_where, connecting) => {
    await start();
    const { url, wish } = connecting(tokenOf('alice'));
    const web = await connectWeb(url, wish);
    const granted = await auth(web);
    expect([granted.status, granted.header('Authentication-Info'), users()]).toEqual([200, undefined, ['alice']]);
    expect(granted.header('Use-Path')).toMatch(/^msrps:\/\/localhost:\d+\/\S+;tcp$/);
  });

  it('exchanges messages by its Use-Path as any other', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice')));
    const usePath = (await auth(web)).header('Use-Path');
    const peer = await relay.connect();
    const toClient = sendRequest({ toPath: `${usePath} ${web.endpoint.uri}`, fromPath: peer.uri, body: 'Hello' });
    expect((await peer.ask(toClient)).status).toBe(200);
    const arrived = await web.endpoint.next();
    expect(arrived.body?.toString()).toBe('Hello');
    void web.endpoint.send(responseTo(arrived, 200));
  });

  it('gets several sessions, each of the user of the token, up to the quota (SE-06)', async () => {
    await start({ limits: { sessionsPerUser: 3 } });
    const [one, other] = [
      await connectWeb(wss, bearer(tokenOf('carol'))),
      await connectWeb(wss, bearer(tokenOf('carol', 60))),
    ];
    const statuses = [await auth(one), await auth(other), await auth(one), await auth(other)].map(
      ({ status }) => status,
    );
    expect([statuses, users()]).toEqual([
      [200, 200, 200, 403],
      ['carol', 'carol', 'carol'],
    ]);
    expect((await auth(await connectWeb(wss, bearer(tokenOf('dave'))))).status).toBe(200);
  });

  it('gets sessions that end with the token, whatever it asks for (AU-41, AU-42)', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice', 300)));
    expect((await auth(web, '100')).header('Expires')).toBe('100');
    const clipped = Number((await auth(web, '600')).header('Expires'));
    expect([clipped > 297, clipped <= 300]).toEqual([true, true]);
    expect((await auth(web, '10')).status).toBe(423);
    await pass(200, web);
    expect(relay.relay.snapshot().sessions).toBe(1);
    await pass(101, web);
    expect(relay.relay.snapshot().sessions).toBe(0);
  });

  it('renews its sessions as long as the token lives, and is challenged then as anybody is (WS-20)', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice', 300)));
    const usePath = (await auth(web, '100')).header('Use-Path') ?? '';
    await pass(90, web);
    const renewed = await auth(web, '100', usePath);
    expect([renewed.status, renewed.header('Use-Path'), renewed.header('Expires')]).toEqual([200, usePath, '100']);
    await pass(99, web);
    expect((await auth(web, '110', usePath)).status).toBe(200);
    await pass(109, web);
    expect(relay.relay.snapshot().sessions).toBe(1);
    await pass(3, web);
    const refused = await auth(web);
    expect([refused.status, challengesOf(refused).length]).toEqual([401, 2]);
    const wish = { target: TARGET, challenges: challengesOf(refused) };
    expect((await authenticate(relay, web.endpoint, wish)).status).toBe(200);
  });

  it('may log in with a password instead; sessions are of who got them (WS-20)', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('carol')));
    const usePath = (await auth(web)).header('Use-Path') ?? '';
    const login = async (wish: AuthWish) =>
      (await authenticate(relay, web.endpoint, { challenges: await challenges(), ...wish })).status;
    expect(await login({ target: TARGET })).toBe(200);
    expect(users()).toEqual(['carol', 'alice']);
    expect(await login({ target: usePath })).toBe(403);
    expect(await login({ target: TARGET, password: 'wrong' })).toBe(401);
  });

  it('brings nobody else: an AUTH that names a relay before it is refused', async () => {
    await start();
    const { endpoint } = await connectWeb(wss, bearer(tokenOf('alice')));
    const fromPath = `msrps://relay.example.org:2855/s1;tcp ${endpoint.uri}`;
    const refused = await endpoint.ask(request('AUTH', { toPath: TARGET, fromPath }));
    expect([refused.status, users()]).toEqual([403, []]);
  });

  it('is not asked for an hour to log in: connections without a success end as ever (WS-27)', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice')));
    relay.clock.advance(31_000);
    await web.closeCode;
  });

  it('is closed like others that ask for challenges in vain, once the token has expired', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice', 5)));
    relay.clock.advance(5000);
    for (let times = 0; times < 20; times += 1) expect((await auth(web)).status).toBe(401);
    await web.closeCode;
  });
});

describe('A handshake', () => {
  it('with a token that is none is answered 401, which says so, and nothing of it is logged (AU-60)', async () => {
    await start();
    const good = tokenOf('alice');
    const tokens = ['canary', '', `${good}canary`, good.replace(/\.[^.]*$/, '.canary'), tokenOf('alice', -10)];
    for (const token of tokens) {
      const { statusCode, headers } = await refusal(wss, bearer(token));
      expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer realm="msrp", error="invalid_token"']);
      expect(await refusedWith(`${wss}/?access_token=${token}`, {})).toBe(401);
      expect(await refusedWith(wss, cookie(token))).toBe(401);
    }
    await connectWeb(`${wss}/?access_token=${good}`);
    expect(relay.relay.snapshot().refused.token).toBe(3 * tokens.length);
    expect(relay.logged()).toContain('handshake refused');
    expect(relay.logged()).toMatch(/"from":"127\.0\.0\.1","outcome":"invalid"/);
    for (const secret of ['canary', good, good.split('.')[2] ?? '', 'access_token']) {
      expect(relay.logged()).not.toContain(secret);
    }
  });

  it('without a token is as ever: Digest is asked for (WS-14)', async () => {
    await start();
    const web = await connectWeb(wss);
    expect((await auth(web)).status).toBe(401);
    expect((await authenticate(relay, web.endpoint, { target: TARGET })).status).toBe(200);
    // Other schemes, cookies and parameters are none of ours.
    const wish = { headers: { Authorization: 'Basic YTpi', Cookie: 'session=x' } };
    expect((await auth(await connectWeb(`${wss}/?token=x`, wish))).status).toBe(401);
  });

  it('without a token is answered 401 where one is required (WS-14, WS-18)', async () => {
    await start({ webSocketAuth: { bearer: true, required: true } });
    const { statusCode, headers } = await refusal(wss, {});
    expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer realm="msrp"']);
    expect(await refusedWith(wss, cookie(tokenOf('alice')))).toBe(401);
    expect((await auth(await connectWeb(wss, bearer(tokenOf('alice'))))).status).toBe(200);
  });

  it('is not looked into where nothing is configured', async () => {
    await start({ webSocketAuth: {}, credentials: [{ type: 'static', users: PASSWORDS }] });
    const web = await connectWeb(`${wss}/?access_token=x`, bearer('nonsense'));
    expect((await auth(web)).status).toBe(401);
  });

  it('with the cookie of a good user, from a page of somebody else, is refused (WS-18, WS-19)', async () => {
    await start();
    const wish = cookie(tokenOf('alice'));
    expect(await refusedWith(wss, { ...wish, origin: 'https://evil.example.org' })).toBe(403);
    const { headers } = await connectWeb(wss, wish);
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
  });

  it('needs TLS no more than others: a proxy may end it', async () => {
    await start();
    const web = await connectWeb(relay.relay.listening[3] ?? '', bearer(tokenOf('alice')));
    expect((await auth(web)).status).toBe(200);
  });

  it('is answered 503 while it cannot be told, and goes on when it can', async () => {
    const signer = makeSigner('ES256', 'k1');
    const port = await freePort();
    const store = { type: 'jwt', url: `http://127.0.0.1:${port}/`, issuers: ['i'], audiences: ['a'], retryMs: 100 };
    await start({ credentials: [store] });
    const exp = Math.floor(relay.clock.nowMs() / 1000) + 60;
    const token = signer.sign({ claims: { sub: 'alice', exp, iss: 'i', aud: 'a' } });
    const { statusCode, headers } = await refusal(wss, bearer(token));
    expect([statusCode, headers['retry-after']]).toEqual([503, '5']);
    expect(relay.logged()).toContain('credential store is down');
    const server = await serveKeys({ keys: [signer.jwk] });
    await reload({ credentials: [{ ...store, url: server.url }] });
    const web = await connectWeb(wss, bearer(token));
    server.stop();
    expect((await auth(web)).status).toBe(200);
  });

  it('from an address that has guessed too much is answered 503, whatever it brings (SE-06)', async () => {
    await start({ auth: { addressFailures: 3, userFailures: 0 } });
    for (let times = 0; times < 3; times += 1) expect(await refusedWith(wss, bearer(`guess ${times}`))).toBe(401);
    expect(await refusedWith(wss, bearer('guess'))).toBe(503);
    expect(await refusedWith(wss, bearer(tokenOf('alice')))).toBe(503);
    expect((await authenticate(relay, await relay.connect())).status).toBe(408);
  });

  it('of whoever goes away meanwhile leaves nothing behind', async () => {
    const waiting: (() => void)[] = [];
    const server = await serveKeys((_request: unknown, response: import('node:http').ServerResponse) => {
      waiting.push(() => response.end('{"keys":[]}'));
    });
    await start({ credentials: [{ type: 'jwt', url: server.url, issuers: ['i'], audiences: ['a'] }] });
    const { WebSocket } = await import('ws');
    const webSocket = new WebSocket(relay.relay.listening[3] ?? '', 'msrp', {
      headers: { Authorization: 'Bearer x.y.z' },
    });
    webSocket.on('error', () => {});
    await expect.poll(() => waiting.length).toBe(1);
    webSocket.terminate();
    for (const answer of waiting) answer();
    await expect.poll(() => relay.relay.snapshot().connections.ws ?? 0).toBe(0);
  });
});

describe('A user of a token', () => {
  it('who is shut out loses sessions and connection, and gets in no more', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice')));
    await auth(web);
    const idle = await connectWeb(wss, bearer(tokenOf('alice')));
    relay.relay.operation.block({ kind: 'user', value: 'alice' });
    await web.closeCode;
    expect(users()).toEqual([]);
    expect((await auth(idle)).status).toBe(403);
    expect(await refusedWith(wss, bearer(tokenOf('alice')))).toBe(403);
    relay.relay.operation.blocks.remove({ kind: 'user', value: 'alice' });
    expect((await auth(idle)).status).toBe(200);
  });

  it('keeps what was granted through a reload, and loses it with the key of the token (RFC 4976 §6.3)', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice')));
    await auth(web);
    const password = await relay.client('bob');
    await reload();
    expect(users()).toEqual(['alice', 'bob']);
    const secrets = ['the-next-secret-of-thirty-two-octets'];
    await reload({
      credentials: [
        { type: 'static', users: PASSWORDS },
        { ...jwt, secrets },
      ],
    });
    expect(users()).toEqual(['bob']);
    expect((await auth(web)).status).toBe(401);
    expect(relay.logged()).toContain('"user":"alice","sessions":1');
    password.endpoint.socket.destroy();
  });

  it('who has renewed a session with a password keeps it when the token is gone', async () => {
    await start();
    const web = await connectWeb(wss, bearer(tokenOf('alice', 100)));
    const usePath = (await auth(web)).header('Use-Path') ?? '';
    const wish = { target: usePath, challenges: await challenges() };
    expect((await authenticate(relay, web.endpoint, wish)).status).toBe(200);
    await pass(200, web);
    await reload({
      credentials: [
        { type: 'static', users: PASSWORDS },
        { ...jwt, secrets: ['x'.repeat(32)] },
      ],
    });
    expect(users()).toEqual(['alice']);
  });

  it('is one of the realm that the host of the handshake picks, wherever the AUTH goes', async () => {
    await start({
      tls: { ...(await certificateFor('localhost', 'chat.localhost')), ca: authority.ca },
      domains: ['chat.localhost'],
      realms: { 'chat.localhost': 'chat realm' },
      credentials: [{ ...jwt, realm: 'chat realm' }],
    });
    const { headers } = bearer(tokenOf('alice'));
    const web = await connectWeb(wss, { headers: { ...headers, Host: 'chat.localhost:443' } });
    expect([(await auth(web)).status, users()]).toEqual([200, ['chat realm\\alice']]);
    expect(await refusedWith(wss, { headers: { ...headers } })).toBe(401);
  });
});

describe('Tokens of other stores', () => {
  it('are ephemeral passwords in base64', async () => {
    const secret = 'north-harbour-lantern';
    await start({ credentials: [{ type: 'ephemeral', secrets: [secret] }] });
    const name = `${Math.floor(relay.clock.nowMs() / 1000) + 300}:alice`;
    const password = createHmac('sha1', secret).update(name).digest('base64');
    const token = Buffer.from(`${name}:${password}`).toString('base64url');
    const granted = await auth(await connectWeb(wss, cookie(token)));
    expect([granted.status, users()]).toEqual([200, ['alice']]);
    expect(Number(granted.header('Expires'))).toBeLessThanOrEqual(300);
    const other = Buffer.from(`${name.replace('alice', 'bob')}:${password}`).toString('base64url');
    expect(await refusedWith(wss, cookie(other))).toBe(401);
  });

  it('are what a web service knows; one that it forgets is none, at the next AUTH and after a reload', async () => {
    const known = new Map([
      ['t1', 'alice'],
      ['t2', 'bob'],
    ]);
    const service = createServer(async (asked, response) => {
      const { token } = (await json(asked)) as { token: string };
      const user = known.get(token);
      response.writeHead(user === undefined ? 404 : 200).end(JSON.stringify({ user }));
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    onTestFinished(() => {
      service.closeAllConnections();
      service.close();
    });
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/`;
    const store = { type: 'http', url, tokens: true, cacheMs: 0 };
    await start({ credentials: [store] });
    const [one, two] = [await connectWeb(wss, bearer('t1')), await connectWeb(wss, bearer('t2'))];
    expect([(await auth(one)).status, (await auth(two)).status, users()]).toEqual([200, 200, ['alice', 'bob']]);
    known.delete('t1');
    expect([(await auth(one)).status, (await auth(two)).status]).toEqual([401, 200]);
    await reload({ credentials: [store] });
    expect(users()).toEqual(['bob', 'bob']);
    expect(await refusedWith(wss, bearer('t1'))).toBe(401);
  });
});
