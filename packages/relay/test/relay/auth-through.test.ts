/** This relay as the inner one: AUTHs of its clients on their way to other relays. */
import type tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readVectors } from '../../../msrp/test/vectors.ts';
import { type Endpoint, type Listening, listen, type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { type ChainRelay, certificateFor, chainRelay, clientThrough, closeChain, listeningRelay } from './chain.ts';
import { attempt, dialledCount, fence, text } from './dialogue.ts';
import { authority, type Overrides } from './harness.ts';

const INNER = 'inner.example.org';
const OUTER = 'outer.example.net';

let inner: ChainRelay;
let outer: Listening;

beforeEach(async () => {
  inner = await chainRelay(INNER);
  outer = await listeningRelay(OUTER);
});

afterEach(closeChain);

async function restart(overrides: Overrides): Promise<void> {
  await inner.close();
  inner = await chainRelay(INNER, overrides);
}

function baseOf({ port }: Listening): string {
  return `msrps://${OUTER}:${port};tcp`;
}

const CREDENTIALS = [['Authorization', 'Digest username="alice", realm="x", nonce="n"']] as const;

function auth(from: Endpoint, toPath: string, extra: Parameters<typeof request>[1]['extra'] = []): Buffer {
  return request('AUTH', { toPath, fromPath: from.uri, extra });
}

/** A challenge for what came. */
function challenge(message: Message, stale = ''): string {
  const offers = ['SHA-256', 'MD5'].map(
    (algorithm) => `WWW-Authenticate: Digest realm="x", nonce="n", qop="auth"${stale}, algorithm=${algorithm}\r\n`,
  );
  const response = responseTo(message, 401, 'Unauthorized').toString('latin1');
  return response.replace(/(-------\S+\$\r\n)$/, `${offers.join('')}$1`);
}

describe('An AUTH for another relay', () => {
  it('E5: goes on and comes back with every header as it was, octet for octet (AU-52, AU-22, R-04, R-17, R-18, FW-17)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    const examples = new Map(
      readVectors('examples.md').map(({ name, octets }) => [
        name.split('. ')[0],
        Buffer.from(octets).toString('latin1'),
      ]),
    );
    const example = (name: string, tid?: string) => {
      const octets = (examples.get(name) ?? '')
        .replaceAll('msrps://inner.example.org:2855/f3l2A5Jiw3M2oQ9dGywHhM;tcp', usePath)
        .replaceAll('msrps://nadia-pc.example.org:41207/UtPToUhRSZvSOa0GCdeR;tcp', endpoint.uri)
        .replaceAll('msrps://outer.example.net;tcp', baseOf(outer));
      return tid === undefined ? octets : octets.replaceAll(/^MSRP (\S+) /.exec(octets)?.[1] ?? '', tid);
    };
    void endpoint.send(example('E5.1'));
    const far = await outer.accept();
    const first = await far.next();
    expect(text(first)).toBe(example('E5.2', first.tid));
    void far.send(example('E5.3', first.tid));
    expect(text(await endpoint.next())).toBe(example('E5.4'));
    void endpoint.send(example('E5.5'));
    const second = await far.next();
    expect(text(second)).toBe(example('E5.6', second.tid));
    void far.send(example('E5.7', second.tid));
    expect(text(await endpoint.next())).toBe(example('E5.8'));
    expect(inner.relay.snapshot().transactions).toBe(0);
  });

  it('goes over TLS, with the name of the URI and this relay’s own certificate (AU-52, CN-11, CN-07)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    void endpoint.send(auth(endpoint, `${usePath} ${baseOf(outer)}`));
    const far = await outer.accept();
    await far.next();
    const socket = far.socket as tls.TLSSocket & { servername: string };
    expect([socket.servername, socket.authorized]).toEqual([OUTER, true]);
    expect(socket.getPeerCertificate().subjectaltname).toBe(`DNS:${INNER}`);
  });

  it('is refused without a session of its sender: 403 for a base URI, 481 for an unknown one, nobody is dialled (AU-51, A-23, FW-02, SE-01)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    const stranger = await inner.connect();
    const ask = async (from: Endpoint, first: string) =>
      (await from.ask(auth(from, `${first} ${baseOf(outer)}`))).status;
    const own = [inner.target, inner.target.replace(`:${inner.tlsPort}`, '')];
    for (const base of own) expect(await ask(endpoint, base)).toBe(403);
    expect(await ask(endpoint, usePath.replace(';tcp', 'x;tcp'))).toBe(481);
    expect(await ask(stranger, usePath)).toBe(403);
    for (const base of own) expect(await ask(stranger, base)).toBe(403);
    expect(await ask(stranger, 'msrps://elsewhere.example.org:2855/x;tcp')).toBe(481);
    await stranger.closed;
    expect([dialledCount(inner), outer.acceptedCount()]).toEqual([0, 0]);
  });

  it('never goes in clear, nor back to this relay itself (AU-52, CN-25, SE-03)', async () => {
    await restart({ nextHops: { allow: ['loopback'], cleartext: true, verifyEndpoints: false } });
    const { endpoint, usePath } = await clientThrough([inner]);
    const clear = await listen();
    for (const next of [clear.uri, `msrp://${OUTER};tcp`, inner.target, `msrps://${INNER};tcp`, usePath]) {
      expect((await endpoint.ask(auth(endpoint, `${usePath} ${next}`))).status, next).toBe(403);
    }
    expect([dialledCount(inner), clear.acceptedCount()]).toEqual([0, 0]);
    await clear.close();
  });

  it('never goes to a node whose certificate does not hold, even where endpoints need none (AU-52, CN-26, CN-11)', async () => {
    await restart({ nextHops: { allow: ['loopback'], verifyEndpoints: false } });
    const { endpoint, usePath } = await clientThrough([inner]);
    const impostor = await listeningRelay(OUTER, await certificateFor('other.example.org'));
    // As an endpoint it may be what it likes.
    expect(
      (await endpoint.ask(sendRequest({ toPath: `${usePath} ${impostor.uri}`, fromPath: endpoint.uri }))).status,
    ).toBe(200);
    const asEndpoint = await impostor.accept();
    await asEndpoint.next();
    const asked = auth(endpoint, `${usePath} ${impostor.uri}`, CREDENTIALS);
    expect((await endpoint.ask(asked)).status).toBe(408);
    // Nothing on the connection of the endpoint, and the other one broke off in the handshake.
    expect(impostor.acceptedCount()).toBe(1);
    await endpoint.expectSilence(fence(inner, endpoint));
    void endpoint.send(sendRequest({ toPath: `${usePath} ${impostor.uri}`, fromPath: endpoint.uri }));
    expect((await asEndpoint.next()).method).toBe('SEND');
  });

  it('leaves its way to no other request: a SEND to a URI without port is refused after it, too (DN-09, U-15)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    const toPath = `${usePath} msrps://${OUTER};tcp`;
    const unresolved = await endpoint.ask(auth(endpoint, toPath));
    expect(unresolved.status).toBe(408);
    expect((await endpoint.ask(sendRequest({ toPath, fromPath: endpoint.uri }))).status).toBe(408);
    const refused = await endpoint.ask(request('FROB', { toPath, fromPath: endpoint.uri }));
    expect([refused.status, refused.comment]).toEqual([408, 'Next hop has no port']);
  });

  it('is answered 408 with the whole path when the relay is unreachable, goes away or says nothing (AU-53, A-12, X-08)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    const expectTimeout = (answer: Message) => {
      expect([answer.status, answer.header('To-Path'), answer.header('From-Path')]).toEqual([
        408,
        endpoint.uri,
        usePath,
      ]);
    };
    const dead = await listeningRelay('dead.example.net');
    await dead.close();
    expectTimeout(await endpoint.ask(auth(endpoint, `${usePath} ${dead.uri}`)));
    const lost = endpoint.ask(auth(endpoint, `${usePath} ${baseOf(outer)}`));
    const far = await outer.accept();
    await far.next();
    far.socket.destroy();
    expectTimeout(await lost);
    const unanswered = endpoint.ask(auth(endpoint, `${usePath} ${baseOf(outer)}`));
    const mute = await outer.accept();
    await mute.next();
    inner.clock.advance(62_000);
    expectTimeout(await unanswered);
    expect(inner.relay.snapshot().reports).toEqual({});
  });
});

describe('AUTHs that fail at another relay', () => {
  /** Sends AUTHs through and answers each as told; how many were answered. */
  async function fail(
    endpoint: Endpoint,
    usePath: string,
    count: number,
    extra = CREDENTIALS,
    stale = '',
  ): Promise<void> {
    const far = fars.get(endpoint) ?? outer.accept();
    fars.set(endpoint, far);
    for (let index = 0; index < count; index += 1) {
      const answer = endpoint.ask(auth(endpoint, `${usePath} ${baseOf(outer)}`, extra));
      const connection = await far;
      void connection.send(challenge(await connection.next(({ method }) => method === 'AUTH'), stale));
      expect((await answer).status).toBe(401);
    }
  }
  const fars = new Map<Endpoint, Promise<Endpoint>>();

  it('five times close the client’s connection, and the one to the relay stays (AU-45, AU-46, AU-47)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    await fail(endpoint, usePath, 4);
    expect(inner.relay.snapshot().sessions).toBe(1);
    await fail(endpoint, usePath, 1);
    await endpoint.closed;
    expect(dialledCount(inner)).toBe(1);
    expect(inner.relay.snapshot().auth).toMatchObject({ 'failed elsewhere': 5 });
  });

  it('do not count without credentials, nor when only the nonce was stale (AU-46)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    await fail(endpoint, usePath, 8, [] as unknown as typeof CREDENTIALS);
    await fail(endpoint, usePath, 8, CREDENTIALS, ', stale=TRUE');
    await fail(endpoint, usePath, 4);
    await endpoint.expectSilence(fence(inner, endpoint));
  });

  it('count for each relay by itself, and not together with those at this one (AU-45)', async () => {
    const { endpoint, usePath } = await clientThrough([inner]);
    const other = await listeningRelay('other.example.net');
    await fail(endpoint, usePath, 4);
    const wrong = async () => {
      const challenges = (await endpoint.ask(fence(inner, endpoint))).headers
        .filter(([name]) => name === 'WWW-Authenticate')
        .map(([, value]) => value);
      return endpoint.ask(attempt(inner, endpoint, { challenges, password: 'wrong' }).octets);
    };
    for (let index = 0; index < 4; index += 1) expect((await wrong()).status).toBe(401);
    const answer = endpoint.ask(auth(endpoint, `${usePath} ${other.uri}`, CREDENTIALS));
    const far = await other.accept();
    void far.send(challenge(await far.next()));
    expect((await answer).status).toBe(401);
    await endpoint.expectSilence(fence(inner, endpoint));
  });

  it('of a client behind another relay cost that relay nothing (AU-47, AU-46)', async () => {
    const first = await chainRelay('first.example.org');
    const { endpoint, usePath } = await clientThrough([first, inner]);
    const far = outer.accept();
    // The first relay would close its client after five: so four, from four clients.
    for (let index = 0; index < 4; index += 1) {
      const answer = endpoint.ask(auth(endpoint, `${usePath} ${baseOf(outer)}`, CREDENTIALS));
      const connection = await far;
      void connection.send(challenge(await connection.next()));
      expect((await answer).status).toBe(401);
    }
    const second = await clientThrough([first, inner], 'bob');
    const answer = second.endpoint.ask(auth(second.endpoint, `${second.usePath} ${baseOf(outer)}`, CREDENTIALS));
    void (await far).send(challenge(await (await far).next()));
    expect((await answer).status).toBe(401);
    expect(inner.relay.snapshot().auth).toMatchObject({ 'failed elsewhere': 5 });
    expect([dialledCount(first), inner.relay.snapshot().connections.tls]).toEqual([1, 1]);
  });
});

describe('Two relays of this project', () => {
  it('E5: authenticate a client of the first at the second, a farm member, octet for octet (AU-02, AU-36, AU-35, AU-50, AU-48)', async () => {
    const member = 'node2.outer.example.net';
    const certificate = await certificateFor(member, OUTER);
    const far = await chainRelay(member, {
      aliases: [OUTER],
      realm: OUTER,
      tls: { ...certificate, ca: authority.ca },
      expires: { default: 1800 },
    });
    const { endpoint, usePath } = await clientThrough([inner]);
    const target = `msrps://${OUTER}:${far.tlsPort};tcp`;
    const toPath = `${usePath} ${target}`;
    const asked = auth(endpoint, toPath);
    const first = await endpoint.ask(asked);
    const fromPath = `${usePath} ${target}`;
    const challenges = first.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value);
    expect(text(first)).toBe(
      [
        `MSRP ${first.tid} 401 Unauthorized`,
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${fromPath}`,
        ...challenges.map((value) => `WWW-Authenticate: ${value}`),
        `-------${first.tid}$\r\n`,
      ].join('\r\n'),
    );
    expect(challenges.map((value) => /realm="([^"]+)".*algorithm=(\S+)$/.exec(value)?.slice(1))).toEqual([
      [OUTER, 'SHA-256'],
      [OUTER, 'MD5'],
    ]);
    const wish = { target: toPath, challenges, algorithm: 'SHA-256', cnonce: '563d6d1904f73d8d' } as const;
    const attempted = attempt(inner, endpoint, wish);
    const granted = await endpoint.ask(attempted.octets);
    const member2 = granted.header('Use-Path')?.split(' ').at(-1) ?? '';
    expect(member2).toMatch(new RegExp(`^msrps://node2\\.outer\\.example\\.net:${far.tlsPort}/[^/;]{22,};tcp$`));
    expect(text(granted)).toBe(
      [
        `MSRP ${granted.tid} 200 OK`,
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${fromPath}`,
        `Use-Path: ${usePath} ${member2}`,
        'Expires: 1800',
        `Authentication-Info: rspauth="${attempted.rspauth}", cnonce="563d6d1904f73d8d", nc=00000001, qop=auth`,
        `-------${granted.tid}$\r\n`,
      ].join('\r\n'),
    );
  });
});
