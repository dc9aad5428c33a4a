/**
 * A file to a slow receiver behind two relays, beside others: A sends it through R1 and R2 as fast as it may, B reads 1 MB/s, and
 * 50 other sessions exchange short messages over the same connection between the relays, each the next one when it has its
 * answer. Whether the file came whole, what A was told, what the others got and what memory the relays had, in every second.
 * Argument: size of the file in MB, 100 when left out. It needs `npm run build`, and is run with
 * `node --conditions=source packages/relay/bench/chain.ts 100`.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../../msrp/test/certificates.ts';
import { startNameServer, type Zone } from '../../msrp/test/node/name-server.ts';
import { type RelayProcess, startNamedRelay } from '../test/delivery/relay-process.ts';
import { type Endpoint, type Message, sendRequest } from '../test/endpoint.ts';
import { StreamReader } from '../test/relay/stream-reader.ts';

const MEGABYTE = 1_000_000;
const CHUNK_OCTETS = 65_536;
const OCTETS_PER_SECOND = MEGABYTE;
const SLICE_MS = 10;
const PAIRS = 50;
const SHORT = Buffer.alloc(200, 'x');
/** Others alone: so many seconds to warm up, so many that count before the file, and after it. */
const SECONDS = { warm: 5, before: 10, after: 10 } as const;
/** How much less the others may get, and how much the relays may grow from the first half of the file to the second. */
const TOLERANCE = 0.1;
const GROWTH_MB = 5;

/** A client and the paths by which it is reached and by which it sends. */
interface Client {
  readonly endpoint: Endpoint;
  readonly usePath: string;
}

function pathBetween(from: Client, to: Client): string {
  return `${from.usePath} ${to.usePath} ${to.endpoint.uri}`;
}

/** What A was told. */
class Told {
  readonly statuses = new Map<string, number>();

  constructor({ endpoint }: Client) {
    // It ends with the relay.
    this.#listen(endpoint).catch(() => {});
  }

  get answered(): number {
    return [...this.statuses.values()].reduce((sum, count) => sum + count, 0);
  }

  async #listen(endpoint: Endpoint): Promise<void> {
    for (;;) this.#count(await endpoint.next(undefined, 600_000));
  }

  #count(message: Message): void {
    const what = message.status === undefined ? `${message.method} ${message.header('Status')}` : `${message.status}`;
    this.statuses.set(what, (this.statuses.get(what) ?? 0) + 1);
  }
}

/** Sends the file chunk by chunk, as the socket takes it; its octets, and the SHA-256 of them. */
async function sendFile(from: Client, toPath: string, octets: number): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 1; start <= octets; start += CHUNK_OCTETS) {
    const body = Buffer.alloc(Math.min(CHUNK_OCTETS, octets - start + 1), `${start} `);
    hash.update(body);
    const flag = start + body.length > octets ? '$' : '+';
    const range = { messageId: 'file', byteRange: `${start}-*/${octets}`, flag } as const;
    const request = sendRequest({ toPath, fromPath: from.endpoint.uri, ...range, body });
    if (!from.endpoint.socket.write(request)) await once(from.endpoint.socket, 'drain');
  }
  return hash.digest('hex');
}

/** B: reads so many octets a second, answers each chunk, and notes where one did not begin where the last one ended. */
class SlowReader {
  octets = 0;
  readonly gaps: number[] = [];
  readonly #hash = createHash('sha256');

  constructor({ socket }: Endpoint) {
    new StreamReader(socket, {
      body: (part) => void this.#hash.update(part),
      chunk: ({ tid, head, bodyOctets }) => {
        const start = Number(/^Byte-Range: (\d+)/m.exec(head)?.[1]);
        if (start !== this.octets + 1) this.gaps.push(start);
        this.octets += bodyOctets;
        socket.write(answerTo(tid, head), 'latin1');
      },
    });
    const startMs = performance.now();
    let readOctets = 0;
    socket.on('data', (data) => {
      readOctets += data.length;
      const aheadMs = (readOctets / OCTETS_PER_SECOND) * 1000 - (performance.now() - startMs);
      if (aheadMs < SLICE_MS) return;
      socket.pause();
      setTimeout(() => socket.resume(), aheadMs);
    });
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }
}

function answerTo(tid: string, head: string): string {
  const [, to = '', from = ''] = /^To-Path: (\S+).*\r\nFrom-Path: (\S+)/m.exec(head) ?? [];
  return `MSRP ${tid} 200 OK\r\nTo-Path: ${from}\r\nFrom-Path: ${to}\r\n-------${tid}$\r\n`;
}

/** The others: how many messages have been answered, and what was not 200. */
class Others {
  count = 0;
  refused = 0;

  /** `one` writes to `other`, and again as soon as the message is there and answered. */
  pair(one: Client, other: Client): void {
    const request = {
      toPath: pathBetween(one, other),
      fromPath: one.endpoint.uri,
      byteRange: '1-200/200',
      body: SHORT,
    };
    let due = 0;
    const say = () => {
      due = 2;
      one.endpoint.socket.write(sendRequest(request));
    };
    const done = () => {
      due -= 1;
      if (due > 0) return;
      this.count += 1;
      say();
    };
    new StreamReader(other.endpoint.socket, {
      chunk: ({ tid, head }) => {
        other.endpoint.socket.write(answerTo(tid, head), 'latin1');
        done();
      },
    });
    new StreamReader(one.endpoint.socket, {
      response: (_tid, status) => {
        if (status !== 200) this.refused += 1;
        done();
      },
    });
    say();
  }
}

/** Memory of a relay in MB: what the system has given it, and what of that is in use, garbage since the last collection included. */
async function memoryMb(relay: RelayProcess): Promise<{ readonly resident: number; readonly used: number }> {
  const ofKind = (kind: string) => relay.metric('process_memory_bytes', `kind="${kind}"`);
  const [resident, heap, external] = [await ofKind('resident'), await ofKind('heap'), await ofKind('external')];
  return { resident: Math.round(resident / MEGABYTE), used: Math.round((heap + external) / MEGABYTE) };
}

/** What the relays themselves have counted: REPORTs that they made and SENDs that they refused. */
async function troubleOf(relays: readonly RelayProcess[]): Promise<number> {
  let trouble = 0;
  for (const relay of relays) {
    trouble += (await relay.metric('reports_total')) + (await relay.metric('refused_total'));
  }
  return trouble;
}

/** CPU time that the relays have used, in µs. */
function cpuUs(relays: readonly RelayProcess[]): number {
  const ticks = relays.map(({ child }) => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, count) => sum + count, 0) * 10_000;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** How much more was in use in the second half than in the first, right after a collection: the least of either. */
function growthOf(usedMb: readonly number[]): number {
  const middle = Math.ceil(usedMb.length / 2);
  return Math.min(...usedMb.slice(middle)) - Math.min(...usedMb.slice(0, middle));
}

/** One second, as it was. */
interface Second {
  readonly messages: number;
  /** CPU time of both relays for each message, in µs; what other programs of the machine take does not count. */
  readonly cpuUs: number;
  /** Of either relay. */
  readonly residentMb: readonly number[];
  readonly usedMb: readonly number[];
}

/** Looks at everything once a second, and prints what it sees. */
class Watch {
  seconds = 0;
  readonly #relays: readonly RelayProcess[];
  readonly #others: Others;
  readonly #told: Told;

  constructor(relays: readonly RelayProcess[], others: Others, told: Told) {
    this.#relays = relays;
    this.#others = others;
    this.#told = told;
  }

  async next(reader?: SlowReader): Promise<Second> {
    const [count, cpu, atMs] = [this.#others.count, cpuUs(this.#relays), performance.now()];
    await sleep(1000);
    this.seconds += 1;
    const passed = this.#others.count - count;
    const messages = Math.round((passed * 1000) / (performance.now() - atMs));
    const cpuOfEach = Math.round((cpuUs(this.#relays) - cpu) / passed);
    const memory = await Promise.all(this.#relays.map(memoryMb));
    const residentMb = memory.map(({ resident }) => resident);
    const seen = { messages, cpuUs: cpuOfEach, residentMb, usedMb: memory.map(({ used }) => used) };
    const queued = await Promise.all(this.#relays.map((relay) => relay.metric('queued_octets')));
    const told = Object.fromEntries(this.#told.statuses);
    console.log(JSON.stringify({ second: this.seconds, ...seen, queued, file: reader?.octets, told }));
    return seen;
  }

  async these(seconds: number): Promise<Second[]> {
    const seen: Second[] = [];
    while (seen.length < seconds) seen.push(await this.next());
    return seen;
  }
}

/** Sends the file while the others go on; what was seen in each second, and whether it came as it was sent. */
async function pass(octets: number, a: Client, b: Client, told: Told, watch: Watch) {
  const reader = new SlowReader(b.endpoint);
  const sent = sendFile(a, pathBetween(a, b), octets);
  const seen: Second[] = [];
  // The last seconds are for what was lost: it would not come any more.
  const most = octets / OCTETS_PER_SECOND + 20;
  const chunks = Math.ceil(octets / CHUNK_OCTETS);
  while (seen.length < most && (reader.octets < octets || told.answered < chunks)) seen.push(await watch.next(reader));
  const isWhole = reader.octets === octets && reader.gaps.length === 0 && (await sent) === reader.sha256();
  return { seen, isWhole };
}

async function measure(relays: readonly [RelayProcess, RelayProcess], octets: number): Promise<boolean> {
  const [r1, r2] = relays;
  const others = new Others();
  for (let pair = 0; pair < PAIRS; pair += 1) others.pair(await r1.client(), await r2.client());
  const [a, b] = [await r1.client(), await r2.client()];
  const told = new Told(a);
  const watch = new Watch(relays, others, told);
  await watch.these(SECONDS.warm);
  const alone = await watch.these(SECONDS.before);
  const { seen, isWhole } = await pass(octets, a, b, told, watch);
  alone.push(...(await watch.these(SECONDS.after)));
  const rates = [alone, seen].map((seconds) => medianOf(seconds.map(({ messages }) => messages)));
  const [without = 0, beside = 0] = rates;
  const cpu = [alone, seen].map((seconds) => medianOf(seconds.map((second) => second.cpuUs)));
  const grownMb = relays.map((_, at) => growthOf(seen.map(({ usedMb }) => usedMb[at] ?? 0)));
  const mostMb = relays.map((_, at) => Math.max(...seen.map(({ residentMb }) => residentMb[at] ?? 0)));
  const trouble = await troubleOf(relays);
  const isQuiet = trouble === 0 && others.refused === 0 && told.statuses.get('200') === told.answered;
  console.log(
    JSON.stringify({ isWhole, isQuiet, without, beside, ratio: beside / without, cpuUs: cpu, grownMb, mostMb }),
  );
  return isWhole && isQuiet && beside >= without * (1 - TOLERANCE) && grownMb.every((grown) => grown <= GROWTH_MB);
}

const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const names = ['r1.example.org', 'r2.example.net'] as const;
const zone: Zone = Object.fromEntries(names.map((name) => [name, { A: ['127.0.0.1'] }]));
const nameServer = await startNameServer(zone);
const authority = await createAuthority();
const start = (hostname: string, cpu: string) =>
  startNamedRelay(folder, { hostname, authority, nameServer: nameServer.address, cpu });
const relays: [RelayProcess, RelayProcess] = [await start(names[0], '0'), await start(names[1], '0')];
try {
  const isGood = await measure(relays, Number(process.argv[2] ?? 100) * MEGABYTE);
  console.log(isGood ? 'all as it must be' : 'NOT as it must be');
  process.exitCode = isGood ? 0 : 1;
} finally {
  for (const relay of relays) await relay.child.end();
  await nameServer.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
