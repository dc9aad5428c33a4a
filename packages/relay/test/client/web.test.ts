/** The library's WebSocket side, by Node's own WebSocket, with a relay. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Endpoint, type IncomingMessage, MsrpError, type Session } from 'msrp';
import { systemClock } from 'msrp/base';
import { nodeNetwork } from 'msrp/node';
import { webNetwork } from 'msrp/web';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { authority, PASSWORDS, startRelayWith, type TestRelay } from '../relay/harness.ts';

const LISTENERS = ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0', 'ws://127.0.0.1:0', 'wss://127.0.0.1:0'];

let relay: TestRelay<typeof systemClock>;
let url: string;
let secureUrl: string;
beforeAll(async () => {
  relay = await startRelayWith(systemClock, { listen: LISTENERS, log: { level: 'info' } });
  [, , url = '', secureUrl = ''] = relay.relay.listening;
});
afterAll(() => relay.close());

type User = keyof typeof PASSWORDS;

async function webSession(user: User, password = PASSWORDS[user]): Promise<Session> {
  const endpoint = new Endpoint({ network: webNetwork({ url }) });
  onTestFinished(() => endpoint.close());
  const connection = await endpoint.connectRelay({ uri: 'msrps://localhost:443;ws', user, password });
  return await connection.createSession();
}

async function tlsSession(user: User): Promise<Session> {
  const endpoint = new Endpoint({ network: nodeNetwork({ tls: { ca: authority.ca } }) });
  onTestFinished(() => endpoint.close());
  const connection = await endpoint.connectRelay({ uri: relay.target, user, password: PASSWORDS[user] });
  return await connection.createSession();
}

/** Both sessions know each other; the first one is active. */
async function join(a: Session, b: Session): Promise<void> {
  await b.open(a.path, 'passive');
  await a.open(b.path);
}

function nextMessage(session: Session): Promise<IncomingMessage> {
  return new Promise((resolve) => session.once('message', resolve));
}

async function sha256(message: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const octets of message) hash.update(octets);
  return hash.digest('hex');
}

describe('An endpoint on a WebSocket', () => {
  it('has a URI of its own that nobody can dial, another for each connection (WS-09, WS-11)', async () => {
    const [first, second] = [await webSession('alice'), await webSession('alice')];
    const hosts = [first, second].map(({ uri }) => /^msrps:\/\/([a-z0-9]{8,}\.invalid):\d+\/\w+;ws$/.exec(uri)?.[1]);
    expect(hosts).not.toContain(undefined);
    expect(hosts[0]).not.toBe(hosts[1]);
    expect(first.path).toMatch(/^msrps:\/\/localhost:\d+\/\S+;tcp msrps:\S+;ws$/);
  });

  it('offers the subprotocol msrp, and answers the challenge of the relay (WS-01, WS-20, WS-16)', async () => {
    await expect(webSession('alice')).resolves.toMatchObject({ isOpen: true });
    await expect(webSession('alice', 'wrong')).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 401 });
  });

  it('chats with one on TLS, and with another one on a WebSocket (WS-06, WS-26)', async () => {
    for (const other of [await tlsSession('bob'), await webSession('bob')]) {
      const session = await webSession('alice');
      await join(session, other);
      const [there, back] = [other, session].map((receiver) => nextMessage(receiver).then((message) => message.text()));
      await session.send('Grüße').delivered;
      expect(await there).toBe('Grüße');
      await other.send('zurück').delivered;
      expect(await back).toBe('zurück');
    }
  });

  it('sends and gets a file of 30 MB, whole (WS-06, WS-15)', async () => {
    const [web, tls] = [await webSession('alice'), await tlsSession('bob')];
    await join(web, tls);
    const octets = randomBytes(30_000_000);
    const wanted = createHash('sha256').update(octets).digest('hex');
    for (const [from, to] of [
      [web, tls],
      [tls, web],
    ] as const) {
      const received = nextMessage(to).then(sha256);
      await from.send(new Blob([octets])).delivered;
      expect(await received).toBe(wanted);
    }
  });

  it('that reads slowly slows its sender, and grows nobody (WS-15, FC-09)', async () => {
    const [web, tls] = [await webSession('alice'), await tlsSession('bob')];
    await join(web, tls);
    const received = nextMessage(web);
    const sending = tls.send(new Uint8Array(30_000_000));
    const iterator = (await received)[Symbol.asyncIterator]();
    let octets = (await iterator.next()).value?.length ?? 0;
    let before = -1;
    // Until nothing more leaves.
    await expect
      .poll(
        () => {
          const now = sending.progress.sentOctets;
          const isSame = now === before;
          before = now;
          return isSame;
        },
        { interval: 300 },
      )
      .toBe(true);
    expect(sending.progress.sentOctets).toBeLessThan(20_000_000);
    expect(relay.relay.snapshot().queuedOctets).toBeLessThan(2_000_000);
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) octets += step.value.length;
    await sending.delivered;
    expect(octets).toBe(30_000_000);
  });

  it('that goes in mid-file is reported to the sender (WS-24)', async () => {
    const [web, tls] = [await webSession('alice'), await tlsSession('bob')];
    await join(web, tls);
    const received = nextMessage(web);
    const sending = tls.send(new Uint8Array(30_000_000));
    await received;
    web.connection?.destroy(new MsrpError('MSRP_CONNECTION_LOST', 'the tab was closed'));
    await expect(sending.delivered).rejects.toMatchObject({ status: expect.any(Number) });
  });

  it('is told by its relay when that stops', async () => {
    const own = await startRelayWith(systemClock, { listen: LISTENERS });
    const endpoint = new Endpoint({ network: webNetwork({ url: own.relay.listening[2] }) });
    const user = { user: 'alice', password: PASSWORDS.alice };
    const session = await (await endpoint.connectRelay({ uri: 'msrps://localhost;ws', ...user })).createSession();
    const failed = new Promise((resolve) => session.once('failed', resolve));
    await own.close();
    expect(await failed).toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
  });
});

describe('The network of a browser', () => {
  it('leads to relays only (WS-05)', async () => {
    const endpoint = new Endpoint({ network: webNetwork({ url }) });
    const session = endpoint.createSession();
    await expect(session.open('msrps://localhost:2855/abcd;tcp')).rejects.toMatchObject({ code: 'MSRP_DIAL_DENIED' });
  });

  it('takes no password over a link without TLS, but on this machine (WS-03, AU-59)', async () => {
    const endpoint = new Endpoint({ network: webNetwork({ url: 'ws://relay.example.org' }) });
    const target = { uri: 'msrps://relay.example.org;ws', user: 'alice', password: 'secret' };
    await expect(endpoint.connectRelay(target)).rejects.toMatchObject({ code: 'MSRP_INSECURE' });
  });

  it('connects to nobody whose certificate is not trusted (WS-04)', async () => {
    const endpoint = new Endpoint({ network: webNetwork({ url: secureUrl }) });
    const target = { uri: 'msrps://localhost;ws', user: 'alice', password: PASSWORDS.alice };
    await expect(endpoint.connectRelay(target)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });

  it('connects to nobody who does not choose the subprotocol msrp (WS-01, WS-02)', async () => {
    for (const chosen of [false, 'chat'] as const) {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => chosen });
      onTestFinished(() => server.close());
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const endpoint = new Endpoint({ network: webNetwork({ url: `ws://127.0.0.1:${port}` }) });
      const target = { uri: 'msrps://localhost;ws', user: 'alice', password: PASSWORDS.alice };
      await expect(endpoint.connectRelay(target)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    }
  });

  it('keeps one random host for all sessions of a connection (WS-11)', async () => {
    const endpoint = new Endpoint({ network: webNetwork({ url }) });
    onTestFinished(() => endpoint.close());
    const target = { uri: 'msrps://localhost;ws', user: 'alice', password: PASSWORDS.alice };
    const connection = await endpoint.connectRelay(target);
    const uris = [(await connection.createSession()).uri, (await connection.createSession()).uri];
    expect(new Set(uris).size).toBe(2);
    expect(new Set(uris.map((uri) => /^msrps:\/\/([a-z0-9]+\.invalid:\d+)\//.exec(uri)?.[1])).size).toBe(1);
  });

  it('can be called off', async () => {
    const endpoint = new Endpoint({ network: webNetwork({ url }) });
    const target = { uri: 'msrps://localhost;ws', user: 'alice', password: PASSWORDS.alice };
    await expect(endpoint.connectRelay(target, { signal: AbortSignal.abort('no more') })).rejects.toBe('no more');
  });
});
