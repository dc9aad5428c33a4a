/**
 * What a million forwarded REPORTs leave behind: the memory of a relay process before and after them.
 * Run with `node --conditions=source packages/relay/bench/reports.ts`.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RelayProcess, startRelayProcess } from '../test/delivery/relay-process.ts';
import { ReportCheck, type ReportWay, reportTexts } from '../test/delivery/report-stream.ts';
import type { Endpoint } from '../test/endpoint.ts';

const REPORTS = 1_000_000;
/** The first rounds show how large the process becomes under such a load at all. */
const ROUNDS = 4;
const BATCH = 500;
const SETTLE_MS = 15_000;

/** Sends `count` REPORTs through the relay as fast as they are taken, and checks each where it arrives. */
async function stream(from: Endpoint, to: Endpoint, way: ReportWay, count: number): Promise<void> {
  const check = new ReportCheck(way);
  const { promise: arrived, resolve, reject } = Promise.withResolvers<void>();
  const take = (octets: Buffer) => {
    check.take(octets);
    if (check.offence !== undefined) reject(new Error(`not as it must be: ${check.offence}`));
    if (check.count === count) resolve();
  };
  to.socket.on('data', take);
  for (let first = 1; first <= count; first += BATCH) {
    const hasRoom = from.socket.write(reportTexts(way, first, first + BATCH - 1), 'latin1');
    if (!hasRoom) await Promise.race([once(from.socket, 'drain'), arrived]);
  }
  await arrived;
  to.socket.off('data', take);
}

/** Memory of the relay process in MB: what it occupies, and what of it JavaScript uses. */
async function memoryMb(relay: RelayProcess) {
  const [resident, heap] = await Promise.all(
    ['resident', 'heap'].map((kind) => relay.metric('process_memory_bytes', `kind="${kind}"`)),
  );
  return { residentMb: Math.round((resident ?? 0) / 1e5) / 10, heapMb: Math.round((heap ?? 0) / 1e5) / 10 };
}

async function measure(relay: RelayProcess): Promise<void> {
  const { endpoint: client, usePath } = await relay.client();
  const peer = await relay.connect();
  const way = {
    sent: { toPath: `${usePath} ${client.uri}`, fromPath: peer.uri },
    arrived: { toPath: client.uri, fromPath: `${usePath} ${peer.uri}` },
  };
  client.socket.removeAllListeners('data');
  console.log(JSON.stringify({ round: 0, ...(await memoryMb(relay)) }));
  for (let round = 1; round <= ROUNDS; round += 1) {
    const startMs = performance.now();
    await stream(peer, client, way, REPORTS);
    const seconds = (performance.now() - startMs) / 1000;
    await sleep(SETTLE_MS);
    const open = await relay.metric('transactions_open');
    const queuedOctets = await relay.metric('queued_octets');
    console.log(JSON.stringify({ round, seconds, ...(await memoryMb(relay)), open, queuedOctets }));
  }
  peer.reset();
  client.reset();
}

const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const relay = await startRelayProcess(folder);
try {
  await measure(relay);
} finally {
  await relay.child.end();
  rmSync(folder, { recursive: true, force: true });
}
