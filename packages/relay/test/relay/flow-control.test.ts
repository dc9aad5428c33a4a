/** A sender is kept in step with its receiver: little waits, nothing is lost, and no pause is for ever. */
import { createHash } from 'node:crypto';
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { type Endpoint, listen, sendRequest } from '../endpoint.ts';
import { type Attended, attend, type Got, still, tidOf } from './attend.ts';
import { fence } from './dialogue.ts';
import { type Overrides, PASSWORDS, startRelay, type TestRelay } from './harness.ts';
import { DIRECTIONS, openScene, pattern, until } from './scene.ts';

const MIB = 1_048_576;
/** More than all buffers of the kernel on the way. */
const FILE_BLOCKS = 64;
const BLOCK = pattern(1, MIB);

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Sends one chunk of 64 MiB, block by block, as fast as it is taken; says how many blocks were. */
function sendFile(sender: Endpoint, toPath: string) {
  const sent = sendRequest({ toPath, fromPath: sender.uri, messageId: 'file', body: '' });
  const tid = tidOf(sent);
  const progress = { blocks: 0, tid, done: Promise.resolve() };
  const go = async () => {
    await sender.send(sent.subarray(0, sent.indexOf('\r\n\r\n') + 4));
    for (let block = 0; block < FILE_BLOCKS; block += 1) {
      await sender.send(BLOCK);
      progress.blocks += 1;
    }
    await sender.send(`\r\n-------${tid}$\r\n`);
  };
  progress.done = go();
  return progress;
}

/** Moves time on second by second, so that what happens in between can happen. */
async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

function hashOf(parts: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** A relay in clear, and what a session between two of its clients needs. */
async function open(overrides: Overrides = {}) {
  const relay = await startRelay(overrides);
  cleanups.push(() => relay.close());
  return relay;
}

async function clearClient(relay: TestRelay<ManualClock>, user: keyof typeof PASSWORDS = 'alice', expires?: number) {
  const endpoint = await relay.connect({ secure: false });
  const target = `msrp://localhost:${relay.tcpPort};tcp`;
  const wish = expires === undefined ? {} : { expires };
  return { endpoint, usePath: await endpoint.auth({ user, password: PASSWORDS[user], target, ...wish }) };
}

describe.each([
  ['TCP', false],
  ['TLS', true],
] as const)('A receiver that does not read, over %s', (_name, secure) => {
  it.each(DIRECTIONS)(
    'stops the sender of a file, %s, and gets all of it when it reads again (FC-03, FC-04, CH-25)',
    async (direction) => {
      const scene = await openScene({ direction, secure });
      cleanups.push(() => scene.close());
      const before = scene.relay.relay.snapshot().octets;
      scene.receiver.pause();
      const file = sendFile(scene.sender, scene.toPath);
      expect(await still(scene.relay)).toBeLessThan(MIB);
      const { octets, queuedOctets } = scene.relay.relay.snapshot();
      expect([file.blocks < FILE_BLOCKS, scene.sender.socket.writableLength > 0]).toEqual([true, true]);
      expect(queuedOctets).toBeLessThan(MIB / 2);
      // What was read and is neither sent nor queued is a piece that is still incomplete.
      expect(octets.in - before.in - (octets.out - before.out)).toBeLessThan(MIB / 2);
      const told = attend(scene.sender);
      const { received } = attend(scene.receiver);
      scene.receiver.resume();
      await file.done;
      await until(() => told.answers.has(file.tid) && received.at(-1)?.flag === '$', 25_000);
      const expected = hashOf(Array.from({ length: FILE_BLOCKS }, () => BLOCK));
      expect(hashOf(received.map(({ message }) => message.body ?? BLOCK))).toBe(expected);
      expect([told.answers.get(file.tid), told.reports.size]).toEqual([200, 0]);
      await until(() => scene.relay.relay.snapshot().transactions === 0);
      expect(scene.relay.relay.snapshot().queuedOctets).toBe(0);
    },
  );

  it.each(DIRECTIONS)(
    'gets each of 2,000 SENDs, %s, that was answered 200 when it reads again (FC-03, FC-04)',
    async (direction) => {
      const scene = await openScene({ direction, secure });
      cleanups.push(() => scene.close());
      const told = attend(scene.sender);
      scene.receiver.pause();
      const body = pattern(1, 8192);
      for (let number = 0; number < 2000; number += 1) {
        void scene.sender.send(scene.send({ tid: `tid-${number}`, messageId: `mess-${number}`, body }));
      }
      expect(await still(scene.relay)).toBeLessThan(MIB);
      expect(told.count(200)).toBeLessThan(2000);
      const { received } = attend(scene.receiver);
      scene.receiver.resume();
      await until(() => told.answers.size === 2000 && received.length >= 2000);
      expect([told.count(200), told.reports.size]).toEqual([2000, 0]);
      expect(received.map(({ messageId }) => messageId)).toEqual(
        Array.from({ length: 2000 }, (_, number) => `mess-${number}`),
      );
      expect(received.every(({ message }) => message.body?.equals(body) === true)).toBe(true);
    },
  );
});

describe('A receiver that never reads again', () => {
  // With a window that is larger than what the kernel takes, it is the kernel that stops.
  const QUICK = { flow: { stallTimeoutMs: 5000, windowOctets: 64 * MIB } };

  /** The messages of which everything came, in whatever chunks, once for each time that it came. */
  function whole(received: readonly Got[]): string[] {
    const octets = new Map<string, number>();
    for (const got of received) octets.set(got.messageId, (octets.get(got.messageId) ?? 0) + got.octets);
    for (const [messageId, came] of octets) expect([messageId, came]).toEqual([messageId, 8192]);
    return received.filter(({ flag }) => flag === '$').map(({ messageId }) => messageId);
  }

  /** Each message is delivered or reported, once, if it was answered 200. */
  function expectAccount(told: Attended, received: readonly Got[]): void {
    const delivered = new Set(whole(received));
    expect(delivered.size).toBe(whole(received).length);
    expect(told.answers.size).toBe(2000);
    for (const [tid, status] of told.answers) {
      const messageId = tid.replace('tid', 'mess');
      const signals = (told.reports.get(messageId)?.length ?? 0) + (delivered.has(messageId) ? 1 : 0);
      expect([messageId, status, signals]).toEqual([messageId, status, status === 200 ? 1 : 0]);
    }
  }

  it('is given up after the stall time: what a client was sent is reported, once each (X-19, FC-04)', async () => {
    const scene = await openScene({ direction: 'peer to client', overrides: QUICK });
    cleanups.push(() => scene.close());
    const told = attend(scene.sender);
    scene.receiver.pause();
    for (let number = 0; number < 2000; number += 1) {
      const wish = { tid: `tid-${number}`, messageId: `mess-${number}`, body: pattern(1, 8192) };
      void scene.sender.send(scene.send(wish));
    }
    await still(scene.relay);
    const heard = told.answers.size;
    expect([heard > 0, heard < 2000, told.reports.size]).toEqual([true, true, 0]);
    await pass(scene.clock, 7);
    expect(scene.relay.relay.snapshot().sessions).toBe(0);
    await until(() => told.answers.size === 2000 && told.reports.size === told.count(200));
    expectAccount(told, []);
    expect([...told.reports.values()].every(([said]) => said?.startsWith('000 408 '))).toBe(true);
    expect(scene.relay.relay.snapshot()).toMatchObject({ transactions: 0, queuedOctets: 0 });
  });

  it('and is dialled again gets the rest; each is delivered or reported, once (X-19, FC-04)', async () => {
    const relay = await open(QUICK);
    const peer = await listen();
    cleanups.push(() => peer.close());
    const { endpoint: sender, usePath } = await clearClient(relay);
    const told = attend(sender);
    const toPath = `${usePath} ${peer.uri}`;
    const send = (number: number) =>
      sender.send(
        sendRequest({
          tid: `tid-${number}`,
          messageId: `mess-${number}`,
          toPath,
          fromPath: sender.uri,
          body: pattern(1, 8192),
        }),
      );
    void send(0);
    const first = await peer.accept();
    first.pause();
    for (let number = 1; number < 2000; number += 1) void send(number);
    await still(relay);
    await pass(relay.clock, 7);
    const { received } = attend(await peer.accept());
    const arrived = () => received.filter(({ flag }) => flag === '$').length;
    await until(() => told.answers.size === 2000 && arrived() + told.reports.size === told.count(200));
    expectAccount(told, received);
    // One chunk may have been half read when its next hop was given up.
    expect([received.length > 0, told.reports.size > 0, told.count(200) >= 1999]).toEqual([true, true, true]);
  });
});

describe('No pause is for ever', () => {
  it('a sender in the middle of a chunk is read again after the longest pause, and only once blocked (FC-06, X-20)', async () => {
    const scene = await openScene({ secure: false });
    cleanups.push(() => scene.close());
    scene.receiver.pause();
    const told = attend(scene.sender);
    const file = sendFile(scene.sender, scene.toPath);
    await still(scene.relay);
    await pass(scene.clock, 19);
    await still(scene.relay);
    expect([file.blocks < FILE_BLOCKS, told.answers.size]).toEqual([true, 0]);
    await pass(scene.clock, 2);
    await file.done;
    await until(() => told.answers.size === 1);
    expect([told.answers.get(file.tid), told.reports.size]).toEqual([413, 0]);
    const refused = scene.send({ body: 'too early' });
    void scene.sender.send(refused);
    await until(() => told.answers.get(tidOf(refused)) === 413);
    const { received } = attend(scene.receiver);
    scene.receiver.resume();
    await until(() => received.at(-1)?.flag === '#');
    await still(scene.relay);
    const sent = scene.send({ messageId: 'after', body: 'works again' });
    void scene.sender.send(sent);
    await until(() => told.answers.get(tidOf(sent)) === 200 && received.at(-1)?.messageId === 'after');
    expect(received.filter(({ flag }) => flag === '#')).toHaveLength(1);
    expect(told.reports.size).toBe(0);
  });

  it('a sender whose session ends in the middle of a chunk is read on: its connection serves other sessions (FC-06)', async () => {
    const relay = await open({ expires: { min: 1 } });
    const peer = await listen();
    cleanups.push(() => peer.close());
    const { endpoint: sender, usePath } = await clearClient(relay, 'alice', 5);
    const toPath = `${usePath} ${peer.uri}`;
    void sender.send(sendRequest({ toPath, fromPath: sender.uri, body: 'first', failureReport: 'no' }));
    const receiver = await peer.accept();
    receiver.pause();
    const file = sendFile(sender, toPath);
    await still(relay);
    expect(file.blocks).toBeLessThan(FILE_BLOCKS);
    await pass(relay.clock, 6);
    expect(relay.relay.snapshot().sessions).toBe(0);
    expect(await still(relay)).toBeLessThan(MIB);
    await file.done;
    const answer = await sender.next(({ tid }) => tid === file.tid);
    expect([413, 481]).toContain(answer.status);
    await sender.expectSilence(fence(relay, sender));
  });

  it('two clients that have stuck each other go on after the longest pause, and no 408 is false (FC-06, FC-07, T-03)', async () => {
    const relay = await open();
    const COUNT = 4000;
    const alice = await clearClient(relay);
    const bob = await clearClient(relay, 'bob');
    const toPaths = [alice, bob].map(({ usePath }, index) => {
      const other = index === 0 ? bob : alice;
      return `${usePath} ${other.usePath} ${other.endpoint.uri}`;
    });
    const written = [0, 0];
    for (const [index, { endpoint }] of [alice, bob].entries()) {
      endpoint.pause();
      for (let number = 0; number < COUNT; number += 1) {
        const wish = { tid: `tid-${number}`, messageId: `mess-${number}`, body: pattern(1, 8192) };
        const sent = sendRequest({ ...wish, toPath: toPaths[index] ?? '', fromPath: endpoint.uri });
        void endpoint.send(sent).then(() => {
          written[index] = number + 1;
        });
      }
    }
    await still(relay);
    expect(Math.max(...written)).toBeLessThan(COUNT);
    await pass(relay.clock, 22);
    // They answer at last what came 35 s ago; for 20 s of that nobody would have read the answer.
    await pass(relay.clock, 13);
    const sides = [attend(alice.endpoint), attend(bob.endpoint)] as const;
    for (const { endpoint } of [alice, bob]) endpoint.resume();
    await until(() => sides.every(({ answers }) => answers.size === COUNT), 20_000);
    await still(relay);
    await pass(relay.clock, 62);
    expect([sides[0].reports.size, sides[1].reports.size, relay.relay.snapshot().reports]).toEqual([0, 0, {}]);
    for (const [index, { answers, count }] of sides.entries()) {
      const accepted = [...answers].filter(([, status]) => status === 200).map(([tid]) => tid.replace('tid', 'mess'));
      expect([count(200) + count(413), count(200) > 0]).toEqual([COUNT, true]);
      const whole = sides[1 - index]?.received.filter(({ flag }) => flag === '$');
      expect(whole?.map(({ messageId }) => messageId)).toEqual(accepted);
    }
    const wish = { toPath: toPaths[0] ?? '', fromPath: alice.endpoint.uri, messageId: 'again', body: 'x' };
    const again = sendRequest(wish);
    void alice.endpoint.send(again);
    await until(() => sides[0].answers.get(tidOf(again)) === 200 && sides[1].received.at(-1)?.messageId === 'again');
  });
});
