/**
 * What operators cost a relay with 10,000 clients: how long a scrape of its metrics takes, a page of its sessions, and a search
 * for one; and for how long the loop then serves nobody else, seen by the relay itself, which measures how late its loop is, and
 * by a client that asks something all the time; and what each request costs in CPU, which a busy machine does not change.
 * Run with `node --conditions=source packages/relay/bench/scrape.ts`; it needs `ulimit -n` of 10,100.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RelayProcess, startRelayProcess } from '../test/delivery/relay-process.ts';
import type { Endpoint } from '../test/endpoint.ts';

const SESSIONS = 10_000;
/** So many clients authenticate at a time. */
const ABREAST = 20;
const PAGES = [
  '/metrics',
  '/v1/status',
  '/v1/sessions?limit=1000',
  '/v1/connections?limit=1000',
  '/v1/sessions/00000000',
];
const TIMES = 50;
const PAUSE_MS = 100;
/** The loop is looked at every 10 ms. */
const SETTLE_MS = 30;

const round = (ms: number) => Math.round(ms * 100) / 100;

/** Asks something that is answered at once, again and again; says how long the slowest answer since the last look took. */
class Prober {
  slowestMs = 0;
  #isOver = false;

  async run(relay: RelayProcess, endpoint: Endpoint): Promise<void> {
    while (!this.#isOver) {
      const start = performance.now();
      await endpoint.ask(relay.fence(endpoint));
      this.slowestMs = Math.max(this.slowestMs, performance.now() - start);
    }
  }

  take(): number {
    const slowestMs = this.slowestMs;
    this.slowestMs = 0;
    return slowestMs;
  }

  stop(): void {
    this.#isOver = true;
  }
}

function quantile(values: readonly number[], part: number): number {
  const ordered = values.toSorted((a, b) => a - b);
  return round(ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * part))] ?? 0);
}

async function connectAll(relay: RelayProcess): Promise<void> {
  let left = SESSIONS - 1;
  const connect = async () => {
    for (left -= 1; left >= 0; left -= 1) await relay.client();
  };
  await Promise.all(Array.from({ length: ABREAST }, connect));
}

/** Asks for `page` many times, with a pause before each that shows what the prober sees without it. */
async function measure(relay: RelayProcess, prober: Prober, page: string): Promise<void> {
  const tookMs: number[] = [];
  const slowestMs: number[] = [];
  const withoutMs: number[] = [];
  const lateMs: number[] = [];
  let octets = 0;
  for (let time = 0; time < TIMES; time += 1) {
    // Begins to measure the loop anew.
    await relay.metric('event_loop_delay_seconds');
    prober.take();
    await sleep(PAUSE_MS);
    withoutMs.push(prober.take());
    const start = performance.now();
    octets = (await (await fetch(relay.adminUrl + page)).arrayBuffer()).byteLength;
    tookMs.push(performance.now() - start);
    slowestMs.push(prober.take());
    await sleep(SETTLE_MS);
    lateMs.push((await relay.metric('event_loop_delay_seconds', 'quantile="1"')) * 1000);
  }
  const show = (values: readonly number[]) => `${quantile(values, 0.5)} (${quantile(values, 1)})`;
  const all = { took: tookMs, loopLate: lateMs, slowestAnswer: slowestMs, slowestAnswerWithout: withoutMs };
  const shown = Object.entries(all).map(([name, values]) => `${name} ${show(values)} ms`);
  console.log(`${page}: ${octets} octets, ${shown.join(', ')}`);
}

/** CPU time of the relay for each request, with nobody else about: no turn of its loop can be longer, whatever the machine does. */
async function measureCpu(relay: RelayProcess, page: string): Promise<void> {
  const usedMs = async () => (await relay.metric('process_cpu_seconds_total')) * 1000;
  const before = await usedMs();
  for (let time = 0; time < TIMES; time += 1) await (await fetch(relay.adminUrl + page)).arrayBuffer();
  console.log(`${page}: ${round(((await usedMs()) - before) / TIMES)} ms of CPU each`);
}

const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const relay = await startRelayProcess(folder);
try {
  const { endpoint } = await relay.client();
  await connectAll(relay);
  console.log(`${await relay.metric('sessions')} sessions; the median of ${TIMES}, and in brackets the worst`);
  const prober = new Prober();
  const probing = prober.run(relay, endpoint);
  for (const page of PAGES) await measure(relay, prober, page);
  prober.stop();
  await probing;
  for (const page of PAGES) await measureCpu(relay, page);
} finally {
  await relay.child.end();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
