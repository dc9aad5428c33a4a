/**
 * What a message costs that crosses from one worker to another: CPU time of all workers for each message of 200 octets, in µs,
 * in one process without workers, then with two where none crosses, where a half do, and where all do. First messages of outside
 * peers, then of clients of the same relay. The arguments are how many messages a second are offered, 0 for as many as there can
 * be, and who sends, `peers` or `clients`; both when it is left out.
 * Run with `node --conditions=source packages/relay/bench/crossing.ts 4000`.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../test/delivery/child.ts';
import { connect, type Endpoint, sendRequest } from '../test/endpoint.ts';
import { StreamReader } from '../test/relay/stream-reader.ts';

const PAIRS = 50;
const ROUND_MS = 10;
const SECONDS = { warm: 3, measured: 4 } as const;
const TIMES = 3;

interface Client {
  readonly endpoint: Endpoint;
  readonly usePath: string;
}

/** All workers, each with an address of its own. */
class Workers {
  readonly #children: readonly Child[];
  readonly #port: number;

  constructor(children: readonly Child[], port: number) {
    this.#children = children;
    this.#port = port;
  }

  /** @param count - how many; 1 is a process without workers. */
  static async start(directory: string, count: number): Promise<Workers> {
    const children: Child[] = [];
    let port = 0;
    for (let owner = 0; owner < count; owner += 1) {
      const words = [hostOf(owner), String(port), String(owner), String(count), directory];
      const child = new Child(path.join(import.meta.dirname, '../test/cluster/worker-main.ts'), words, { cpu: '0' });
      port = Number((await child.said(/listening tcp:\S+:(\d+)/))[1]);
      children.push(child);
    }
    return new Workers(children, port);
  }

  get count(): number {
    return this.#children.length;
  }

  connect(worker: number): Promise<Endpoint> {
    return connect({ host: hostOf(worker), port: this.#port, secure: false });
  }

  async client(worker: number): Promise<Client> {
    const endpoint = await this.connect(worker);
    const target = `msrp://localhost:${this.#port};tcp`;
    return { endpoint, usePath: await endpoint.auth({ user: 'alice', password: 'secret', target }) };
  }

  /** CPU time that all have used, in µs. */
  cpuUs(): number {
    const ticks = this.#children.map(({ pid }) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    });
    return ticks.reduce((sum, count) => sum + count, 0) * 10_000;
  }

  async end(): Promise<void> {
    for (const child of this.#children) await child.end();
  }
}

function hostOf(worker: number): string {
  return `127.0.0.${worker + 1}`;
}

/** Pairs of whom one writes to the other. */
class Load {
  count = 0;
  refused = 0;
  readonly #senders: { readonly endpoint: Endpoint; readonly request: Buffer }[] = [];
  readonly #perSecond: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  add(from: Endpoint, toPath: string, to: Endpoint): void {
    const request = sendRequest({ toPath, fromPath: from.uri, byteRange: '1-200/200', body: 'x'.repeat(200) });
    this.#senders.push({ endpoint: from, request });
    new StreamReader(to.socket, {
      chunk: ({ tid, head }) => {
        const [, own = '', previous = ''] = /^To-Path: (\S+).*\r\nFrom-Path: (\S+)/m.exec(head) ?? [];
        to.socket.write(
          `MSRP ${tid} 200 OK\r\nTo-Path: ${previous}\r\nFrom-Path: ${own}\r\n-------${tid}$\r\n`,
          'latin1',
        );
        this.count += 1;
        if (this.#perSecond === 0) from.socket.write(request);
      },
    });
    new StreamReader(from.socket, {
      response: (_tid, status) => {
        if (status !== 200) this.refused += 1;
      },
    });
  }

  start(): void {
    if (this.#perSecond === 0) {
      for (const { endpoint, request } of this.#senders) endpoint.socket.write(request);
      return;
    }
    const startMs = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) / 1000) * this.#perSecond;
      for (; sent < due; sent += 1) {
        const sender = this.#senders[sent % this.#senders.length];
        sender?.endpoint.socket.write(sender.request);
      }
    }, ROUND_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const { endpoint } of this.#senders) endpoint.socket.destroy();
  }
}

/** So many of `PAIRS` cross; returns µs of CPU for each message. */
async function measure(workers: Workers, isHairpin: boolean, crossing: number, perSecond: number): Promise<number> {
  const load = new Load(perSecond);
  const receivers: Endpoint[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const home = pair % workers.count;
    const away = pair < crossing ? 1 - home : home;
    const { endpoint, usePath } = await workers.client(home);
    receivers.push(endpoint);
    if (isHairpin) {
      const other = await workers.client(away);
      load.add(other.endpoint, `${other.usePath} ${usePath} ${endpoint.uri}`, endpoint);
    } else {
      load.add(await workers.connect(away), `${usePath} ${endpoint.uri}`, endpoint);
    }
  }
  load.start();
  await sleep(SECONDS.warm * 1000);
  const [count, cpuUs] = [load.count, workers.cpuUs()];
  await sleep(SECONDS.measured * 1000);
  const messages = load.count - count;
  const each = (workers.cpuUs() - cpuUs) / messages;
  load.stop();
  for (const receiver of receivers) receiver.socket.destroy();
  if (load.refused > 0) throw new Error(`${load.refused} messages were refused`);
  console.log(
    JSON.stringify({
      ...{ isHairpin, workers: workers.count, crossing },
      ...{ cpuUs: round(each), perSecond: round(messages / SECONDS.measured) },
    }),
  );
  await sleep(200);
  return each;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const directory = await mkdtemp(path.join(tmpdir(), 'msrp-relay-bench-'));
const alone = await Workers.start(directory, 1);
const two = await Workers.start(directory, 2);
const perSecond = Number(process.argv[2] ?? 4000);
const senders = { peers: [false], clients: [true] }[process.argv[3] ?? ''] ?? [false, true];
try {
  for (const isHairpin of senders) {
    const costs = [
      { workers: alone, crossing: 0, us: [] as number[] },
      ...[0, PAIRS / 2, PAIRS].map((crossing) => ({ workers: two, crossing, us: [] as number[] })),
    ];
    for (let time = 0; time < TIMES; time += 1) {
      for (const { workers, crossing, us } of costs) us.push(await measure(workers, isHairpin, crossing, perSecond));
    }
    const [one = 0, none = 0, half = 0, all = 0] = costs.map(({ us }) => medianOf(us));
    const ratios = { none: round(none / one), half: round(half / none), all: round(all / none) };
    console.log(JSON.stringify({ isHairpin, cpuUs: [one, none, half, all].map(round), ratios }));
  }
} finally {
  for (const workers of [alone, two]) await workers.end();
  await rm(directory, { recursive: true, force: true });
}
process.exit();
