/** A next hop owes answers for a window of octets at most; a far end that is slow slows the whole chain (RFC 4976 §1). */
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { sendRequest } from '../endpoint.ts';
import { attend, still, tidOf } from './attend.ts';
import { manySessions } from './dialogue.ts';
import { startRelay, type TestRelay } from './harness.ts';
import { DIRECTIONS, openScene, pattern, type Scene, type SceneOptions, until } from './scene.ts';

const MIB = 1_048_576;
const BODY = pattern(1, 8192);
const WINDOW = { flow: { windowOctets: 65_536 } };

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(options: SceneOptions): Promise<Scene> {
  const scene = await openScene(options);
  cleanups.push(() => scene.close());
  return scene;
}

async function pass(clock: ManualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each(DIRECTIONS)('A receiver that reads and never answers, %s,', (direction) => {
  it('gets a window of octets, then a window after every 30 s, and each is reported 408 (FC-04, T-03, X-04)', async () => {
    const scene = await open({ direction, overrides: WINDOW });
    const told = attend(scene.sender);
    const { received } = attend(scene.receiver, () => false);
    for (let number = 0; number < 18; number += 1) {
      void scene.sender.send(scene.send({ messageId: `mess-${number}`, body: BODY }));
    }
    await still(scene.relay);
    expect([received.length, told.count(200), told.reports.size]).toEqual([8, 18, 0]);
    await pass(scene.clock, 29);
    expect([received.length, told.reports.size]).toEqual([8, 0]);
    for (let seconds = 0; told.reports.size < 18 && seconds < 140; seconds += 1) {
      await pass(scene.clock, 1);
      // A window is due, and one chunk more may have been on its way when a REPORT left.
      expect(received.length - told.reports.size).toBeLessThanOrEqual(9);
    }
    await until(() => told.reports.size === 18);
    expect([...told.reports.values()].every((said) => said.length === 1 && said[0]?.startsWith('000 408'))).toBe(true);
    expect(scene.relay.relay.snapshot()).toMatchObject({ transactions: 0, queuedOctets: 0 });
  });

  it('gets one chunk beyond the window at most, however large chunks are (FC-04)', async () => {
    const scene = await open({ direction, overrides: { flow: { windowOctets: 100_000 } } });
    const { received } = attend(scene.receiver, () => false);
    void scene.sender.send(scene.send({ body: pattern(1, MIB) }));
    await still(scene.relay);
    expect(received.map(({ octets }) => octets)).toEqual([65_536, 65_536]);
  });
});

describe('Two clients that send each other files at the same time', () => {
  it.each(['yes', 'no'])(
    'get them, although their answers stand behind files that are not being read: Failure-Report %s (FC-04, FC-06)',
    async (failureReport) => {
      const relay = await startRelay();
      cleanups.push(() => relay.close());
      const [alice, bob] = [await relay.client('alice'), await relay.client('bob')];
      const body = pattern(1, 6 * MIB);
      const told = [attend(alice.endpoint), attend(bob.endpoint)] as const;
      for (const [from, to] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        const toPath = `${from.usePath} ${to.usePath} ${to.endpoint.uri}`;
        void from.endpoint.send(sendRequest({ toPath, fromPath: from.endpoint.uri, failureReport, body }));
      }
      const octets = () => told.map(({ received }) => received.reduce((sum, got) => sum + got.octets, 0));
      await expect.poll(octets, { timeout: 10_000 }).toEqual([6 * MIB, 6 * MIB]);
      await until(() => relay.relay.snapshot().transactions === 0);
      const answers = failureReport === 'yes' ? 1 : 0;
      await until(() => told.every((one) => one.count(200) === answers));
      expect(told.map(({ reports }) => reports.size)).toEqual([0, 0]);
    },
  );
});

describe('The window', () => {
  it('opens with every answer, of whatever kind, and at once (FC-04)', async () => {
    const scene = await open({ overrides: WINDOW });
    const told = attend(scene.sender);
    const { received } = attend(scene.receiver);
    const sent = Array.from({ length: 200 }, () => scene.send({ body: BODY }));
    for (const octets of sent) void scene.sender.send(octets);
    await until(() => told.count(200) === 200 && received.length === 200);
    await until(() => scene.relay.relay.snapshot().transactions === 0);
    expect(told.reports.size).toBe(0);
  });

  it('may be smaller than a chunk: they leave one by one (FC-04)', async () => {
    const scene = await open({ overrides: { flow: { windowOctets: 2048 } } });
    const { received } = attend(scene.receiver);
    void scene.sender.send(scene.send({ body: pattern(1, MIB) }));
    await until(() => received.at(-1)?.flag === '$');
    expect(received).toHaveLength(16);
  });

  it.each(['no', 'partial'])(
    'does not count what need not be answered: Failure-Report %s (FC-04)',
    async (failureReport) => {
      const scene = await open({ overrides: WINDOW });
      const { received } = attend(scene.receiver, () => false);
      for (let number = 0; number < 100; number += 1) {
        void scene.sender.send(scene.send({ failureReport, body: BODY }));
      }
      await until(() => received.length === 100);
    },
  );

  it('of one session closes for no other on the same next hop (FC-04, FC-05, FC-02)', async () => {
    const scene = await open({ overrides: WINDOW });
    const bob = await scene.relay.client('bob');
    const told = attend(bob.endpoint);
    const { received } = attend(scene.receiver, ({ from }) => from === bob.usePath);
    for (let number = 0; number < 20; number += 1) void scene.sender.send(scene.send({ body: BODY }));
    await still(scene.relay);
    expect(received).toHaveLength(8);
    const toPath = scene.toPath.replace(scene.usePath, bob.usePath);
    for (let number = 0; number < 100; number += 1) {
      void bob.endpoint.send(sendRequest({ toPath, fromPath: bob.endpoint.uri, body: BODY }));
    }
    await until(() => told.count(200) === 100 && received.length === 108);
  });

  it('that is closed is forgotten with its next hop: what waited is reported, and the session goes on elsewhere (FC-04, X-02)', async () => {
    const scene = await open({ direction: 'peer to client', overrides: WINDOW });
    const told = attend(scene.sender);
    const { received } = attend(scene.receiver, () => false);
    for (let number = 0; number < 20; number += 1) {
      void scene.sender.send(scene.send({ messageId: `mess-${number}`, body: BODY }));
    }
    await until(() => received.length === 8 && told.count(200) === 20);
    scene.receiver.socket.destroy();
    await until(() => told.reports.size === 20);
    expect([...told.reports.values()].every((said) => said.length === 1)).toBe(true);
    expect(scene.relay.relay.snapshot()).toMatchObject({ transactions: 0, queuedOctets: 0, sessions: 0 });
  });
});

/** Alice, her relay, bob's relay, bob: two relays in a chain. */
async function chain() {
  const [near, far] = [await startRelay(), await startRelay()];
  cleanups.push(
    () => near.close(),
    () => far.close(),
  );
  const alice = await near.connect();
  const usePaths = await manySessions(near, alice, 2);
  const [bob, carol] = [await far.client('bob'), await far.client('alice')];
  const toBob = `${usePaths[0]} ${bob.usePath} ${bob.endpoint.uri}`;
  const toCarol = `${usePaths[1]} ${carol.usePath} ${carol.endpoint.uri}`;
  return { near, far, alice, bob: bob.endpoint, carol: carol.endpoint, toBob, toCarol };
}

function queuedIn(relays: readonly TestRelay<ManualClock>[]): number[] {
  return relays.map(({ relay }) => relay.snapshot().queuedOctets);
}

describe('A slow end behind two relays', () => {
  it('slows the sender through both; nothing is refused, all of it arrives (FC-04)', async () => {
    const { near, far, alice, bob, toBob } = await chain();
    const told = attend(alice);
    bob.pause();
    const sent = Array.from({ length: 4000 }, () => sendRequest({ toPath: toBob, fromPath: alice.uri, body: BODY }));
    for (const octets of sent) void alice.send(octets);
    await still(far);
    await still(near);
    expect(told.answers.size).toBeLessThan(4000);
    expect(Math.max(...queuedIn([near, far]))).toBeLessThan(MIB);
    const { received } = attend(bob);
    bob.resume();
    await until(() => told.answers.size === 4000 && received.length === 4000, 25_000);
    expect([told.count(200), told.reports.size]).toEqual([4000, 0]);
    await until(() => queuedIn([near, far]).every((octets) => octets === 0));
    expect(tidOf(sent[0] ?? new Uint8Array())).not.toBe(received[0]?.message.tid);
  });

  it.each([
    [200, 16_000],
    [8192, 1500],
    [65_536, 190],
    [150_000, 80],
  ])(
    'slows the sender of messages of %i octets through a connection that feeds others, too, and refuses nothing (FC-04, FC-05)',
    async (octets, count) => {
      const { near, far, alice, bob, carol, toBob, toCarol } = await chain();
      const [told, atCarol] = [attend(alice), attend(carol)];
      const send = (toPath: string, body: Uint8Array) =>
        void alice.send(sendRequest({ toPath, fromPath: alice.uri, body }));
      send(toCarol, BODY);
      await until(() => atCarol.received.length === 1 && told.count(200) === 1);
      bob.pause();
      for (let sent = 0; sent < count; sent += 1) send(toBob, new Uint8Array(octets));
      await still(far);
      expect(told.answers.size).toBeLessThan(count);
      const { received } = attend(bob);
      bob.resume();
      await until(() => told.answers.size === 1 + count && received.at(-1)?.flag === '$', 25_000);
      await until(() => received.reduce((sum, got) => sum + got.octets, 0) === octets * count, 25_000);
      expect([told.count(200), told.reports.size]).toEqual([1 + count, 0]);
      await until(() => queuedIn([near, far]).every((waiting) => waiting === 0));
    },
  );

  it('that answers nothing holds no more than a window between the relays (FC-04)', async () => {
    const { near, far, alice, bob, toBob } = await chain();
    attend(alice);
    attend(bob, () => false);
    for (let number = 0; number < 1000; number += 1) {
      void alice.send(sendRequest({ toPath: toBob, fromPath: alice.uri, body: BODY }));
    }
    await still(far);
    await still(near);
    // What the far relay has accepted: its window toward bob, and the lane up to its mark.
    expect(far.relay.snapshot().octets.out).toBeLessThan(1.4 * MIB);
    expect(Math.max(...queuedIn([near, far]))).toBeLessThan(MIB);
  });
});
