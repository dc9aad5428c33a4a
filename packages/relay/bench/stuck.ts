/**
 * One stuck session among a hundred that one outside peer feeds over one connection: what the other 99 get in every second,
 * before and after the one stops reading. Run with `node --conditions=source packages/relay/bench/stuck.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RelayProcess, startRelayProcess } from '../test/delivery/relay-process.ts';
import { type Endpoint, sendRequest } from '../test/endpoint.ts';

const SESSIONS = 100;
const ROUND_MS = 20;
const SHORT_OCTETS = 200;
/** What the stuck one is sent in each round: more than the kernel takes within a few seconds. */
const LONG_OCTETS = 64_000;
const SECONDS = { before: 5, after: 20 } as const;

/** Answers every SEND as it comes, and counts them. */
function answer(client: Endpoint, count: () => void): void {
  let text = '';
  client.socket.removeAllListeners('data');
  client.socket.on('data', (octets: Buffer) => {
    text += octets.toString('latin1');
    let responses = '';
    for (;;) {
      const [, tid = '', to = '', from = ''] =
        /^MSRP (\S+) SEND\r\nTo-Path: (\S+)\r\nFrom-Path: (\S+)/.exec(text) ?? [];
      const end = tid === '' ? -1 : text.indexOf(`-------${tid}$\r\n`);
      if (end < 0) break;
      text = text.slice(end + tid.length + '-------$\r\n'.length);
      responses += `MSRP ${tid} 200 OK\r\nTo-Path: ${from}\r\nFrom-Path: ${to}\r\n-------${tid}$\r\n`;
      count();
    }
    if (responses !== '') client.socket.write(responses, 'latin1');
  });
}

async function measure(relay: RelayProcess): Promise<void> {
  const counts = new Array<number>(SESSIONS).fill(0);
  const clients = await Promise.all(Array.from({ length: SESSIONS }, () => relay.client()));
  for (const [index, { endpoint }] of clients.entries())
    answer(endpoint, () => (counts[index] = (counts[index] ?? 0) + 1));
  const peer = await relay.connect();
  const statuses = new Map<string, number>();
  peer.socket.removeAllListeners('data');
  peer.socket.on('data', (octets: Buffer) => {
    for (const [, what = ''] of octets.toString('latin1').matchAll(/^(?:MSRP \S+ |Status: 000 )(\d{3})/gm)) {
      statuses.set(what, (statuses.get(what) ?? 0) + 1);
    }
  });
  let isStuck = false;
  const timer = setInterval(() => {
    for (const [index, { endpoint, usePath }] of clients.entries()) {
      const octets = isStuck && index === 0 ? LONG_OCTETS : SHORT_OCTETS;
      peer.socket.write(
        sendRequest({ toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri, body: Buffer.alloc(octets, 'x') }),
      );
    }
  }, ROUND_MS);
  let before = [...counts];
  for (let second = 1; second <= SECONDS.before + SECONDS.after; second += 1) {
    await sleep(1000);
    const got = counts.map((count, index) => count - (before[index] ?? 0));
    before = [...counts];
    const others = got.slice(1);
    const line = { second, isStuck, stuck: got[0], least: Math.min(...others), sum: others.reduce((a, b) => a + b) };
    console.log(
      JSON.stringify({
        ...line,
        queuedOctets: await relay.metric('queued_octets'),
        heard: Object.fromEntries(statuses),
      }),
    );
    if (second === SECONDS.before) {
      isStuck = true;
      clients[0]?.endpoint.pause();
    }
  }
  clearInterval(timer);
}

const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const relay = await startRelayProcess(folder);
try {
  await measure(relay);
} finally {
  await relay.child.end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
