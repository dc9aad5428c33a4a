/** When there is no room for another connection, one that nobody needs gives way: the least recently used (RFC 4976 §6.5). */
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, responseTo, sendRequest } from '../endpoint.ts';
import { acceptedCount, dialledCount, fence } from './dialogue.ts';
import { startRelay, type TestRelay } from './harness.ts';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function withRoomFor(connections: number): Promise<TestRelay<ManualClock>> {
  const nextHops = { allow: ['loopback'], cleartext: true };
  const relay = await startRelay({ limits: { connections }, nextHops });
  cleanups.push(() => relay.close());
  return relay;
}

async function listening(): Promise<Listening> {
  const peer = await listen();
  cleanups.push(() => peer.close());
  return peer;
}

/** A stranger that has been heard of, and nothing more. */
async function idle(relay: TestRelay<ManualClock>): Promise<Endpoint> {
  const endpoint = await relay.connect();
  expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
  return endpoint;
}

/** Whether a new connection is taken; if so, it stays. */
async function isTaken(relay: TestRelay<ManualClock>): Promise<boolean> {
  const endpoint = await relay.connect().catch(() => undefined);
  const answer = await endpoint?.ask(fence(relay, endpoint)).catch(() => undefined);
  return answer !== undefined;
}

describe('A relay that has no room for another connection', () => {
  it('closes the one that has been idle longest, and takes the new one (CN-20)', async () => {
    const relay = await withRoomFor(3);
    const oldest = await idle(relay);
    relay.clock.advance(2000);
    const second = await idle(relay);
    relay.clock.advance(2000);
    // The one that came first is not the one that was used last.
    expect((await oldest.ask(fence(relay, oldest))).status).toBe(401);
    await relay.client();
    relay.clock.advance(2000);
    expect(await isTaken(relay)).toBe(true);
    await second.closed;
    expect((await oldest.ask(fence(relay, oldest))).status).toBe(401);
    expect(acceptedCount(relay)).toBe(3);
  });

  it('refuses the new one when all others are needed: by a session, or as an outside peer of one (CN-20)', async () => {
    const relay = await withRoomFor(2);
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    const toPath = `${usePath} ${endpoint.uri}`;
    expect((await outsider.ask(sendRequest({ toPath, fromPath: outsider.uri, body: 'hello' }))).status).toBe(200);
    void endpoint.send(responseTo(await endpoint.next(), 200));
    await expect.poll(() => relay.relay.snapshot().transactions).toBe(0);
    relay.clock.advance(10_000);
    expect(await isTaken(relay)).toBe(false);
    expect([acceptedCount(relay), relay.relay.snapshot().refused.connection]).toEqual([2, 1]);
    // When the session has ended, its peer is of no use any more.
    await endpoint.close();
    await expect.poll(() => acceptedCount(relay)).toBe(1);
    await idle(relay);
    relay.clock.advance(2000);
    expect(await isTaken(relay)).toBe(true);
    await outsider.closed;
  });

  it('keeps those that were used a moment ago, and does not look for others more than once a second (CN-20)', async () => {
    const relay = await withRoomFor(1);
    const first = await idle(relay);
    expect(await isTaken(relay)).toBe(false);
    relay.clock.advance(900);
    expect(await isTaken(relay)).toBe(false);
    relay.clock.advance(1200);
    expect(await isTaken(relay)).toBe(true);
    await first.closed;
  });
});

describe('A relay that may not open another connection', () => {
  it('closes one that it opened and that no session needs any more (CN-20)', async () => {
    const relay = await withRoomFor(2);
    const [one, two, three] = [await listening(), await listening(), await listening()];
    const alice = await relay.client('alice');
    const bob = await relay.client('bob');
    const write = ({ endpoint, usePath }: typeof alice, peer: Listening) =>
      endpoint.ask(sendRequest({ toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri, body: 'hello' }));
    const reached: Endpoint[] = [];
    for (const [from, peer] of [
      [alice, one],
      [bob, two],
    ] as const) {
      expect((await write(from, peer)).status).toBe(200);
      const endpoint = await peer.accept();
      void endpoint.send(responseTo(await endpoint.next(), 200));
      reached.push(endpoint);
    }
    await expect.poll(() => relay.relay.snapshot().transactions).toBe(0);
    relay.clock.advance(10_000);
    expect((await write(alice, three)).status).toBe(408);
    await bob.endpoint.close();
    await expect.poll(() => acceptedCount(relay)).toBe(1);
    relay.clock.advance(2000);
    expect((await write(alice, three)).status).toBe(200);
    expect((await (await three.accept()).next()).body?.toString()).toBe('hello');
    await reached[1]?.closed;
    expect([dialledCount(relay), (await write(alice, one)).status]).toEqual([2, 200]);
    expect((await reached[0]?.next())?.body?.toString()).toBe('hello');
  });
});
