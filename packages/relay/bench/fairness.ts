/**
 * How evenly two files share one connection: two peers send 100 MB each, as fast as they are let, in two sessions of one client,
 * which reads 20 MB/s; octets of both in every second. Arguments: octets of a chunk, for either peer.
 * Run with `node --conditions=source packages/relay/bench/fairness.ts 65536 2048`.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RelayProcess, startRelayProcess } from '../test/delivery/relay-process.ts';
import { type Endpoint, sendRequest } from '../test/endpoint.ts';
import { StreamReader } from '../test/relay/stream-reader.ts';

const FILE_OCTETS = 100_000_000;
const OCTETS_PER_SECOND = 20_000_000;
const SLICE_MS = 10;

/** Sends one message of 100 MB, chunk by chunk, as the socket takes it. */
async function sendFile(peer: Endpoint, toPath: string, chunkOctets: number): Promise<void> {
  peer.socket.removeAllListeners('data').resume();
  for (let start = 1; start <= FILE_OCTETS; start += chunkOctets) {
    const octets = Math.min(chunkOctets, FILE_OCTETS - start + 1);
    const isLast = start + octets > FILE_OCTETS;
    const request = sendRequest({
      toPath,
      fromPath: peer.uri,
      messageId: 'file',
      byteRange: `${start}-*/${FILE_OCTETS}`,
      flag: isLast ? '$' : '+',
      body: Buffer.alloc(octets, 'x'),
    });
    if (!peer.socket.write(request)) await once(peer.socket, 'drain');
  }
}

/** Reads `OCTETS_PER_SECOND`, answers every chunk, and counts octets by the session that they came through. */
function readSlowly(client: Endpoint, sessions: readonly string[], octets: number[]): Promise<void> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  new StreamReader(client.socket, {
    chunk: ({ tid, head, bodyOctets }) => {
      const [, to = '', from = ''] = /^To-Path: (.*)\r\nFrom-Path: (\S+)/m.exec(head) ?? [];
      const session = sessions.indexOf(from);
      octets[session] = (octets[session] ?? 0) + bodyOctets;
      client.socket.write(`MSRP ${tid} 200 OK\r\nTo-Path: ${from}\r\nFrom-Path: ${to}\r\n-------${tid}$\r\n`);
      if (octets.some((count) => count >= FILE_OCTETS)) resolve();
    },
  });
  const startMs = performance.now();
  let readOctets = 0;
  client.socket.on('data', (data) => {
    readOctets += data.length;
    const aheadMs = (readOctets / OCTETS_PER_SECOND) * 1000 - (performance.now() - startMs);
    if (aheadMs < SLICE_MS) return;
    client.socket.pause();
    setTimeout(() => client.socket.resume(), aheadMs);
  });
  return done;
}

async function measure(relay: RelayProcess, chunks: readonly number[]): Promise<void> {
  const client = await relay.connect();
  const sessions: string[] = [];
  for (const _ of chunks) sessions.push(await client.auth({ user: 'alice', password: 'secret', target: relay.target }));
  const octets = chunks.map(() => 0);
  const done = readSlowly(client, sessions, octets);
  for (const [index, chunkOctets] of chunks.entries()) {
    // It is cut off in the middle of its file when the other one is done.
    sendFile(await relay.connect(), `${sessions[index]} ${client.uri}`, chunkOctets).catch(() => {});
  }
  let isDone = false;
  void done.then(() => {
    isDone = true;
  });
  for (let second = 1, before = [...octets]; !isDone; second += 1) {
    await Promise.race([sleep(1000), done]);
    const inSecond = octets.map((count, index) => count - (before[index] ?? 0));
    before = [...octets];
    const [first = 0, other = 0] = inSecond;
    if (!isDone)
      console.log(JSON.stringify({ second, octets: inSecond, ratio: Math.round((first / other) * 1000) / 1000 }));
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const relay = await startRelayProcess(folder);
try {
  const chunks = process.argv.slice(2).map(Number);
  await measure(relay, chunks.length === 2 ? chunks : [65_536, 65_536]);
} finally {
  await relay.child.end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
