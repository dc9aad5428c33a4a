import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { authenticate, dialledCount, fence, manySessions, text, wire } from './dialogue.ts';
import { authority, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
let peer: Listening;

beforeEach(async () => {
  relay = await startRelay();
  peer = await listen();
});

afterEach(async () => {
  await relay.close();
  await peer.close();
});

/** A peer that the relay trusts over TLS. */
async function listenSecurely(): Promise<Listening> {
  const certificate = await authority.issue({ dnsNames: ['localhost'] });
  return listen({ certificate, name: 'localhost' });
}

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', ...more });
}

describe('An outside peer', () => {
  it('that knows the URI reaches the client without any authentication (CN-12)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    const asked = send(outsider, `${usePath} ${endpoint.uri}`, { messageId: 'RH89zJGsOA0mVcy9Pt' });
    expect((await outsider.ask(asked)).status).toBe(200);
    const arrived = await endpoint.next();
    expect(text(arrived)).toBe(
      wire(
        `MSRP ${arrived.tid} SEND`,
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${usePath} ${outsider.uri}`,
        'Message-ID: RH89zJGsOA0mVcy9Pt',
        'Byte-Range: 1-5/5',
        'Content-Type: text/plain',
        '',
        'hello',
        `-------${arrived.tid}$`,
      ),
    );
  });

  it('has the session for itself: another connection gets 506 while the first lives (CN-21, EC-12, E13.5)', async () => {
    const { endpoint, usePath } = await relay.client();
    const toPath = `${usePath} ${endpoint.uri}`;
    const first = await relay.connect();
    const second = await relay.connect();
    expect((await first.ask(send(first, toPath))).status).toBe(200);
    const asked = send(second, toPath, { fromPath: first.uri });
    const tid = asked.toString('latin1', 5, asked.indexOf(' ', 5));
    expect(text(await second.ask(asked))).toBe(
      wire(
        `MSRP ${tid} 506 Session in use on another connection`,
        `To-Path: ${first.uri}`,
        `From-Path: ${usePath}`,
        `-------${tid}$`,
      ),
    );
    void second.send(send(second, toPath, { failureReport: 'no' }));
    await second.expectSilence(fence(relay, second));
    await first.close();
    expect((await second.ask(send(second, toPath))).status).toBe(200);
    expect((await endpoint.next()).header('From-Path')).toBe(`${usePath} ${first.uri}`);
    expect((await endpoint.next()).header('From-Path')).toBe(`${usePath} ${second.uri}`);
    await endpoint.expectSilence(fence(relay, endpoint));
  });

  it('is not bound to a session by a request that was refused (CN-21, SE-05)', async () => {
    const { endpoint, usePath } = await relay.client();
    const spoiler = await relay.connect();
    expect((await spoiler.ask(send(spoiler, `${usePath} ${peer.uri}`))).status).toBe(403);
    expect((await spoiler.ask(send(spoiler, usePath))).status).toBe(481);
    const outsider = await relay.connect();
    expect((await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`))).status).toBe(200);
  });

  it('gets what is for it on the connection it came on, never dialled, whatever its URI promises (CN-21)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    // Says msrp, stands behind a NAT, and came over TLS.
    const fromPath = `msrp://127.0.0.1:${peer.port}/YRDNCt2f3KnwVhYwXoFI;tcp`;
    expect((await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`, { fromPath }))).status).toBe(200);
    await reply(endpoint, usePath, fromPath, outsider);
    expect(dialledCount(relay)).toBe(0);
    expect(peer.acceptedCount()).toBe(0);
  });

  async function reply(client: Endpoint, usePath: string, toPeer: string, at: Endpoint): Promise<void> {
    expect((await client.ask(send(client, `${usePath} ${toPeer}`))).status).toBe(200);
    const arrived = await at.next();
    expect(arrived.header('To-Path')).toBe(toPeer);
    expect(arrived.header('From-Path')).toBe(`${usePath} ${client.uri}`);
  }

  it('is dialled again when its connection is gone (CN-21, FW-09)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    expect((await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`, { fromPath: peer.uri }))).status).toBe(200);
    await outsider.close();
    expect((await endpoint.ask(send(endpoint, `${usePath} ${peer.uri}`))).status).toBe(200);
    expect((await (await peer.accept()).next()).header('To-Path')).toBe(peer.uri);
  });

  it('may write on the connection that was dialled to it (CN-21, CN-01)', async () => {
    const secure = await listenSecurely();
    const { endpoint, usePath } = await relay.client();
    expect((await endpoint.ask(send(endpoint, `${usePath} ${secure.uri}`))).status).toBe(200);
    const far = await secure.accept();
    void far.send(responseTo(await far.next(), 200));
    expect((await far.ask(send(far, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    expect((await endpoint.next()).header('From-Path')).toBe(`${usePath} ${secure.uri}`);
    expect(secure.acceptedCount()).toBe(1);
    await secure.close();
  });

  it('that was dialled in clear cannot use an msrps URI there (CN-03)', async () => {
    const { endpoint, usePath } = await relay.client();
    expect((await endpoint.ask(send(endpoint, `${usePath} ${peer.uri}`))).status).toBe(200);
    const far = await peer.accept();
    void far.send(responseTo(await far.next(), 200));
    expect((await far.ask(send(far, `${usePath} ${endpoint.uri}`))).status).toBe(403);
  });

  it('that was dialled cannot authenticate on that connection (AU-38, SE-05)', async () => {
    const { endpoint, usePath } = await relay.client();
    void endpoint.send(send(endpoint, `${usePath} ${peer.uri}`));
    const far = await peer.accept();
    await far.next();
    const refused = await far.ask(request('AUTH', { toPath: relay.target, fromPath: far.uri }));
    expect(refused.status).toBe(403);
  });

  it('that claims to be a relay is delivered like any other (CN-32, A-45)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    const fromPath = `msrps://relay-b.example.net:2855/s;tcp ${outsider.uri}`;
    expect((await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`, { fromPath }))).status).toBe(200);
    expect((await endpoint.next()).header('From-Path')).toBe(`${usePath} ${fromPath}`);
  });
});

describe('One connection', () => {
  it('to a next hop serves a hundred sessions in both directions (CN-01, FW-23)', async () => {
    const secure = await listenSecurely();
    const { endpoint } = await relay.client();
    const usePaths = await manySessions(relay, endpoint, 100);
    const sessions = usePaths.map((usePath, at) => ({ usePath, far: secure.uri.replace('/t', `/session${at}-t`) }));
    for (const { usePath, far } of sessions) void endpoint.send(send(endpoint, `${usePath} ${far}`));
    const connection = await secure.accept();
    for (const { usePath, far } of sessions) {
      const arrived = await connection.next(({ method }) => method === 'SEND');
      expect(arrived.header('To-Path')).toBe(far);
      expect(arrived.header('From-Path')).toBe(`${usePath} ${endpoint.uri}`);
      void connection.send(responseTo(arrived, 200));
      void connection.send(sendRequest({ toPath: `${usePath} ${endpoint.uri}`, fromPath: far, body: far }));
    }
    for (const { usePath, far } of sessions) {
      const arrived = await endpoint.next(({ method }) => method === 'SEND');
      expect(arrived.header('From-Path')).toBe(`${usePath} ${far}`);
      expect(arrived.body?.toString()).toBe(far);
      void endpoint.send(responseTo(arrived, 200));
    }
    expect(secure.acceptedCount()).toBe(1);
    expect(dialledCount(relay)).toBe(1);
    await expect.poll(() => relay.relay.snapshot().transactions).toBe(0);
    await secure.close();
  });

  it('is shared by clients of their own, and no transaction id is used twice on it (CN-01, FW-23, T-01)', async () => {
    const alice = await relay.client();
    const bob = await relay.client('bob');
    const tid = 'sameForBoth1';
    for (const { endpoint, usePath } of [alice, bob]) {
      void endpoint.send(send(endpoint, `${usePath} ${peer.uri}`, { tid }));
      expect((await endpoint.next()).tid).toBe(tid);
    }
    const far = await peer.accept();
    const [first, second] = [await far.next(), await far.next()];
    expect(new Set([first.tid, second.tid, tid]).size).toBe(3);
    expect(peer.acceptedCount()).toBe(1);
  });

  it('is opened once for a hundred SENDs that come at once, which keep their order (CN-27, FW-15)', async () => {
    const { endpoint, usePath } = await relay.client();
    const sends = Array.from({ length: 100 }, (_, at) =>
      sendRequest({ toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri, body: String(at) }),
    );
    void endpoint.send(Buffer.concat(sends));
    const far = await peer.accept();
    for (let at = 0; at < 100; at += 1) expect((await far.next()).body?.toString()).toBe(String(at));
    expect(peer.acceptedCount()).toBe(1);
    expect(relay.relay.snapshot().connections['dialled-tcp']).toBe(1);
  });

  it('is not taken for another host, port or scheme (CN-01)', async () => {
    const secure = await listenSecurely();
    const other = await listen();
    const { endpoint, usePath } = await relay.client();
    for (const far of [peer, secure, other]) {
      expect((await endpoint.ask(send(endpoint, `${usePath} ${far.uri}`))).status).toBe(200);
      expect((await (await far.accept()).next()).header('To-Path')).toBe(far.uri);
    }
    expect(relay.relay.snapshot().connections).toMatchObject({ 'dialled-tls': 1, 'dialled-tcp': 2 });
    await secure.close();
    await other.close();
  });

  it('from one address is nothing special: fifty sessions come on fifty connections (CM-09)', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => relay.client()));
    const peers = await Promise.all(Array.from({ length: 50 }, () => relay.connect()));
    for (const [at, outsider] of peers.entries()) {
      const { endpoint, usePath } = clients[at]!;
      const body = `for ${at}`;
      expect(
        (await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`, { body, byteRange: '1-*/*' }))).status,
      ).toBe(200);
      expect((await endpoint.next()).body?.toString()).toBe(body);
    }
  });
});

describe('The end of a client connection', () => {
  it('ends all its URIs and nobody else’s (CN-16, SE-09)', async () => {
    const gone = await relay.connect();
    const usePaths = await manySessions(relay, gone, 5);
    const { endpoint, usePath } = await relay.client();
    expect(relay.relay.snapshot().sessions).toBe(6);
    await gone.close();
    expect(relay.relay.snapshot().sessions).toBe(1);
    const outsider = await relay.connect();
    for (const old of usePaths.slice(0, 3)) {
      expect((await outsider.ask(send(outsider, `${old} ${gone.uri}`))).status).toBe(481);
    }
    expect((await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`))).status).toBe(200);
  });

  it('ends them when the client only half closes, too (CN-16)', async () => {
    const { endpoint } = await relay.client();
    endpoint.socket.end();
    await endpoint.closed;
    expect(relay.relay.snapshot().sessions).toBe(0);
  });
});

describe('A session of one user', () => {
  it('does not read or stop what another user’s does on the same next hop (SE-05, FW-23)', async () => {
    const alice = await relay.client();
    const bob = await relay.client('bob');
    void alice.endpoint.send(send(alice.endpoint, `${alice.usePath} ${peer.uri}`));
    const far = await peer.accept();
    const first = await far.next();
    void bob.endpoint.send(send(bob.endpoint, `${bob.usePath} ${peer.uri}`));
    const second = await far.next();
    void far.send(responseTo(first, 413));
    void far.send(responseTo(second, 200));
    const report = await alice.endpoint.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 413/);
    expect((await bob.endpoint.next()).status).toBe(200);
    await bob.endpoint.expectSilence(fence(relay, bob.endpoint));
    expect((await authenticate(relay, bob.endpoint, { user: 'bob', password: 'other secret' })).status).toBe(200);
  });
});
