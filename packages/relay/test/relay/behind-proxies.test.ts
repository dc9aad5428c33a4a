/** A relay behind balancers and HTTP proxies: the address of the client counts, not theirs. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { randomId } from '../message.ts';
import { Endpoint } from '../scripted-connection.ts';
import { binaryHeader, textHeader } from '../transport/proxy-headers.ts';
import { authenticate } from './dialogue.ts';
import { authority, type Overrides, startRelay, type TestRelay } from './harness.ts';
import { connectWeb, refusedWith } from './web-client.ts';

let relay: TestRelay<ManualClock>;
afterEach(() => relay.close());

const LISTENERS = ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0', 'ws://127.0.0.1:0'];
const BALANCER = { listeners: ['tls://127.0.0.1:0'], proxies: ['127.0.0.1'] };

async function start(overrides: Overrides): Promise<void> {
  relay = await startRelay({ listen: LISTENERS, proxyProtocol: BALANCER, ...overrides });
}

/** A client on TLS, as a balancer passes it on. */
async function passedOn(header: Buffer): Promise<Endpoint> {
  const socket = net.connect({ port: relay.tlsPort, host: '127.0.0.1' });
  socket.write(header);
  const secure = tls.connect({ socket, ca: authority.ca, servername: 'localhost' });
  await once(secure, 'secureConnect');
  return new Endpoint(secure, `msrps://${randomId()}.invalid:2855/${randomId()};tcp`);
}

function addresses(): string[] {
  const { items } = relay.relay.operation.connections({ after: 0, limit: 100 });
  return items.map(({ address }) => address);
}

const from = (value: string) => ({ headers: { 'X-Forwarded-For': value } });
const wsUrl = () => relay.relay.listening[2] ?? '';

describe('A client that a balancer passes on', () => {
  it('has its own address in the log and before operators, who can shut it out', async () => {
    await start({});
    const [client, other] = [await passedOn(textHeader('192.0.2.1')), await passedOn(textHeader('192.0.2.2'))];
    expect((await authenticate(relay, client)).status).toBe(200);
    expect(addresses()).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(relay.logged()).toContain('"from":"192.0.2.1","outcome":"granted","user":"alice"');
    relay.relay.operation.block({ kind: 'address', value: '192.0.2.0/31' });
    await client.closed;
    expect(addresses()).toEqual(['192.0.2.2']);
    await expect(passedOn(textHeader('192.0.2.1'))).rejects.toThrow();
    other.socket.destroy();
  });

  it('guesses passwords for itself alone (SE-06)', async () => {
    await start({ auth: { addressFailures: 2, userFailures: 0 } });
    const guess = async (header: Buffer) =>
      (await authenticate(relay, await passedOn(header), { password: 'wrong' })).status;
    expect([await guess(binaryHeader()), await guess(binaryHeader()), await guess(binaryHeader())]).toEqual([
      401, 401, 408,
    ]);
    expect(await guess(textHeader('192.0.2.2'))).toBe(401);
  });

  it('has connections of its own to spend', async () => {
    await start({ limits: { connectionsPerAddress: 1 } });
    const first = await passedOn(textHeader('192.0.2.1'));
    await expect(passedOn(textHeader('192.0.2.1'))).rejects.toThrow();
    await passedOn(textHeader('192.0.2.2'));
    expect((await authenticate(relay, first)).status).toBe(200);
    await passedOn(textHeader('192.0.2.1'));
    expect(relay.relay.snapshot().refused.connection).toBe(1);
  });

  it('comes with a header: without one the balancer is disconnected, which is worth a line at level debug', async () => {
    await start({});
    await expect(relay.connect()).rejects.toThrow();
    expect(relay.logged()).toContain('"from":"127.0.0.1","reason":"a header that is none"');
    expect(
      JSON.parse(
        relay
          .logged()
          .split('\n')
          .find((line) => line.includes('no PROXY header')) ?? '{}',
      ),
    ).toMatchObject({ level: 'debug' });
    // Another listener has no balancer before it.
    await relay.connect({ secure: false });
  });
});

describe('A client that an HTTP proxy passes on', () => {
  const trusting = { webSocket: { proxies: ['127.0.0.1', '10.0.0.0/8'] }, proxyProtocol: {} };

  it('has its own address, and is shut out by it', async () => {
    await start(trusting);
    const web = await connectWeb(wsUrl(), from('203.0.113.7, 192.0.2.1, 10.1.1.1'));
    await connectWeb(wsUrl(), from('192.0.2.2'));
    expect(addresses()).toEqual(['192.0.2.1', '192.0.2.2']);
    relay.relay.operation.block({ kind: 'address', value: '192.0.2.1' });
    await web.closeCode;
    expect(await refusedWith(wsUrl(), from('192.0.2.1'))).toBe(503);
    expect(relay.relay.snapshot().refused.blocked).toBe(1);
  });

  it('has connections of its own to spend: those of all others do not count (SE-06)', async () => {
    await start({ ...trusting, limits: { connectionsPerAddress: 1 } });
    const first = await connectWeb(wsUrl(), from('192.0.2.1'));
    expect(await refusedWith(wsUrl(), from('192.0.2.1'))).toBe(503);
    await connectWeb(wsUrl(), from('192.0.2.2'));
    await connectWeb(wsUrl(), from('2001:db8::1'));
    expect(await refusedWith(wsUrl(), from('2001:db8::2'))).toBe(503);
    first.webSocket.terminate();
    await first.closeCode;
    await expect.poll(() => addresses()).not.toContain('192.0.2.1');
    await connectWeb(wsUrl(), from('192.0.2.1'));
  });

  it('is not believed when it comes by itself', async () => {
    await start({ proxyProtocol: {} });
    await connectWeb(wsUrl(), from('192.0.2.1'));
    expect(addresses()).toEqual(['127.0.0.1']);
  });

  it('may be told in Forwarded, and then in nothing else (RFC 7239)', async () => {
    await start({ webSocket: { ...trusting.webSocket, forwardedHeader: 'Forwarded' }, proxyProtocol: {} });
    await connectWeb(wsUrl(), {
      headers: { Forwarded: 'for="[2001:db8::1]:4711";proto=https', 'X-Forwarded-For': '192.0.2.9' },
    });
    await connectWeb(wsUrl(), from('192.0.2.1'));
    expect(addresses()).toEqual(['2001:db8::1', '127.0.0.1']);
  });
});
