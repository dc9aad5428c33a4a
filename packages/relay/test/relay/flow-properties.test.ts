/** Whatever two sessions send, however it is cut, whoever stops reading or dies: it arrives as it was, or its sender is told. */
import fc from 'fast-check';
import type { ManualClock } from 'msrp/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, sendRequest } from '../endpoint.ts';
import { type Attended, attend, type Got, still, tidOf } from './attend.ts';
import { manySessions } from './dialogue.ts';
import { startRelay, type TestRelay } from './harness.ts';
import { pattern, until } from './scene.ts';

/** Small bounds, so that small messages meet all of them. */
const FLOW = { windowOctets: 32_768, highWaterOctets: 32_768, lowWaterOctets: 8192, sessionOctets: 65_536 };

let relay: TestRelay<ManualClock>;

beforeAll(async () => {
  relay = await startRelay({ flow: FLOW, chunk: { maxOctets: 4096 } });
});

afterAll(async () => {
  await relay.close();
});

const messages = fc.record({
  session: fc.nat(1),
  octets: fc.oneof(fc.nat(3000), fc.nat(60_000)),
  /** Its sender cuts it into chunks of so many octets. */
  chunkOctets: fc.oneof(fc.integer({ min: 500, max: 2048 }), fc.constant(100_000)),
});

const cases = fc.record({
  sent: fc.array(messages, { minLength: 1, maxLength: 8 }),
  /** Where writes end, as parts of all octets. */
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
  /** Both sessions lead to the same next hop. */
  isOneHop: fc.boolean(),
  isPaused: fc.tuple(fc.boolean(), fc.boolean()),
  /** After so many chunks a receiver answers no more; it dies when all is quiet. */
  diesAfter: fc.tuple(fc.option(fc.nat(12)), fc.option(fc.nat(12))),
  seconds: fc.constantFrom(0, 5, 25),
});

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** One chunk as its sender made it. */
interface Chunk {
  readonly tid: string;
  readonly session: number;
  readonly messageId: string;
  readonly start: number;
  readonly octets: number;
  readonly wire: Buffer;
}

/** The chunks of all messages, in the order in which they are sent: those of the two sessions by turns. */
function chunksOf(client: Endpoint, toPaths: readonly string[], { sent }: Case): Chunk[] {
  const waiting: Chunk[][] = [[], []];
  for (const [number, { session, octets, chunkOctets }] of sent.entries()) {
    const messageId = `mess-${number}`;
    let start = 1;
    do {
      const end = Math.min(start + chunkOctets - 1, octets);
      const parts = { toPath: toPaths[session] ?? '', fromPath: client.uri, messageId, body: pattern(start, end) };
      const wire = sendRequest({ ...parts, byteRange: `${start}-*/${octets}`, flag: end === octets ? '$' : '+' });
      waiting[session]?.push({ tid: tidOf(wire), session, messageId, start, octets: end - start + 1, wire });
      start = end + 1;
    } while (start <= octets);
  }
  const chunks: Chunk[] = [];
  while (waiting.some((list) => list.length > 0)) {
    for (const list of waiting) chunks.push(...list.splice(0, 1));
  }
  return chunks;
}

async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    relay.clock.advance(1000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Writes everything, cut as the case says. */
async function write(client: Endpoint, chunks: readonly Chunk[], cuts: readonly number[]): Promise<void> {
  const all = Buffer.concat(chunks.map(({ wire }) => wire));
  let at = 0;
  for (const end of [...cuts.map((share) => Math.floor(share * all.length)).toSorted((a, b) => a - b), all.length]) {
    if (end > at) void client.send(all.subarray(at, end));
    at = Math.max(at, end);
    relay.clock.advance(25);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Stage {
  readonly client: Endpoint;
  readonly told: Attended;
  readonly toPaths: readonly string[];
  readonly usePaths: readonly string[];
  readonly receivers: readonly { readonly endpoint: Endpoint; readonly received: readonly Got[] }[];
  close(): Promise<void>;
}

async function stage({ isOneHop, diesAfter }: Case): Promise<Stage> {
  const client = await relay.connect();
  const usePaths = await manySessions(relay, client, 2);
  const peers: Listening[] = isOneHop ? [await listen()] : [await listen(), await listen()];
  const toPaths = usePaths.map((usePath, session) => `${usePath} ${(peers[session] ?? peers[0])?.uri}`);
  const told = attend(client);
  const receivers: { endpoint: Endpoint; received: readonly Got[] }[] = [];
  for (const [number, peer] of peers.entries()) {
    const toPath = toPaths[number] ?? '';
    void client.send(sendRequest({ toPath, fromPath: client.uri, messageId: 'first', failureReport: 'no' }));
    const endpoint = await peer.accept();
    let left = (diesAfter[number] ?? Number.MAX_SAFE_INTEGER) + 1;
    const { received } = attend(endpoint, () => {
      left -= 1;
      return left >= 0;
    });
    await until(() => received.length === 1);
    receivers.push({ endpoint, received });
  }
  const close = async () => {
    client.socket.destroy();
    for (const peer of peers) await peer.close();
    await until(() => relay.relay.snapshot().sessions === 0 && relay.relay.snapshot().queuedOctets === 0);
  };
  return { client, told, toPaths, usePaths, receivers, close };
}

/** The octets of a message, by what became of them. */
interface Fate {
  readonly delivered: Uint8Array;
  readonly reported: Uint8Array;
}

function fateOf(session: number, messageId: string, octets: number, { receivers, usePaths, told }: Stage): Fate {
  const delivered = new Uint8Array(octets);
  const reported = new Uint8Array(octets);
  for (const got of (receivers[session] ?? receivers[0])?.received ?? []) {
    if (got.messageId !== messageId || got.from !== usePaths[session]) continue;
    for (let at = got.start - 1; at < got.start - 1 + got.octets; at += 1) delivered[at] = (delivered[at] ?? 0) + 1;
    expect(got.message.body?.equals(pattern(got.start, got.start + got.octets - 1)) ?? got.octets === 0).toBe(true);
  }
  for (const said of told.reports.get(messageId) ?? []) {
    const [, first = 1, last = 0] = /(\d+)-(\d+)\/\S+$/.exec(said)?.map(Number) ?? [];
    for (let at = first - 1; at < last; at += 1) reported[at] = (reported[at] ?? 0) + 1;
  }
  return { delivered, reported };
}

/** Nothing came or was reported twice, and what was answered 200 came or was reported. */
function expectTruth(one: Case, chunks: readonly Chunk[], own: Stage): void {
  const isDeadly = one.diesAfter.some((after) => after !== null);
  for (const [number, { session, octets }] of one.sent.entries()) {
    const messageId = `mess-${number}`;
    const { delivered, reported } = fateOf(session, messageId, octets, own);
    expect([Math.max(0, ...delivered), Math.max(0, ...reported)].every((times) => times <= 1)).toBe(true);
    for (const chunk of chunks.filter((other) => other.messageId === messageId)) {
      const status = own.told.answers.get(chunk.tid);
      expect([200, 408, 413]).toContain(status);
      if (status !== 200) continue;
      for (let at = chunk.start - 1; at < chunk.start - 1 + chunk.octets; at += 1) {
        if (delivered[at] === 0 && reported[at] === 0)
          expect.fail(`octet ${at + 1} of ${messageId} is lost in silence`);
      }
    }
    if (!isDeadly && one.seconds === 0) {
      expect([messageId, delivered.indexOf(0), own.told.reports.size]).toEqual([messageId, -1, 0]);
    }
  }
}

async function play(one: Case): Promise<void> {
  const own = await stage(one);
  try {
    await playOn(own, one);
  } finally {
    await own.close();
  }
}

async function playOn(own: Stage, one: Case): Promise<void> {
  const chunks = chunksOf(own.client, own.toPaths, one);
  for (const [number, { endpoint }] of own.receivers.entries()) if (one.isPaused[number]) endpoint.pause();
  await write(own.client, chunks, one.cuts);
  await pass(one.seconds);
  for (const { endpoint } of own.receivers) endpoint.resume();
  if (one.diesAfter.some((after) => after !== null)) {
    await still(relay, 5);
    for (const [number, { endpoint }] of own.receivers.entries()) {
      if (one.diesAfter[number] !== null) endpoint.socket.destroy();
    }
  }
  await still(relay, 5);
  // Whatever is open comes to its end by an answer, or by time: one that is held back, a pause, the 30 seconds.
  const isOpen = () => relay.relay.snapshot().transactions > 0 || chunks.some(({ tid }) => !own.told.answers.has(tid));
  for (let seconds = 0; seconds < 600 && isOpen(); seconds += 1) await pass(1);
  expect(relay.relay.snapshot()).toMatchObject({ transactions: 0, queuedOctets: 0 });
  await still(relay, 5);
  expectTruth(one, chunks, own);
}

describe('Any two sessions', () => {
  it('deliver what was answered 200, as it was, or report it: nothing is lost in silence, nothing twice (CH-09, CH-17, FC-03, FC-04, FC-05, FC-06, X-01, X-02, X-14)', async () => {
    await fc.assert(fc.asyncProperty(cases, play), {
      numRuns: 60,
      interruptAfterTimeLimit: 90_000,
      markInterruptAsFailure: true,
    });
  }, 120_000);
});
