/** Hops that are not what they say, and hops that are: what each may do with a session. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { fence } from './dialogue.ts';
import { authority, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
let farRelay: Listening;

beforeEach(async () => {
  relay = await startRelay();
  const certificate = await authority.issue({ dnsNames: ['localhost'] });
  farRelay = await listen({ certificate, name: 'localhost' });
});

afterEach(async () => {
  await relay.close();
  await farRelay.close();
});

function send(from: Endpoint, toPath: string, fromPath = from.uri): Buffer {
  return sendRequest({ toPath, fromPath, body: 'hello', byteRange: '1-5/5' });
}

describe('A connection that speaks for a relay and has proved nothing', () => {
  it('gets nothing that is meant for that relay, whether it is the last hop or not (CN-32, SE-05, CN-21)', async () => {
    const { endpoint, usePath } = await relay.client();
    const impostor = await relay.connect();
    const claimed = `${farRelay.uri} ${impostor.uri}`;
    expect((await impostor.ask(send(impostor, `${usePath} ${endpoint.uri}`, claimed))).status).toBe(200);
    for (const beyond of ['', ` ${impostor.uri}`]) {
      expect((await endpoint.ask(send(endpoint, `${usePath} ${farRelay.uri}${beyond}`))).status).toBe(200);
    }
    const far = await farRelay.accept();
    for (const _each of [1, 2]) void far.send(responseTo(await far.next(), 200));
    await impostor.expectSilence(fence(relay, impostor));
  });
});

describe('A connection that the relay opened itself', () => {
  it('is heard for its session although another peer is bound to it (CN-21, X-12, P-15)', async () => {
    const { endpoint, usePath } = await relay.client();
    expect((await endpoint.ask(send(endpoint, `${usePath} ${farRelay.uri}`))).status).toBe(200);
    const far = await farRelay.accept();
    void far.send(responseTo(await far.next(), 200));
    const other = await relay.connect();
    expect((await other.ask(send(other, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    expect((await far.ask(send(far, `${usePath} ${endpoint.uri}`, farRelay.uri))).status).toBe(200);
    const extra = [
      ['Message-ID', 'mess-1'],
      ['Status', '000 200 OK'],
    ] as const;
    void far.send(request('REPORT', { toPath: `${usePath} ${endpoint.uri}`, fromPath: farRelay.uri, extra }));
    expect((await endpoint.next(({ method }) => method === 'REPORT')).header('Message-ID')).toBe('mess-1');
  });

  it('survives one request that is not for this relay (CN-15)', async () => {
    const { endpoint, usePath } = await relay.client();
    expect((await endpoint.ask(send(endpoint, `${usePath} ${farRelay.uri}`))).status).toBe(200);
    const far = await farRelay.accept();
    void far.send(responseTo(await far.next(), 200));
    const astray = send(far, `msrps://elsewhere.example.org:2855/x;tcp ${endpoint.uri}`, farRelay.uri);
    expect((await far.ask(astray)).status).toBe(481);
    expect((await far.ask(send(far, `${usePath} ${endpoint.uri}`, farRelay.uri))).status).toBe(200);
  });
});

describe('An AUTH through a session', () => {
  it('is refused with 403 when it comes from outside (FW-05, FW-12)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    const asked = request('AUTH', { toPath: `${usePath} ${endpoint.uri}`, fromPath: outsider.uri });
    expect((await outsider.ask(asked)).status).toBe(403);
    await endpoint.expectSilence(fence(relay, endpoint));
  });
});

describe('A handshake that is still going on when the relay drains', () => {
  it('ends in a closed connection, and in nothing worse (SE-07)', async () => {
    const socket = net.connect(relay.tlsPort, '127.0.0.1');
    await once(socket, 'connect');
    await relay.relay.drain(1000);
    const secured = tls.connect({ socket, rejectUnauthorized: false });
    secured.on('error', () => {});
    await once(secured, 'close');
    expect(relay.relay.state).toBe('closed');
  });
});
