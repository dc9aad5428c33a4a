/** One budget for all that waits: near it nobody new comes in, beyond it messages are refused, and then all is well again. */
import net from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { type Endpoint, listen, responseTo, sendRequest } from '../endpoint.ts';
import { type Attended, attend, type Got, still } from './attend.ts';
import { acceptedCount, manySessions } from './dialogue.ts';
import { type Overrides, PASSWORDS, startRelay, type TestRelay } from './harness.ts';
import { pattern, until } from './scene.ts';

const MIB = 1_048_576;
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(overrides: Overrides): Promise<TestRelay<ManualClock>> {
  const relay = await startRelay(overrides);
  cleanups.push(() => relay.close());
  return relay;
}

/** A client, a peer that has got one message of it, and the way from one to the other. */
interface Pair {
  readonly client: Endpoint;
  readonly told: Attended;
  readonly peer: Endpoint;
  readonly received: readonly Got[];
  readonly toPath: string;
  /** Sends a message; gives its transaction id, which is its Message-ID too. */
  send(octets: number, failureReport?: string): string;
}

async function pairOf(relay: TestRelay<ManualClock>): Promise<Pair> {
  const client = await relay.connect({ secure: false });
  const target = `msrp://localhost:${relay.tcpPort};tcp`;
  const usePath = await client.auth({ user: 'alice', password: PASSWORDS.alice, target });
  const listening = await listen();
  cleanups.push(() => listening.close());
  const told = attend(client);
  const toPath = `${usePath} ${listening.uri}`;
  let sentCount = 0;
  const send = (octets: number, failureReport = 'yes') => {
    const tid = `tid-${sentCount}`;
    sentCount += 1;
    const body = Buffer.alloc(octets, 'x');
    void client.send(sendRequest({ tid, messageId: tid, toPath, fromPath: client.uri, body, failureReport }));
    return tid;
  };
  send(10, 'no');
  const peer = await listening.accept();
  const { received } = attend(peer);
  await until(() => received.length === 1);
  return { client, told, peer, received, toPath, send };
}

/** Sends until the sender is not read any more, or refused. */
async function fill(relay: TestRelay<ManualClock>, { peer, send }: Pair, count: number, octets: number): Promise<void> {
  peer.pause();
  for (let number = 0; number < count; number += 1) send(octets);
  await still(relay);
}

async function isTurnedAway(relay: TestRelay<ManualClock>): Promise<boolean> {
  const before = acceptedCount(relay);
  const socket = net.connect(relay.tcpPort, '127.0.0.1');
  socket.on('error', () => {});
  let isClosed = false;
  socket.resume().once('close', () => (isClosed = true));
  await until(() => isClosed || acceptedCount(relay) === before + 1);
  socket.destroy();
  return isClosed;
}

describe('A relay whose memory is short', () => {
  it('takes no new connections, refuses SENDs of everybody with 413, and recovers when it is taken (FC-03, FC-08, SE-06)', async () => {
    const flow = { memoryOctets: 2 * MIB, highWaterOctets: 8 * MIB, sessionOctets: 8 * MIB, windowOctets: 65_536 };
    const relay = await open({ flow });
    const pairs: Pair[] = [];
    for (let count = 0; count < 8; count += 1) pairs.push(await pairOf(relay));
    const [greedy, healthy, last, ...others] = pairs;
    if (greedy === undefined || healthy === undefined || last === undefined) throw new Error('no pairs');
    // Its window is closed from now on.
    await fill(relay, last, 1, 65_536);

    await fill(relay, greedy, 500, 60_000);
    const heldOctets = () => relay.relay.snapshot().memory.heldOctets;
    expect(heldOctets()).toBeGreaterThan(1.75 * MIB);
    expect(heldOctets()).toBeLessThan(2 * MIB);
    expect(greedy.client.socket.writableLength).toBeGreaterThan(0);
    expect(await isTurnedAway(relay)).toBe(true);
    const small = healthy.send(1000);
    await until(() => healthy.told.answers.get(small) === 200);

    for (const other of others) await fill(relay, other, 300, 1000);
    // The answers that waited when the budget was spent have left: a few drops more fill it again.
    for (let drops = 0; heldOctets() <= 2 * MIB && drops < 20; drops += 1) {
      last.send(3000);
      await still(relay);
    }
    expect(heldOctets()).toBeGreaterThan(2 * MIB);
    expect(heldOctets()).toBeLessThan(2.1 * MIB);
    const refused = healthy.send(1000);
    await until(() => healthy.told.answers.get(refused) === 413);
    healthy.send(1000, 'no');

    for (const { peer } of pairs) peer.resume();
    for (const pair of [greedy, ...others]) {
      const { received, told } = pair;
      const count = pair === greedy ? 500 : 300;
      await until(() => told.answers.size === count && received.length === 1 + told.count(200), 20_000);
      expect([told.count(200) + told.count(413), told.reports.size]).toEqual([count, 0]);
    }
    await until(() => relay.relay.snapshot().transactions === 0);
    // An answer that has just been written may not have been taken yet.
    await until(() => heldOctets() === 0);
    expect(await isTurnedAway(relay)).toBe(false);
    const again = healthy.send(1000);
    await until(() => healthy.told.answers.get(again) === 200 && healthy.received.at(-1)?.messageId === again);
    // The first, the small one, this one: what came in the meantime was refused, and Failure-Report no in silence.
    expect(healthy.received).toHaveLength(3);
  });

  it('counts what waits in unfinished chunks, too, and forgets it with their senders (FC-03)', async () => {
    const relay = await open({ flow: { memoryOctets: MIB }, chunk: { maxOctets: 262_144, lingerMs: 1000 } });
    const senders: Pair[] = [];
    for (let count = 0; count < 6; count += 1) senders.push(await pairOf(relay));
    for (const { client, toPath } of senders) {
      const whole = sendRequest({ tid: 'unfinished', toPath, fromPath: client.uri, body: pattern(1, 200_000) });
      void client.send(whole.subarray(0, -40));
    }
    await until(() => senders.some(({ told }) => told.answers.get('unfinished') === 413));
    await still(relay);
    // All but one fit; that one was refused while it came in.
    expect(senders.filter(({ told }) => told.answers.size > 0)).toHaveLength(1);
    expect(await isTurnedAway(relay)).toBe(true);
    for (const { client } of senders) client.socket.destroy();
    await until(() => relay.relay.snapshot().sessions === 0);
    await until(() => relay.relay.snapshot().queuedOctets === 0);
    expect(await isTurnedAway(relay)).toBe(false);
  });
});

/** Heap and buffers that are in use when all garbage is gone. */
async function usedOctets(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('Messages of a stuck session', () => {
  it('cost little more than their octets, ten thousand of them among live traffic on the same connection (FC-03)', async () => {
    const flow = { windowOctets: 2048, highWaterOctets: 16 * MIB, sessionOctets: 16 * MIB };
    const relay = await open({ flow, log: { level: 'warn' } });
    const client = await relay.connect();
    const usePaths = await manySessions(relay, client, 2);
    const peers = [await listen(), await listen()];
    for (const peer of peers) cleanups.push(() => peer.close());
    let [answeredCount, receivedCount] = [0, 0];
    const send = (session: number, octets: number) => {
      const toPath = `${usePaths[session]} ${peers[session]?.uri}`;
      void client.send(sendRequest({ toPath, fromPath: client.uri, body: Buffer.alloc(octets, 'x') }));
    };
    send(0, 200);
    send(1, 200);
    const [stuck, live] = [await peers[0]?.accept(), await peers[1]?.accept()];
    stuck?.pause();
    const answerAll = async () => {
      for (;;) {
        const message = await live?.next(undefined, 60_000);
        if (message?.method === 'SEND') void live?.send(responseTo(message, 200));
        receivedCount += 1;
      }
    };
    const countAnswers = async () => {
      for (;;) {
        await client.next(undefined, 60_000);
        answeredCount += 1;
      }
    };
    answerAll().catch(() => {});
    countAnswers().catch(() => {});
    await until(() => answeredCount === 2 && receivedCount === 1);
    const before = await usedOctets();
    for (let round = 0; round < 1000; round += 1) {
      for (let count = 0; count < 10; count += 1) send(0, 200);
      send(1, 20_000);
      await until(() => answeredCount === 2 + (round + 1) * 11);
    }
    await until(() => receivedCount === 1001);
    const { queuedOctets, transactions } = relay.relay.snapshot();
    expect(transactions).toBeGreaterThanOrEqual(10_000);
    const grownOctets = (await usedOctets()) - before;
    expect(grownOctets).toBeGreaterThan(queuedOctets / 2);
    expect(grownOctets).toBeLessThan(20_000_000);
  });
});
