/** Rates over real sockets, by the machine's own clock. */
import { performance } from 'node:perf_hooks';
import { systemClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, sendRequest } from '../endpoint.ts';
import { attend } from './attend.ts';
import { PASSWORDS, startRelayWith, type TestRelay } from './harness.ts';
import { until } from './scene.ts';

const MEASURE_MS = 2500;

let relay: TestRelay<typeof systemClock>;
let peer: Listening;

afterEach(async () => {
  await relay.close();
  await peer.close();
});

async function open(rates: Readonly<Record<string, number>>): Promise<void> {
  relay = await startRelayWith(systemClock, { rates, nextHops: { allow: ['loopback'], cleartext: true } });
  peer = await listen();
}

/** A client that sends messages of so many octets as fast as they are taken, until its connection ends. */
async function flood(octets: number, user: keyof typeof PASSWORDS = 'alice'): Promise<Endpoint> {
  const endpoint = await relay.connect({ secure: false });
  const target = `msrp://localhost:${relay.tcpPort};tcp`;
  const usePath = await endpoint.auth({ user, password: PASSWORDS[user], target });
  const sent = sendRequest({
    toPath: `${usePath} ${peer.uri}`,
    fromPath: endpoint.uri,
    body: Buffer.alloc(octets, 'x'),
  });
  attend(endpoint);
  const go = async () => {
    while (!endpoint.socket.destroyed) await endpoint.send(sent);
  };
  void go();
  return endpoint;
}

/** What passes in a second: octets in, SENDs in. */
async function measured(): Promise<{ readonly octets: number; readonly messages: number }> {
  const now = () => ({ ms: performance.now(), ...relay.relay.snapshot() });
  const before = now();
  await until(() => performance.now() - before.ms >= MEASURE_MS);
  const after = now();
  const seconds = (after.ms - before.ms) / 1000;
  const sends = (after.requests.in.SEND ?? 0) - (before.requests.in.SEND ?? 0);
  // Responses of the receiver come in, too: what alice's connection carries is what counts.
  return { octets: (after.octets.in - before.octets.in) / seconds, messages: sends / seconds };
}

describe('A rate', () => {
  it('of 1 MB/s holds a sender at it (FC-08)', async () => {
    await open({ octetsPerSecond: 1_000_000 });
    const sender = await flood(60_000);
    attend(await peer.accept());
    await until(() => relay.relay.snapshot().octets.in > 300_000);
    const { octets } = await measured();
    expect(octets).toBeGreaterThan(900_000);
    expect(octets).toBeLessThan(1_100_000);
    expect(sender.socket.destroyed).toBe(false);
    expect(relay.relay.snapshot().refused).toEqual({ connection: 0 });
  });

  it('of 200 messages a second holds a sender at it, however small they are (FC-08)', async () => {
    await open({ messagesPerSecond: 200 });
    await flood(10_000);
    attend(await peer.accept());
    await until(() => (relay.relay.snapshot().requests.in.SEND ?? 0) > 60);
    const { messages } = await measured();
    expect(messages).toBeGreaterThan(180);
    expect(messages).toBeLessThan(220);
  });

  it('is one for all connections of a user, and another user has its own (FC-08)', async () => {
    await open({ octetsPerSecond: 1_000_000 });
    await flood(30_000);
    await flood(30_000);
    attend(await peer.accept());
    await until(() => relay.relay.snapshot().octets.in > 300_000);
    const alone = await measured();
    expect(alone.octets).toBeGreaterThan(850_000);
    expect(alone.octets).toBeLessThan(1_150_000);
    await flood(30_000, 'bob');
    const together = await measured();
    expect(together.octets).toBeGreaterThan(1_700_000);
    expect(together.octets).toBeLessThan(2_300_000);
  });
});
