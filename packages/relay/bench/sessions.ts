/**
 * What a session costs a relay: 20 clients over TCP get 500 sessions each; how much the process has grown once it has rested, for
 * each session and for each connection. Run with `node --conditions=source packages/relay/bench/sessions.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RelayProcess, startRelayProcess } from '../test/delivery/relay-process.ts';
import type { Endpoint } from '../test/endpoint.ts';

const CLIENTS = 20;
const SESSIONS = 500;
const TIMES = 3;
/** The process gives memory back a few seconds after a burst. */
const REST_MS = 12_000;

async function residentOctets(relay: RelayProcess): Promise<number> {
  await sleep(REST_MS);
  return await relay.metric('process_memory_bytes', 'kind="resident"');
}

async function moreSessions(relay: RelayProcess, endpoint: Endpoint): Promise<void> {
  for (let count = 0; count < SESSIONS; count += 1) {
    await endpoint.auth({ user: 'alice', password: 'secret', target: relay.target });
  }
}

const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const relay = await startRelayProcess(folder, 'limits: { sessionsPerUser: 100000 }\n');
try {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => relay.client()));
  // The first time is for what grows once.
  for (let time = 0; time <= TIMES; time += 1) {
    const before = await residentOctets(relay);
    await Promise.all(clients.map(({ endpoint }) => moreSessions(relay, endpoint)));
    const grown = (await residentOctets(relay)) - before;
    const sessions = await relay.metric('sessions');
    console.log(`${sessions} sessions: ${Math.round(grown / (CLIENTS * SESSIONS))} octets for each of the last ones`);
  }
} finally {
  await relay.child.end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
