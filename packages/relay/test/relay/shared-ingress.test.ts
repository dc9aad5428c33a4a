/** One connection with many sessions: the one that is stuck stops none of the others (RFC 4976 §1, RFC 4975 §10.5). */
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, sendRequest } from '../endpoint.ts';
import { type Attended, attend, type Got, still } from './attend.ts';
import { manySessions } from './dialogue.ts';
import { type Overrides, startRelay, type TestRelay } from './harness.ts';
import { pattern, until } from './scene.ts';

const MIB = 1_048_576;
const BODY = pattern(1, 8192);

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** One client, as many sessions as there are peers, each peer on a connection of its own. */
interface Stage {
  readonly relay: TestRelay<ManualClock>;
  readonly client: Endpoint;
  readonly told: Attended;
  readonly peers: readonly { readonly endpoint: Endpoint; readonly received: readonly Got[] }[];
  /** A message of 8 KiB in the session of that number. */
  make(
    session: number,
    wish?: Partial<Parameters<typeof sendRequest>[0]>,
  ): { readonly tid: string; readonly octets: Buffer };
  /** Sends such a message; gives its transaction id. */
  send(session: number, wish?: Partial<Parameters<typeof sendRequest>[0]>): string;
  /** Whether all of these were answered with `status`. */
  areAnswered(tids: readonly string[], status: number): boolean;
}

/** `isAnswered` says whether a peer, by its number, answers a SEND. */
async function stage(
  count: number,
  overrides: Overrides,
  isAnswered: (peer: number, got: Got) => boolean = () => true,
): Promise<Stage> {
  const relay = await startRelay({ nextHops: { allow: ['loopback'], cleartext: true }, ...overrides });
  cleanups.push(() => relay.close());
  const client = await relay.connect();
  const usePaths = await manySessions(relay, client, count);
  const told = attend(client);
  const listening: Listening[] = [];
  const peers: { endpoint: Endpoint; received: readonly Got[] }[] = [];
  let sentCount = 0;
  const make: Stage['make'] = (session, wish = {}) => {
    const toPath = `${usePaths[session]} ${listening[session]?.uri}`;
    const tid = `tid-${sentCount}`;
    const parts = { tid, messageId: `mess-${sentCount}`, body: BODY, ...wish };
    sentCount += 1;
    return { tid, octets: sendRequest({ toPath, fromPath: client.uri, ...parts }) };
  };
  const send: Stage['send'] = (session, wish) => {
    const { tid, octets } = make(session, wish);
    void client.send(octets);
    return tid;
  };
  for (let number = 0; number < count; number += 1) {
    const peer = await listen();
    cleanups.push(() => peer.close());
    listening.push(peer);
    send(number, { failureReport: 'no', messageId: 'first', body: 'first' });
    const endpoint = await peer.accept();
    const { received } = attend(endpoint, (got) => isAnswered(number, got));
    await until(() => received.length === 1);
    peers.push({ endpoint, received });
  }
  const areAnswered = (tids: readonly string[], status: number) =>
    tids.every((tid) => told.answers.get(tid) === status);
  return { relay, client, told, peers, make, send, areAnswered };
}

/** Sends in session 0 until answers are held back; gives all transaction ids. */
async function stick({ relay, told, send }: Stage): Promise<string[]> {
  const tids: string[] = [];
  while (tids.every((tid) => told.answers.has(tid))) {
    for (let count = 0; count < 16; count += 1) tids.push(send(0));
    await until(() => tids.every((tid) => told.answers.has(tid)), 400).catch(() => {});
    if (tids.length > 4000) throw new Error('it does not get stuck');
  }
  await still(relay);
  return tids;
}

async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

function messageIdOf(tid: string): string {
  return tid.replace('tid', 'mess');
}

describe('One stuck session of ten on one connection', () => {
  it('loses its 200s, then is refused, and works again when its receiver reads; the other nine never notice (FC-05, FC-06, FC-03, R-08)', async () => {
    // Wide enough that it is the kernel that does not take more.
    const it = await stage(10, { flow: { windowOctets: 64 * MIB } });
    const { relay, told, peers, send, areAnswered } = it;
    const [stuck] = peers;
    stuck?.endpoint.pause();
    const tids = await stick(it);
    const held = tids.filter((tid) => !told.answers.has(tid));
    expect([held.length > 0, told.count(413)]).toEqual([true, 0]);
    expect(relay.relay.snapshot().queuedOctets).toBeGreaterThan(MIB);

    const others: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      for (let session = 1; session < 10; session += 1) others.push(send(session));
    }
    await until(() => areAnswered(others, 200) && peers.slice(1).every(({ received }) => received.length === 31));
    expect(held.some((tid) => told.answers.has(tid))).toBe(false);
    await pass(relay.clock, 9);
    expect(held.some((tid) => told.answers.has(tid))).toBe(false);
    await pass(relay.clock, 3);
    await until(() => areAnswered(held, 413));
    const late = [send(0), send(0)];
    const more = [send(1), send(9)];
    await until(() => areAnswered(late, 413) && areAnswered(more, 200));

    stuck?.endpoint.resume();
    const accepted = tids.filter((tid) => told.answers.get(tid) === 200).map(messageIdOf);
    await until(() => (stuck?.received.length ?? 0) >= 1 + accepted.length);
    const after = send(0);
    await until(() => areAnswered([after], 200) && stuck?.received.at(-1)?.messageId === messageIdOf(after));
    // What was refused did not come, not even its end.
    expect(stuck?.received.map(({ messageId }) => messageId)).toEqual(['first', ...accepted, messageIdOf(after)]);
    expect([told.reports.size, relay.relay.snapshot().reports]).toEqual([0, {}]);
    expect(relay.relay.snapshot().queuedOctets).toBe(0);
  });

  it('gets its 200s after all when its receiver reads in time (FC-05, R-08)', async () => {
    const it = await stage(2, { flow: { windowOctets: 64 * MIB } });
    const [stuck] = it.peers;
    stuck?.endpoint.pause();
    const tids = await stick(it);
    await pass(it.relay.clock, 8);
    stuck?.endpoint.resume();
    await until(() => it.areAnswered(tids, 200) && stuck?.received.length === tids.length + 1);
    await pass(it.relay.clock, 5);
    const after = it.send(0);
    await until(() => it.areAnswered([after], 200));
    expect([it.told.reports.size, it.told.count(413)]).toEqual([0, 0]);
  });

  it('stops nobody while a chunk of it comes so slowly that it leaves in pieces (FC-05)', async () => {
    const it = await stage(2, { flow: { windowOctets: 64 * MIB } });
    const { relay, client, told, peers, make, send, areAnswered } = it;
    peers[0]?.endpoint.pause();
    await stick(it);
    const { tid, octets } = make(0, { body: pattern(1, 30_000) });
    void client.send(octets.subarray(0, 20_000));
    const sent = relay.relay.snapshot().requests.out.SEND;
    await still(relay);
    relay.clock.advance(100);
    expect(relay.relay.snapshot().requests.out.SEND).toBe((sent ?? 0) + 1);
    void client.send(octets.subarray(20_000));
    const other = send(1);
    await until(() => areAnswered([other], 200) && peers[1]?.received.length === 2);
    expect(told.answers.has(tid)).toBe(false);
  });

  it('never makes the relay wait or keep more than twice what a session may queue (FC-03, FC-05)', async () => {
    const it = await stage(2, { flow: { windowOctets: 64 * MIB } });
    it.peers[0]?.endpoint.pause();
    let queuedOctets = 0;
    for (let count = 0; count < 2000; count += 1) it.send(0, { failureReport: count % 2 === 0 ? 'yes' : 'no' });
    queuedOctets = Math.max(queuedOctets, await still(it.relay));
    expect(queuedOctets).toBeLessThan(2.2 * MIB);
    await pass(it.relay.clock, 22);
    queuedOctets = Math.max(queuedOctets, await still(it.relay));
    expect(queuedOctets).toBeLessThan(2.2 * MIB);
    const other = it.send(1);
    await until(() => it.areAnswered([other], 200));
    await until(() => it.told.answers.size === 1001);
  });
});

describe('One stuck session of an outside peer that does not mind missing answers', () => {
  it('is refused at three times what it may queue, and its connection is read on for the others (FC-05, FC-06, FC-03)', async () => {
    const relay = await startRelay({ flow: { windowOctets: 64 * MIB } });
    cleanups.push(() => relay.close());
    const stuck = await relay.client('alice');
    const other = await relay.client('bob');
    stuck.endpoint.pause();
    const { received } = attend(other.endpoint);
    const peer = await relay.connect();
    const told = attend(peer);
    const send = (to: typeof stuck, tid: string) =>
      peer.send(sendRequest({ toPath: `${to.usePath} ${to.endpoint.uri}`, fromPath: peer.uri, tid, body: BODY }));
    void send(other, 'first');
    await until(() => told.answers.get('first') === 200);
    for (let count = 0; count < 4000; count += 1) void send(stuck, `stuck-${count}`);
    await until(() => told.count(413) > 0);
    void send(other, 'last');
    // No second passes by the relay's clock.
    await until(() => told.answers.get('last') === 200 && received.length === 2);
    expect(relay.relay.snapshot().queuedOctets).toBeLessThan(2.2 * MIB);
    await until(() => told.answers.size === 4002);
    expect(told.reports.size).toBe(0);
  });
});

describe('Answers that are held back when the receiver is given up', () => {
  /** The window alone decides what leaves: one chunk at a time, as the receiver answers. */
  const NARROW = { flow: { windowOctets: 4096, sessionOctets: 32_768, highWaterOctets: 32_768, lowWaterOctets: 4096 } };

  it('are 200 as fast as the lane moves, 413 when it stands still; what was answered 200 arrives, nothing else does (FC-05, R-08, X-20)', async () => {
    const owed: Got[] = [];
    const it = await stage(2, NARROW, (peer, got) => {
      if (peer === 0) owed.push(got);
      return peer === 1;
    });
    const { relay, told, peers, send, areAnswered } = it;
    const tids = Array.from({ length: 14 }, () => send(0, { body: pattern(1, 4096) }));
    await still(relay);
    const held = tids.filter((tid) => !told.answers.has(tid));
    expect(held.length).toBeGreaterThan(4);
    const receiver = peers[0];
    /** The receiver answers what it has not answered yet, and so gets the next one. */
    const takeOne = async () => {
      const before = receiver?.received.length ?? 0;
      for (const got of owed.splice(0)) answerLate(receiver?.endpoint, got);
      await until(() => (receiver?.received.length ?? 0) > before);
    };
    // The chunk that came when the lane was just full was answered: one has to leave for that.
    await takeOne();
    for (let given = 1; given <= 2; given += 1) {
      await takeOne();
      await until(() => areAnswered(held.slice(0, given), 200));
      await pass(relay.clock, 4);
    }
    await still(relay);
    expect(held.slice(2).some((tid) => told.answers.has(tid))).toBe(false);
    // All others have been held for 10 s now, and are given: something left a few seconds ago.
    await pass(relay.clock, 3);
    await until(() => areAnswered(held.slice(2), 200));
    const late = [0, 1, 2].map(() => send(0, { body: pattern(1, 4096) }));
    await still(relay);
    expect(late.some((tid) => told.answers.has(tid))).toBe(false);
    // Now nothing leaves any more.
    await pass(relay.clock, 12);
    await until(() => areAnswered(late, 413));
    const accepted = tids.filter((tid) => told.answers.get(tid) === 200).map(messageIdOf);
    while ((receiver?.received.length ?? 0) < 1 + accepted.length) await takeOne();
    await still(relay);
    expect(receiver?.received.map(({ messageId }) => messageId)).toEqual(['first', ...accepted]);
    expect([told.reports.size, receiver?.received.some(({ flag }) => flag !== '$')]).toEqual([0, false]);
  });

  it('are 413 for a whole chunk that has left in part, and its receiver sees # (FC-05, X-20)', async () => {
    const owed: Got[] = [];
    const flow = { windowOctets: 2048, sessionOctets: 4096, highWaterOctets: 4096, lowWaterOctets: 1024 };
    const it = await stage(2, { flow, chunk: { maxOctets: 2048 } }, (peer, got) => {
      if (peer === 0) owed.push(got);
      return peer === 1;
    });
    const { relay, told, peers, send, areAnswered } = it;
    const large = send(0, { body: pattern(1, 12_000) });
    await still(relay);
    expect([told.answers.has(large), peers[0]?.received.length]).toEqual([false, 2]);
    await pass(relay.clock, 12);
    await until(() => areAnswered([large], 413));
    const got = owed.at(-1);
    if (got !== undefined) answerLate(peers[0]?.endpoint, got);
    await until(() => peers[0]?.received.length === 3);
    expect(peers[0]?.received.slice(1).map(({ flag, start }) => `${flag} ${start}`)).toEqual(['+ 1', '# 12001']);
    const next = send(0, { body: 'goes' });
    await until(() => areAnswered([next], 200));
    expect(told.reports.size).toBe(0);
  });
});

function answerLate(endpoint: Endpoint | undefined, { message }: Got): void {
  const back = (message.header('From-Path') ?? '').split(' ')[0];
  const own = (message.header('To-Path') ?? '').split(' ')[0];
  const { tid } = message;
  void endpoint?.send(`MSRP ${tid} 200 OK\r\nTo-Path: ${back}\r\nFrom-Path: ${own}\r\n-------${tid}$\r\n`);
}
