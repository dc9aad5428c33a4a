/**
 * What a million forwarded REPORTs leave behind: the memory of a relay process before and after them.
 * Run with `node --conditions=source bench/reports.ts`.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RelayProcess, startRelayProcess } from '../packages/relay/test/delivery/relay-process.ts';
import { ReportCheck, type ReportWay, reportTexts } from '../packages/relay/test/delivery/report-stream.ts';
import type { Endpoint } from '../packages/relay/test/endpoint.ts';

const REPORTS = 1_000_000;
const WARM_UP = 100_000;
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

function residentMb({ child }: RelayProcess): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1')) ?? [];
  return Number(kib) / 1024;
}

async function measure(relay: RelayProcess) {
  const { endpoint: client, usePath } = await relay.client();
  const peer = await relay.connect();
  const way = {
    sent: { toPath: `${usePath} ${client.uri}`, fromPath: peer.uri },
    arrived: { toPath: client.uri, fromPath: `${usePath} ${peer.uri}` },
  };
  client.socket.removeAllListeners('data');
  const freshMb = residentMb(relay);
  await stream(peer, client, way, WARM_UP);
  await sleep(SETTLE_MS);
  const warmMb = residentMb(relay);
  const startMs = performance.now();
  await stream(peer, client, way, REPORTS);
  const seconds = (performance.now() - startMs) / 1000;
  const atOnceMb = residentMb(relay);
  await sleep(SETTLE_MS);
  const settledMb = residentMb(relay);
  const open = await relay.metric('transactions_open');
  const queued = await relay.metric('queued_octets');
  peer.reset();
  client.reset();
  return { reports: REPORTS, seconds, freshMb, warmMb, atOnceMb, settledMb, open, queued };
}

const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const relay = await startRelayProcess(folder);
try {
  console.log(JSON.stringify(await measure(relay)));
} finally {
  await relay.child.end();
  rmSync(folder, { recursive: true, force: true });
}
