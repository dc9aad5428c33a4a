import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configSchema } from '../../src/app/config-schema.ts';
import { type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { dialledCount } from './dialogue.ts';
import { type Overrides, PASSWORDS, startRelay, type TestRelay } from './harness.ts';
import { pattern } from './scene.ts';
import { connectWeb, refusedWith, type WebEndpoint, type WebWish } from './web-client.ts';

const LISTENERS = ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0', 'wss://127.0.0.1:0', 'ws://127.0.0.1:0'];

let relay: TestRelay<ManualClock>;
let wss: string;
let ws: string;

async function start(overrides: Overrides = {}): Promise<void> {
  relay = await startRelay({ listen: LISTENERS, ...overrides });
  const [, , secure = '', clear = ''] = relay.relay.listening;
  wss = secure.replace('127.0.0.1', 'localhost');
  ws = clear;
}

beforeEach(() => start());
afterEach(() => relay.close());

async function restart(overrides: Overrides): Promise<void> {
  await relay.close();
  await start(overrides);
}

/** A WebSocket client that has authenticated, and its Use-Path. */
async function webClient(
  user: keyof typeof PASSWORDS = 'alice',
  wish: WebWish = {},
): Promise<WebEndpoint & { usePath: string }> {
  const web = await connectWeb(wss, wish);
  const target = 'msrps://localhost:443;ws';
  return { ...web, usePath: await web.endpoint.auth({ user, password: PASSWORDS[user], target }) };
}

async function allOf(next: () => Promise<Message>): Promise<Message[]> {
  const received: Message[] = [];
  do {
    received.push(await next());
  } while (received.at(-1)?.flag === '+');
  return received;
}

describe('A handshake', () => {
  it('is answered with the subprotocol msrp, the origin, and no compression (WS-02, WS-19, WS-25)', async () => {
    const { headers } = await connectWeb(wss, { origin: 'https://chat.example.org', perMessageDeflate: true });
    expect(headers['sec-websocket-protocol']).toBe('msrp');
    expect(headers['access-control-allow-origin']).toBe('https://chat.example.org');
    expect(headers['sec-websocket-extensions']).toBeUndefined();
  });

  it.each([[[]], [['chat']], [['msrpx', 'xmsrp']]])('that offers %j is refused with 400 (WS-02)', async (protocols) => {
    expect(await refusedWith(wss, { protocols })).toBe(400);
  });

  it('may offer others besides (WS-02)', async () => {
    const { headers } = await connectWeb(wss, { protocols: ['chat', 'msrp'] });
    expect(headers['sec-websocket-protocol']).toBe('msrp');
  });

  it('from a page whose origin is not on the list is refused with 403 (WS-18)', async () => {
    await restart({ webSocket: { origins: ['https://chat.example.org'] } });
    expect(await refusedWith(wss, { origin: 'https://evil.example.org' })).toBe(403);
    await connectWeb(wss, { origin: 'https://chat.example.org' });
    // What is no browser names none.
    await connectWeb(wss);
  });

  it('is what a plain request is told to begin', async () => {
    const { promise, resolve } = Promise.withResolvers<http.IncomingMessage>();
    http.get(ws.replace('ws:', 'http:'), resolve);
    const response = await promise;
    response.resume();
    expect([response.statusCode, response.headers.upgrade]).toEqual([426, 'websocket']);
  });

  it('asks no browser for a certificate', async () => {
    const { webSocket } = await connectWeb(wss);
    const socket = (webSocket as unknown as { _socket: { getFinished(): unknown; isSessionReused(): boolean } })
      ._socket;
    expect(socket.getFinished()).toBeDefined();
  });
});

describe('A client on a WebSocket', () => {
  it('is granted a URI of the TLS listener, which others reach (WS-12, WS-14, WS-16)', async () => {
    const { usePath, endpoint } = await webClient();
    expect(usePath).toMatch(new RegExp(`^msrps://localhost:${relay.tlsPort}/\\S+;tcp$`));
    const again = await endpoint.ask(request('AUTH', { toPath: 'msrps://localhost;ws', fromPath: endpoint.uri }));
    expect(again.status).toBe(401);
    const elsewhere = await endpoint.ask(
      request('AUTH', { toPath: 'msrps://other.example.org:443;ws', fromPath: endpoint.uri }),
    );
    expect(elsewhere.status).toBe(481);
  });

  it('exchanges messages with a peer on TLS; each chunk is one binary message (WS-06, WS-08, WS-09, WS-13)', async () => {
    const { usePath, endpoint, messages } = await webClient();
    const peer = await relay.connect();
    const toClient = sendRequest({
      toPath: `${usePath} ${endpoint.uri}`,
      fromPath: peer.uri,
      byteRange: '1-5/5',
      body: 'Hello',
    });
    expect((await peer.ask(toClient)).status).toBe(200);
    const arrived = await endpoint.next();
    expect(arrived.body?.toString()).toBe('Hello');
    expect(arrived.header('To-Path')).toBe(endpoint.uri);
    void endpoint.send(responseTo(arrived, 200));
    const toPeer = sendRequest({
      toPath: `${usePath} ${peer.uri}`,
      fromPath: endpoint.uri,
      byteRange: '1-7/7',
      body: 'Got it.',
    });
    expect((await endpoint.ask(toPeer)).status).toBe(200);
    expect((await peer.next(({ method }) => method === 'SEND')).body?.toString()).toBe('Got it.');
    expect(messages.every(({ isBinary }) => isBinary)).toBe(true);
    expect(messages.map(({ octets }) => octets.toString('latin1').match(/^MSRP /gm)?.length)).toEqual(
      messages.map(() => 1),
    );
  });

  it('may send text messages, whose octets count, whatever the cut (WS-07, WS-08)', async () => {
    const { usePath, endpoint, webSocket } = await webClient();
    const peer = await relay.connect();
    const toPath = `${usePath} ${peer.uri}`;
    const cut = Buffer.from('né').subarray(0, 2);
    const back = { toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri };
    expect((await peer.ask(sendRequest({ ...back, body: cut, flag: '+', byteRange: '1-2/3' }))).status).toBe(200);
    expect((await endpoint.next(({ body }) => body !== undefined)).body?.equals(cut)).toBe(true);
    webSocket.send(sendRequest({ toPath, fromPath: endpoint.uri, body: Buffer.from('né') }).toString('utf8'));
    expect((await peer.next(({ body }) => body !== undefined)).body?.toString('utf8')).toBe('né');
  });

  it('gets a long chunk of others in messages of 64 KiB, and sends in as many as it likes (WS-15, CH-26)', async () => {
    const { usePath, endpoint, messages } = await webClient();
    const peer = await relay.connect();
    const octets = 1_048_576;
    const body = pattern(1, octets);
    const toPath = `${usePath} ${endpoint.uri}`;
    void peer.send(sendRequest({ toPath, fromPath: peer.uri, byteRange: `1-*/${octets}`, body, failureReport: 'no' }));
    const received = await allOf(() => endpoint.next(({ method }) => method === 'SEND'));
    expect(Buffer.concat(received.map((chunk) => chunk.body ?? Buffer.alloc(0))).equals(body)).toBe(true);
    expect(received).toHaveLength(16);
    expect(received.map(({ header }) => header('Byte-Range'))[1]).toBe('65537-*/1048576');
    expect(Math.max(...messages.map((message) => message.octets.length))).toBeLessThan(66_600);
  });

  it('is bounded at 64 KiB, too, where chunks may be longer (WS-15, CH-26)', async () => {
    await restart({ chunk: { maxOctets: 1_048_576 } });
    const { usePath, endpoint } = await webClient();
    const peer = await relay.connect();
    const wish = { toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri, failureReport: 'no' as const };
    void peer.send(sendRequest({ ...wish, byteRange: '1-*/131072', body: pattern(1, 131_072) }));
    const received = await allOf(() => endpoint.next(({ method }) => method === 'SEND'));
    expect(received.map((chunk) => chunk.body?.length)).toEqual([65_536, 65_536]);
  });

  it('reaches another WebSocket client through the relay, and is never dialled (WS-05, WS-13, WS-26)', async () => {
    const [alice, bob] = [await webClient('alice'), await webClient('bob')];
    const toPath = `${alice.usePath} ${bob.usePath} ${bob.endpoint.uri}`;
    expect((await alice.endpoint.ask(sendRequest({ toPath, fromPath: alice.endpoint.uri, body: 'Hi' }))).status).toBe(
      200,
    );
    const arrived = await bob.endpoint.next();
    expect(arrived.body?.toString()).toBe('Hi');
    expect(arrived.header('To-Path')).toBe(bob.endpoint.uri);
    expect(arrived.header('From-Path')).toBe(`${bob.usePath} ${alice.usePath} ${alice.endpoint.uri}`);
    const direct = `${alice.usePath} ${bob.endpoint.uri}`;
    expect(
      (await alice.endpoint.ask(sendRequest({ toPath: direct, fromPath: alice.endpoint.uri, body: 'Hi' }))).status,
    ).toBe(408);
    expect(dialledCount(relay)).toBe(0);
  });

  it('loses its URIs with the WebSocket; what cannot reach it is reported (WS-24)', async () => {
    const { usePath, endpoint, webSocket } = await webClient();
    webSocket.close();
    await expect.poll(() => relay.relay.snapshot().sessions).toBe(0);
    const peer = await relay.connect();
    const toPath = `${usePath} ${endpoint.uri}`;
    expect((await peer.ask(sendRequest({ toPath, fromPath: peer.uri, body: 'gone?' }))).status).toBe(481);
  });

  it('is pinged every 30 s, and gone when it does not answer (WS-17)', async () => {
    const { webSocket, closeCode } = await webClient();
    let pings = 0;
    webSocket.on('ping', () => (pings += 1));
    const tick = async (expected: number) => {
      relay.clock.advance(30_000);
      await expect.poll(() => pings).toBe(expected);
    };
    await tick(1);
    await tick(2);
    // Answers no more: pongs go out by themselves in ws, so its own socket stops.
    const raw = (webSocket as unknown as { _socket: net.Socket })._socket;
    raw.pause();
    relay.clock.advance(30_000);
    relay.clock.advance(30_000);
    raw.resume();
    expect(await closeCode).toBe(1006);
    await expect.poll(() => relay.relay.snapshot().sessions).toBe(0);
  });

  it('may keep its connection alive with SENDs that carry nothing (WS-17)', async () => {
    const { usePath, endpoint } = await webClient();
    const empty = sendRequest({ toPath: usePath, fromPath: endpoint.uri, byteRange: '1-0/0' });
    expect((await endpoint.ask(empty)).status).toBe(200);
  });

  it('has 30 s from the handshake on to authenticate (WS-27)', async () => {
    const { closeCode } = await connectWeb(wss);
    await expect.poll(() => relay.relay.snapshot().connections.wss).toBe(1);
    relay.clock.advance(32_000);
    expect([1000, 1006]).toContain(await closeCode);
  });

  it('loses nothing of that time to a handshake that took long (WS-27)', async () => {
    const over = net.connect(Number(new URL(ws).port), '127.0.0.1');
    await once(over, 'connect');
    relay.clock.advance(20_000);
    const { endpoint, closeCode } = await connectWeb(ws, { over });
    await expect.poll(() => relay.relay.snapshot().connections.ws).toBe(1);
    relay.clock.advance(20_000);
    const refused = await endpoint.ask(request('AUTH', { toPath: 'msrps://localhost;ws', fromPath: endpoint.uri }));
    expect(refused.status).toBe(401);
    relay.clock.advance(12_000);
    expect([1000, 1006]).toContain(await closeCode);
  });

  it('that has not authenticated is granted nothing, and reaches nobody (WS-05, WS-14)', async () => {
    const { usePath, endpoint: bob } = await webClient('bob');
    const { endpoint: stranger } = await connectWeb(wss);
    const wrong = stranger.auth({ user: 'alice', password: 'wrong', target: 'msrps://localhost;ws' });
    await expect(wrong).rejects.toThrow(/401|403/);
    const toPath = `${usePath} ${bob.uri}`;
    const sent = await stranger.ask(sendRequest({ toPath, fromPath: stranger.uri, body: 'Hi' }));
    expect(sent.status).toBe(403);
    expect(relay.relay.snapshot().requests.out.SEND ?? 0).toBe(0);
  });

  it('works without TLS behind a proxy: its URIs are msrps all the same (WS-03, WS-12)', async () => {
    const { endpoint } = await connectWeb(ws);
    const usePath = await endpoint.auth({
      user: 'alice',
      password: PASSWORDS.alice,
      target: 'msrps://localhost:443;ws',
    });
    expect(usePath).toMatch(/^msrps:/);
  });

  it('is slowed when it does not read: a sender on TLS waits, and nothing is lost (WS-15, FC-02)', async () => {
    const { usePath, endpoint, webSocket } = await webClient();
    const peer = await relay.connect();
    const octets = 20_000_000;
    const wish = { toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri, failureReport: 'no' as const };
    const raw = (webSocket as unknown as { _socket: net.Socket })._socket;
    raw.pause();
    const written = peer.send(sendRequest({ ...wish, byteRange: `1-*/${octets}`, body: Buffer.alloc(octets, 'x') }));
    let isWritten = false;
    void written.then(() => (isWritten = true));
    let before = -1;
    // Until nothing more is read.
    await expect
      .poll(
        () => {
          const now = relay.relay.snapshot().octets.in;
          const isSame = now === before;
          before = now;
          return isSame && now > 100_000;
        },
        { interval: 200 },
      )
      .toBe(true);
    expect(isWritten).toBe(false);
    expect(relay.relay.snapshot().queuedOctets).toBeLessThan(2_000_000);
    raw.resume();
    const received = await allOf(() => endpoint.next(({ method }) => method === 'SEND'));
    expect(received.reduce((sum, chunk) => sum + (chunk.body?.length ?? 0), 0)).toBe(octets);
  });
});

describe('A WebSocket message', () => {
  it.each([
    ['two requests', (send: Buffer) => Buffer.concat([send, send]), 400],
    ['half of one', (send: Buffer) => send.subarray(0, send.length - 3), 400],
    ['one and a bit', (send: Buffer) => Buffer.concat([send, Buffer.from('x')]), 400],
    ['half a head', (send: Buffer) => send.subarray(0, 40), undefined],
    ['no MSRP', () => Buffer.from('GET / HTTP/1.1\r\n\r\n'), undefined],
    ['an empty line', () => Buffer.from('\r\n'), undefined],
    ['nothing', () => Buffer.alloc(0), undefined],
  ])(
    'of %s ends the connection with 1002, and is answered 400 where that is possible (WS-06, WS-23)',
    async (_what, spoil, status) => {
      const { usePath, endpoint, closeCode, webSocket, messages } = await webClient();
      const peer = await relay.connect();
      const before = messages.length;
      const send = sendRequest({ toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri, body: 'a message' });
      webSocket.send(spoil(send));
      expect(await closeCode).toBe(1002);
      const answers = messages.slice(before).map(({ octets }) => octets.toString('latin1').split(' ')[2]);
      expect(answers).toEqual(status === undefined ? [] : [String(status)]);
      expect(relay.relay.snapshot().requests.out.SEND ?? 0).toBe(0);
    },
  );

  it('is nobody told of with Failure-Report no, or as a REPORT (WS-23)', async () => {
    for (const [method, extra] of [
      ['SEND', [['Failure-Report', 'no']]],
      ['REPORT', []],
    ] as const) {
      const { usePath, endpoint, messages, closeCode, webSocket } = await webClient();
      const before = messages.length;
      const whole = request(method, {
        toPath: usePath,
        fromPath: endpoint.uri,
        extra: [['Message-ID', 'abcdef'], ...extra],
      });
      webSocket.send(Buffer.concat([whole, whole]));
      expect(await closeCode).toBe(1002);
      expect(messages).toHaveLength(before);
    }
  });

  it('may have a body that looks like its end-line (WS-06)', async () => {
    const { usePath, endpoint } = await webClient();
    const peer = await relay.connect();
    const opening = { toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri };
    void peer.send(sendRequest({ toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri, byteRange: '1-0/0' }));
    await endpoint.next();
    const body = '\r\n-------abcdefgh1234$\r\r\n-------abcdefgh1234*\r\n-------other1234$\r\n';
    expect((await endpoint.ask(sendRequest({ ...opening, tid: 'abcdefgh1234', body }))).status).toBe(200);
    expect((await peer.next(({ method }) => method === 'SEND')).body?.toString()).toBe(body);
  });

  it('over 1 MiB ends the connection with 1009 (WS-22)', async () => {
    const { usePath, endpoint, closeCode, webSocket } = await webClient();
    webSocket.send(sendRequest({ toPath: usePath, fromPath: endpoint.uri, body: Buffer.alloc(2_000_000) }));
    expect(await closeCode).toBe(1009);
  });

  it('over 1 MiB in fragments, too, before all of it has come (WS-22)', async () => {
    const { closeCode, webSocket } = await webClient();
    for (let fragment = 0; fragment < 5; fragment += 1) webSocket.send(Buffer.alloc(250_000), { fin: false });
    expect(await closeCode).toBe(1009);
  });

  it('may come in fragments, with pings between them; frames without mask are refused (WS-21)', async () => {
    const { usePath, endpoint, webSocket, closeCode } = await webClient();
    const empty = sendRequest({ toPath: usePath, fromPath: endpoint.uri, byteRange: '1-0/0' });
    const answer = endpoint.next(({ status }) => status !== undefined);
    for (const [index, octet] of [...empty].entries()) {
      webSocket.send(Buffer.of(octet), { fin: index === empty.length - 1 });
      if (index % 50 === 0) webSocket.ping();
    }
    expect((await answer).status).toBe(200);
    webSocket.send(empty, { mask: false });
    expect([1002, 1006]).toContain(await closeCode);
  });
});

describe('The address of a client', () => {
  async function seenFrom(headers: Record<string, string>): Promise<string | undefined> {
    await connectWeb(ws, { headers });
    await expect.poll(() => relay.logged()).toContain('connection accepted');
    const lines = relay
      .logged()
      .split('\n')
      .filter((line) => line.includes('connection accepted'));
    return JSON.parse(lines.at(-1) ?? '{}').from;
  }

  it('is believed of proxies that are named, and of nobody else (SE-06)', async () => {
    expect(await seenFrom({ 'X-Forwarded-For': '203.0.113.7' })).toBe('127.0.0.1');
    await restart({ webSocket: { proxies: ['127.0.0.0/8', '10.0.0.1'] } });
    expect(await seenFrom({ 'X-Forwarded-For': '198.51.100.1, 203.0.113.7, 10.0.0.1' })).toBe('203.0.113.7');
    expect(await seenFrom({ 'X-Forwarded-For': 'nonsense' })).toBe('127.0.0.1');
    expect(await seenFrom({})).toBe('127.0.0.1');
  });
});

describe('The configuration', () => {
  it.each([
    [{ listen: ['wss://127.0.0.1:0'] }, /expected a tls:\/\/ listener beside wss:/],
    [
      { listen: ['tls://127.0.0.1:0', 'ws://0.0.0.0:0'], hostname: 'relay.example.org' },
      /expected a loopback address or trustedNetwork/,
    ],
    [{ webSocket: { origins: ['chat.example.org'] } }, /expected an origin such as https/],
    [{ webSocket: { proxies: ['loopback'] } }, /expected an address or a network/],
  ])('says what is wrong with %j (WS-03, WS-12)', async (overrides, sentence) => {
    await expect(startRelay(overrides)).rejects.toThrow(sentence);
  });

  it('has no plain listener by default (WS-03)', () => {
    expect(configSchema.shape.listen.parse(undefined).map(({ scheme }) => scheme)).toEqual(['tls']);
  });
});
