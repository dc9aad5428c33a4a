/**
 * WebSocket clients of one relay: what memory each needs that has authenticated and says nothing, beside as many on TCP and TLS in the
 * same run, and whether anything is lost when pairs, one of a WebSocket and one of TCP, write to each other, both ways at once.
 * Arguments: idle clients of each kind (2,000 when left out), pairs (500), messages of each (20). It needs `npm run build` and
 * `ulimit -n` of four times the idle clients, and is run with `node --conditions=source packages/relay/bench/web.ts`.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WebSocket } from 'ws';
import { Child } from '../test/delivery/child.ts';
import { connect, type Endpoint } from '../test/endpoint.ts';
import { authority } from '../test/relay/harness.ts';
import { exchange, type Pair, webParty } from '../test/relay/pairs.ts';
import { Party } from '../test/relay/party.ts';

const BUILT = path.join(import.meta.dirname, '../dist/cli/main.js');
const KINDS = ['tcp', 'ws', 'tls', 'wss'] as const;
const KIB = 1024;
/** So many clients authenticate at a time. */
const ABREAST = 20;
/** Of each kind, before anything is measured: what the relay needs once is there then. */
const WARM = 100;
const USER = { user: 'alice', password: 'secret' };

type Kind = (typeof KINDS)[number];

/** Memory of a process in KiB: its share of what the system has given out, all that it uses of it, and what its objects take. */
interface Memory {
  readonly pss: number;
  readonly rss: number;
  readonly used: number;
}

/** A relay that listens in four ways, on a core of its own, and can be told to collect its garbage. */
class FourWays {
  readonly #child: Child;
  readonly #ports: Readonly<Record<Kind, number>>;
  readonly #debugger: WebSocket;
  #number = 0;

  private constructor(child: Child, ports: Readonly<Record<Kind, number>>, debug: WebSocket) {
    this.#child = child;
    this.#ports = ports;
    this.#debugger = debug;
  }

  static async start(folder: string): Promise<FourWays> {
    const { cert, key } = await authority.issue({ dnsNames: ['localhost'] });
    writeFileSync(path.join(folder, 'cert.pem'), cert);
    writeFileSync(path.join(folder, 'key.pem'), key);
    const file = path.join(folder, 'relay.yaml');
    const lines = [
      'hostname: localhost',
      `listen: [${KINDS.map((kind) => `"${kind}://127.0.0.1:0"`).join()}]`,
      'tls: { cert: cert.pem, key: key.pem }',
      'auth: { allowCleartext: true }',
      'credentials: [{ type: static, users: { alice: secret } }]',
      'limits: { connectionsPerAddress: 100000, sessionsPerUser: 100000 }',
      'admin: { listen: "http://127.0.0.1:0" }',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const shell = { before: 'export NODE_OPTIONS=--inspect=127.0.0.1:0', after: '' };
    const child = new Child(BUILT, ['serve', '--config', file], { isBuilt: true, cpu: '0', shell });
    const ports: Record<Kind, number> = { tcp: 0, ws: 0, tls: 0, wss: 0 };
    for (const kind of KINDS) {
      const [, port] = await child.said(new RegExp(`^listening ${kind}://\\S+:(\\d+)$`, 'm'));
      ports[kind] = Number(port);
    }
    // It starts anew with options of its own; the last debugger is its own.
    const [, url = ''] = await child.said(/^Debugger listening on (\S+)$(?![\s\S]*Debugger listening)/m);
    const debug = new WebSocket(url);
    await once(debug, 'open');
    return new FourWays(child, ports, debug);
  }

  /** A client of this kind that has authenticated. */
  async party(kind: Kind): Promise<Party> {
    const port = this.#ports[kind];
    if (kind === 'ws' || kind === 'wss') return await webParty(`${kind}://localhost:${port}`, USER.user, USER.password);
    const secure = kind === 'tls';
    const endpoint: Endpoint = await connect({ port, ...(secure ? { ca: authority.ca } : {}) });
    const target = `${secure ? 'msrps' : 'msrp'}://localhost:${port};tcp`;
    return new Party(endpoint, await endpoint.auth({ ...USER, target }));
  }

  async memory(): Promise<Memory> {
    for (let round = 0; round < 3; round += 1) await this.#ask('HeapProfiler.collectGarbage');
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = await this.#ask('Runtime.getHeapUsage');
    const text = readFileSync(`/proc/${this.#child.pid}/smaps_rollup`, 'latin1');
    const of = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1]);
    const used = (Number(usedSize) + Number(embedderHeapUsedSize) + Number(backingStorageSize)) / KIB;
    return { pss: of('Pss'), rss: of('Rss'), used };
  }

  async stop(): Promise<void> {
    this.#debugger.terminate();
    await this.#child.end();
  }

  async #ask(method: string): Promise<Record<string, unknown>> {
    this.#number += 1;
    this.#debugger.send(JSON.stringify({ id: this.#number, method }));
    for (;;) {
      const [octets] = await once(this.#debugger, 'message');
      const { id, result } = JSON.parse(String(octets));
      if (id === this.#number) return result;
    }
  }
}

async function connectMany(relay: FourWays, kind: Kind, count: number): Promise<void> {
  let left = count;
  const connectNext = async () => {
    for (left -= 1; left >= 0; left -= 1) await relay.party(kind);
  };
  await Promise.all(Array.from({ length: ABREAST }, connectNext));
}

/** Memory of one idle client of each kind, in KiB. */
async function measureIdle(relay: FourWays, count: number): Promise<void> {
  for (const kind of KINDS) await connectMany(relay, kind, WARM);
  for (const kind of KINDS) {
    const before = await relay.memory();
    await connectMany(relay, kind, count);
    const after = await relay.memory();
    const each = (of: keyof Memory) => Math.round(((after[of] - before[of]) / count) * 10) / 10;
    console.log(JSON.stringify({ kind, count, pssKib: each('pss'), rssKib: each('rss'), usedKib: each('used') }));
  }
}

/** Whether all messages of all pairs were delivered, answered and reported. */
async function measurePairs(relay: FourWays, kind: 'ws' | 'wss', count: number, messages: number): Promise<boolean> {
  const pairs: Pair[] = [];
  while (pairs.length < count) pairs.push([await relay.party(kind), await relay.party('tcp')]);
  const startMs = performance.now();
  const { wrong, ...tally } = await exchange(pairs, messages);
  const seconds = Math.round(performance.now() - startMs) / 1000;
  console.log(JSON.stringify({ kind, pairs: count, ...tally, wrong: wrong.length, seconds }));
  const { sent, delivered, answered, reported } = tally;
  return [delivered, answered, reported].every((part) => part === sent) && wrong.length === 0;
}

const [idle = 2000, pairs = 500, messages = 20] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(path.join(tmpdir(), 'msrp-relay-bench-'));
const relay = await FourWays.start(folder);
try {
  await measureIdle(relay, idle);
  const isWhole = [await measurePairs(relay, 'ws', pairs, messages), await measurePairs(relay, 'wss', pairs, messages)];
  console.log(isWhole.every(Boolean) ? 'nothing was lost' : 'SOMETHING WAS LOST');
  process.exitCode = isWhole.every(Boolean) ? 0 : 1;
} finally {
  await relay.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
