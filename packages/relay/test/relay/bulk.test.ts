/** Large things and many things through a relay, over TLS, in both directions: nothing lost, nothing twice, nothing changed. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { DIRECTIONS, openScene, type Scene, until } from './scene.ts';
import { StreamReader } from './stream-reader.ts';

const MEGABYTE = 1_000_000;
const file = randomBytes(100 * MEGABYTE);

interface Received {
  readonly sha256: string;
  readonly chunkCount: number;
  /** Chunks whose Byte-Range was not what it had to be. */
  readonly wrongRanges: readonly string[];
  readonly lastFlag: string;
}

/** Reads one message, answers each chunk of it, and checks that each begins where the one before ended. */
function receive({ receiver, usePath, arrivedToPath }: Scene, octets: number): Promise<Received> {
  const hash = createHash('sha256');
  const wrongRanges: string[] = [];
  let [next, chunkCount] = [1, 0];
  const { promise, resolve } = Promise.withResolvers<Received>();
  new StreamReader(receiver.socket, {
    body: (part) => void hash.update(part),
    chunk: ({ tid, head, bodyOctets, flag }) => {
      const end = bodyOctets > 2048 ? '*' : next + bodyOctets - 1;
      if (!head.includes(`\r\nByte-Range: ${next}-${end}/${octets}\r\n`)) wrongRanges.push(head);
      next += bodyOctets;
      chunkCount += 1;
      const paths = `To-Path: ${usePath}\r\nFrom-Path: ${arrivedToPath}\r\n`;
      receiver.socket.write(`MSRP ${tid} 200 OK\r\n${paths}-------${tid}$\r\n`);
      if (next > octets) resolve({ sha256: hash.digest('hex'), chunkCount, wrongRanges, lastFlag: flag });
    },
  });
  return promise;
}

/** Sends `body` as chunks of `chunkOctets`, no faster than the socket takes it; settles when each was answered 200, once. */
async function send({ sender, toPath }: Scene, body: Buffer, chunkOctets: number): Promise<void> {
  const due = new Set<string>();
  const wrong: string[] = [];
  const answered = Promise.withResolvers<void>();
  let isAllSent = false;
  new StreamReader(sender.socket, {
    response: (tid, status) => {
      if (status !== 200 || !due.delete(tid)) wrong.push(`${tid} ${status}`);
      if (isAllSent && due.size === 0) answered.resolve();
    },
  });
  for (let start = 0; start < body.length; start += chunkOctets) {
    const end = Math.min(start + chunkOctets, body.length);
    const tid = `chunk${start}`;
    due.add(tid);
    isAllSent = end === body.length;
    const paths = `To-Path: ${toPath}\r\nFrom-Path: ${sender.uri}\r\n`;
    const lines = `Message-ID: file-1\r\nByte-Range: ${start + 1}-*/${body.length}\r\nContent-Type: application/octet-stream\r\n`;
    sender.socket.cork();
    sender.socket.write(`MSRP ${tid} SEND\r\n${paths}${lines}\r\n`, 'latin1');
    sender.socket.write(body.subarray(start, end));
    const isRoom = sender.socket.write(`\r\n-------${tid}${isAllSent ? '$' : '+'}\r\n`, 'latin1');
    sender.socket.uncork();
    if (!isRoom) await once(sender.socket, 'drain');
  }
  await answered.promise;
  expect(wrong).toEqual([]);
}

/** Nothing is left of it in the relay, and nothing went wrong. */
async function expectSettled({ relay: { relay } }: Scene): Promise<void> {
  await until(() => relay.snapshot().transactions === 0);
  expect([relay.snapshot().queuedOctets, relay.snapshot().reports]).toEqual([0, {}]);
}

describe.each(DIRECTIONS)('A file from %s', (direction) => {
  it.each([
    { octets: 100 * MEGABYTE, chunkOctets: 2000, chunks: 50_000 },
    { octets: 100 * MEGABYTE, chunkOctets: 65_536, chunks: 1526 },
    { octets: 100 * MEGABYTE, chunkOctets: 100 * MEGABYTE, chunks: 1526 },
  ])(
    'of $octets octets in chunks of $chunkOctets arrives as it was, every chunk of it answered once (CH-09, CH-11, CH-12, CH-25, CH-27, F-34, FW-15, FW-16, R-08, R-15, T-17)',
    async ({ octets, chunkOctets, chunks }) => {
      const scene = await openScene({ direction });
      const body = file.subarray(0, octets);
      const [received] = await Promise.all([receive(scene, octets), send(scene, body, chunkOctets)]);
      expect(received).toEqual({
        sha256: createHash('sha256').update(body).digest('hex'),
        chunkCount: chunks,
        wrongRanges: [],
        lastFlag: '$',
      });
      await expectSettled(scene);
      await scene.close();
    },
    60_000,
  );
});

describe('A thousand short messages', () => {
  it.each(DIRECTIONS)('from %s arrive in order, each answered once (FW-15, R-08, R-15)', async (direction) => {
    const scene = await openScene({ direction });
    const count = 1000;
    const bodies: string[] = [];
    const arrived = Promise.withResolvers<void>();
    let body = '';
    new StreamReader(scene.receiver.socket, {
      body: (octets) => {
        body += Buffer.from(octets).toString();
      },
      chunk: ({ tid }) => {
        bodies.push(body);
        body = '';
        const paths = `To-Path: ${scene.usePath}\r\nFrom-Path: ${scene.arrivedToPath}\r\n`;
        scene.receiver.socket.write(`MSRP ${tid} 200 OK\r\n${paths}-------${tid}$\r\n`);
        if (bodies.length === count) arrived.resolve();
      },
    });
    const answers = new Map<string, number>();
    const answered = Promise.withResolvers<void>();
    new StreamReader(scene.sender.socket, {
      response: (tid) => {
        answers.set(tid, (answers.get(tid) ?? 0) + 1);
        if (answers.size === count) answered.resolve();
      },
    });
    const expected = Array.from({ length: count }, (_, number) => `message ${number} ${'x'.repeat(number % 300)}`);
    for (const [number, text] of expected.entries()) {
      scene.sender.socket.write(
        scene.send({ tid: `message${number}`, byteRange: `1-${text.length}/${text.length}`, body: text }),
      );
    }
    await Promise.all([arrived.promise, answered.promise]);
    expect(bodies).toEqual(expected);
    expect([...answers.values()].every((times) => times === 1)).toBe(true);
    await expectSettled(scene);
    await scene.close();
  });
});
