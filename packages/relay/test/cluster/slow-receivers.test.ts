/** Receivers that do not read, behind another worker: their senders are slowed down, nobody else is, and both workers hold little. */
import { createHash } from 'node:crypto';
import type { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { type Endpoint, sendRequest } from '../endpoint.ts';
import { type Attended, attend, tidOf } from '../relay/attend.ts';
import { pattern, until } from '../relay/scene.ts';
import { startWorkers, type Workers } from './workers.ts';

const MIB = 1_048_576;
const FILE_BLOCKS = 64;
const BLOCK = pattern(1, MIB);
const BODY = pattern(1, 8192);

/** Lets so many seconds pass, and what happens in them happen. */
async function pass({ clock }: Workers<ManualClock>, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1000);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Sends one chunk of 64 MiB as fast as it is taken. */
function sendFile(sender: Endpoint, toPath: string) {
  const sent = sendRequest({ toPath, fromPath: sender.uri, messageId: 'file', body: '' });
  const tid = tidOf(sent);
  const progress = { blocks: 0, tid, done: Promise.resolve() };
  progress.done = (async () => {
    await sender.send(sent.subarray(0, sent.indexOf('\r\n\r\n') + 4));
    for (let block = 0; block < FILE_BLOCKS; block += 1) {
      await sender.send(BLOCK);
      progress.blocks += 1;
    }
    await sender.send(`\r\n-------${tid}$\r\n`);
  })();
  return progress;
}

/** Settles when no octet has come to or left any worker for 200 ms; gives the most that waited in each meanwhile. */
async function still({ relays }: Workers<ManualClock>): Promise<number[]> {
  const most = relays.map(() => 0);
  let before = -1;
  for (let same = 0; same < 20; ) {
    const snapshots = relays.map((relay) => relay.snapshot());
    const moved = snapshots.reduce((sum, { octets }) => sum + octets.in + octets.out, 0);
    for (const [worker, { queuedOctets }] of snapshots.entries()) {
      most[worker] = Math.max(most[worker] ?? 0, queuedOctets);
    }
    same = moved === before ? same + 1 : 0;
    before = moved;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return most;
}

async function directions() {
  const workers = await startWorkers();
  const { endpoint: client, usePath } = await workers.clientAt(0);
  const peer = await workers.connect(1);
  const inward = `${usePath} ${client.uri}`;
  const opening = sendRequest({ toPath: inward, fromPath: peer.uri, byteRange: '1-0/0', failureReport: 'no' });
  void peer.send(opening);
  await client.next();
  return {
    workers,
    inward: { sender: peer, receiver: client, toPath: inward },
    outward: { sender: client, receiver: peer, toPath: `${usePath} ${peer.uri}` },
  };
}

describe.each(['inward', 'outward'] as const)('A receiver that does not read, %s', (direction) => {
  it('stops the sender of a file, and gets all of it when it reads again (CL-13, FC-03, FC-04)', async () => {
    const scene = await directions();
    const { workers } = scene;
    const { sender, receiver, toPath } = scene[direction];
    receiver.pause();
    const file = sendFile(sender, toPath);
    for (const octets of await still(workers)) expect(octets).toBeLessThan(MIB);
    expect(file.blocks).toBeLessThan(FILE_BLOCKS);
    for (const relay of workers.relays) expect(relay.snapshot().memory.heldOctets).toBeLessThan(3 * MIB);
    const told = attend(sender);
    const { received } = attend(receiver);
    receiver.resume();
    await file.done;
    await until(() => told.answers.has(file.tid) && received.at(-1)?.flag === '$', 25_000);
    const [hash, expected] = [createHash('sha256'), createHash('sha256')];
    for (const { message } of received) hash.update(message.body ?? '');
    for (let block = 0; block < FILE_BLOCKS; block += 1) expected.update(BLOCK);
    expect([told.answers.get(file.tid), hash.digest('hex')]).toEqual([200, expected.digest('hex')]);
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
  });

  it('for too long has its messages refused, once each, and gets the next when it reads again (CL-13, FC-06)', async () => {
    const scene = await directions();
    const { workers } = scene;
    const { sender, receiver, toPath } = scene[direction];
    receiver.pause();
    const told = attend(sender);
    const file = sendFile(sender, toPath);
    await still(workers);
    for (let second = 0; second < 60 && !told.answers.has(file.tid); second += 5) {
      await pass(workers, 5);
      await still(workers);
    }
    await file.done;
    await until(() => told.answers.has(file.tid));
    const reports = told.reports.get('file') ?? [];
    expect([told.answers.get(file.tid), new Set(reports).size]).toEqual([413, reports.length]);
    attend(receiver);
    receiver.resume();
    await still(workers);
    const after = sendRequest({ toPath, fromPath: sender.uri, messageId: 'after', body: BODY });
    void sender.send(after);
    await until(() => told.answers.has(tidOf(after)));
    expect(told.answers.get(tidOf(after))).toBe(200);
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
  });
});

describe('Two that send each other files', () => {
  it('and begin to read when nothing moves any more, get all of them (CL-13, FC-06)', async () => {
    const { workers, inward, outward } = await directions();
    const both = [inward, outward];
    for (const { sender } of both) sender.pause();
    const sent = both.map(({ sender, toPath }) =>
      Array.from({ length: 256 }, (_, block) => {
        const range = {
          messageId: `file-${block}`,
          byteRange: `1-*/${BLOCK.length / 8}`,
          body: BLOCK.subarray(0, MIB / 8),
        };
        const octets = sendRequest({ toPath, fromPath: sender.uri, ...range });
        void sender.send(octets);
        return tidOf(octets);
      }),
    );
    for (const octets of await still(workers)) expect(octets).toBeLessThan(3 * MIB);
    const told = both.map(({ sender }) => attend(sender));
    for (const { sender } of both) sender.resume();
    await until(
      () => told.every(({ answers }, index) => sent[index]?.every((tid) => answers.get(tid) === 200)),
      25_000,
    );
    await expect.poll(() => workers.unsettled(), { timeout: 10_000 }).toEqual([0, 0]);
    const octets = told.map(({ received }) => received.reduce((sum, got) => sum + got.octets, 0));
    expect(octets).toEqual([32 * MIB, 32 * MIB]);
    expect(told.map(({ reports }) => reports.size)).toEqual([0, 0]);
  });
});

describe('One stuck session of ten on one connection', () => {
  /** Ten clients of worker 0 and one peer at worker 1, which has written to each of them. */
  async function stage() {
    const workers = await startWorkers();
    const peer = await workers.connect(1);
    const clients: { readonly endpoint: Endpoint; readonly usePath: string; readonly told: Attended }[] = [];
    const told = attend(peer);
    let sentCount = 0;
    const sendTo = (client: number): string => {
      const { endpoint, usePath } = clients[client] ?? { endpoint: peer, usePath: '' };
      sentCount += 1;
      const parts = { tid: `tid-${sentCount}`, messageId: `mess-${sentCount}`, body: BODY };
      void peer.send(sendRequest({ toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri, ...parts }));
      return parts.tid;
    };
    const areAnswered = (tids: readonly string[], status: number) =>
      tids.every((tid) => told.answers.get(tid) === status);
    for (let number = 0; number < 10; number += 1) {
      const client = await workers.clientAt(0);
      clients.push({ ...client, told: attend(client.endpoint) });
      const tid = sendTo(number);
      await until(() => areAnswered([tid], 200));
    }
    return { workers, peer, clients, told, sendTo, areAnswered };
  }

  it('loses its 200s, then is refused, and works again when its receiver reads; the other nine never notice (CL-14, FC-05, FC-06)', async () => {
    const { workers, clients, told, sendTo, areAnswered } = await stage();
    const [stuck] = clients;
    stuck?.endpoint.pause();
    const tids: string[] = [];
    while (tids.every((tid) => told.answers.has(tid))) {
      for (let count = 0; count < 16; count += 1) tids.push(sendTo(0));
      await until(() => tids.every((tid) => told.answers.has(tid)), 400).catch(() => {});
      expect(tids.length).toBeLessThan(4000);
    }
    await still(workers);
    const held = tids.filter((tid) => !told.answers.has(tid));
    const others: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      for (let client = 1; client < 10; client += 1) others.push(sendTo(client));
    }
    await until(
      () => areAnswered(others, 200) && clients.slice(1).every(({ told: got }) => got.received.length === 31),
    );
    for (const relay of workers.relays) expect(relay.snapshot().queuedOctets).toBeLessThan(4 * MIB);
    for (let second = 0; second < 30 && !held.every((tid) => told.answers.has(tid)); second += 1) {
      await pass(workers, 1);
      await still(workers);
    }
    await until(() => areAnswered(held, 413));
    const late = sendTo(0);
    const more = [sendTo(1), sendTo(9)];
    // The other worker has made room by refusing: what it is told of the next one comes behind its own answer.
    await until(() => areAnswered([late], 413) || told.reports.has(late.replace('tid', 'mess')));
    await until(() => areAnswered(more, 200));

    stuck?.endpoint.resume();
    await still(workers);
    const after = sendTo(0);
    await until(
      () => areAnswered([after], 200) && stuck?.told.received.at(-1)?.messageId === after.replace('tid', 'mess'),
    );
    // Each message that was answered 200 came, or was reported.
    const came = new Set(stuck?.told.received.map(({ messageId }) => messageId));
    for (const tid of tids.filter((one) => told.answers.get(one) === 200)) {
      const messageId = tid.replace('tid', 'mess');
      expect([messageId, came.has(messageId), told.reports.get(messageId)?.length ?? 0]).toEqual(
        told.reports.has(messageId) ? [messageId, false, 1] : [messageId, true, 0],
      );
    }
    expect(told.count(413) + told.reports.size).toBeLessThan(tids.length);
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
  });
});
