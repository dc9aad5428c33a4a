/** A – B – C – D – E – F with relays as processes: each in turn is killed, and A is told of what it had not answered yet. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { startNameServer, type Zone } from '../../../msrp/test/node/name-server.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { Chat } from '../relay/chat.ts';
import { Party } from '../relay/party.ts';
import { until } from '../relay/scene.ts';
import { covers, overlap } from './account.ts';
import type { Span } from './load.ts';
import { type RelayProcess, startNamedRelay } from './relay-process.ts';

const NAMES = ['B', 'C', 'D', 'E'] as const;
type Name = (typeof NAMES)[number];

const HOSTS = { B: 'b.one.example', C: 'c.one.example', D: 'd.two.example', E: 'e.two.example' } as const;
const ADDRESSES = { B: '127.0.0.1', C: '127.0.0.1', D: '::1', E: '127.0.0.1' } as const;
const DOMAIN_OF_C = 'one.example';
const CHUNK_OCTETS = 50_000;
const OCTETS = 4 * CHUNK_OCTETS;
/** For how long a node that could not be reached is not dialled again, and a bit. */
const AGAIN_MS = 15_000;

const authority = await createAuthority();

/** Relays as processes, by name. */
type Chain = Record<Name, RelayProcess>;

/** Starts one relay, at `port` or a free one; it ends with the test. */
type StartOne = (name: Name, port?: number) => Promise<RelayProcess>;

async function startChain(): Promise<{ readonly chain: Chain; readonly start: StartOne }> {
  const folder = temporaryFolder();
  const zone: Zone = {};
  const nameServer = await startNameServer(zone);
  onTestFinished(() => nameServer.stop());
  const start: StartOne = async (name, port = 0) => {
    const domains = name === 'C' ? [DOMAIN_OF_C] : [];
    const [hostname, address] = [HOSTS[name], ADDRESSES[name]];
    const relay = await startNamedRelay(folder, {
      hostname,
      domains,
      authority,
      nameServer: nameServer.address,
      address,
      port,
    });
    onTestFinished(() => relay.child.end());
    zone[hostname] = address === '::1' ? { AAAA: [address] } : { A: [address] };
    return relay;
  };
  const [B, C, D, E] = await Promise.all([start('B'), start('C'), start('D'), start('E')]);
  zone[`_msrps._tcp.${DOMAIN_OF_C}`] = { SRV: [{ port: C.port, target: HOSTS.C }] };
  return { chain: { B, C, D, E }, start };
}

/** A client of these relays. */
async function clientOf(chain: Chain, ...names: readonly [Name, ...Name[]]): Promise<Party> {
  const endpoint = await chain[names[0]].connect();
  onTestFinished(() => void endpoint.socket.destroy());
  let usePath = '';
  for (const name of names) {
    const target = name === 'C' && usePath !== '' ? `msrps://${DOMAIN_OF_C};tcp` : chain[name].target;
    const toPath = usePath === '' ? target : `${usePath} ${target}`;
    usePath = await endpoint.auth({ user: 'alice', password: 'secret', target: toPath });
  }
  return new Party(endpoint, usePath);
}

/** Sends a message and waits for its success REPORT. Rejects when there is another one, or an error response. */
async function deliver(from: Party, to: Party, messageId: string): Promise<void> {
  const [tid = ''] = (await from.send({ to: from.pathTo(to), messageId, body: 'hello', successReport: 'yes' })).keys();
  await from.until(() => from.answers.has(tid));
  expect(from.answers.get(tid)).toEqual([200]);
  await from.until(() => from.reported(messageId).length > 0);
  expect(from.reported(messageId).map(({ status }) => status)).toEqual(['000 200 OK']);
}

/** What A was told to have failed, in error responses and in REPORTs. */
function told(a: Party, sent: ReadonlyMap<string, Span>, messageId: string): Span[] {
  const refused = [...sent].filter(([tid]) => a.answers.get(tid)?.some((status) => status !== 200));
  return [...refused.map(([, span]) => span), ...a.reported(messageId)];
}

describe.each(NAMES)('kill -9 of relay %s on the way from A to F', (name) => {
  it('A is told once of each range that it had not answered, then of what follows; others notice nothing, and it can be started again (X-01, X-03, X-06, X-14, X-15, R-15, CN-16, FW-23)', async () => {
    const { chain, start } = await startChain();
    const [a, f] = [await clientOf(chain, 'B', 'C'), await clientOf(chain, 'E', 'D')];
    const far = name === 'B' || name === 'C' ? (['D', 'E'] as const) : (['B', 'C'] as const);
    const chat = new Chat('chat', await clientOf(chain, far[0]), await clientOf(chain, far[1]));
    chat.start();
    await deliver(a, f, 'warm-a');
    await deliver(f, a, 'warm-f');

    chain[name].child.process.kill('SIGSTOP');
    const body = Buffer.alloc(OCTETS, 'file');
    const sent = await a.send({ to: a.pathTo(f), messageId: 'file', body, chunkOctets: CHUNK_OCTETS });
    if (name !== 'B') await a.until(() => [...sent.keys()].every((tid) => a.answers.has(tid)));
    await chain[name].child.end();
    if (name === 'B') {
      await a.until(() => a.isGone);
      expect([a.reported('file'), [...sent.keys()].filter((tid) => a.answers.has(tid))]).toEqual([[], []]);
    } else {
      await a.until(() => covers(told(a, sent, 'file'), OCTETS));
      const later = await a.send({ to: a.pathTo(f), messageId: 'later', body });
      await a.until(() => covers(told(a, later, 'later'), OCTETS));
      await a.fence(a.pathTo(f));
      for (const [tids, messageId] of [
        [sent, 'file'],
        [later, 'later'],
      ] as const) {
        expect(overlap(told(a, tids, messageId))).toBe(false);
        for (const tid of tids.keys()) expect(a.answers.get(tid)).toHaveLength(1);
        for (const { status } of a.reported(messageId)) expect(status).toMatch(/^000 408 /);
      }
    }
    if (name !== 'E') await f.fence(f.pathTo(a));
    expect([f.received.has('file'), f.reports.length]).toEqual([false, 1]);
    const before = chat.count;
    await until(() => chat.count >= before + 4);
    await chat.stop();
    expect(chat.offences).toEqual([]);

    chain[name] = await start(name, chain[name].port);
    const again = async () => Promise.all([clientOf(chain, 'B', 'C'), clientOf(chain, 'E', 'D')]);
    await expect
      .poll(() => again().then(([from, to]) => deliver(from, to, 'again')), { timeout: AGAIN_MS })
      .toBe(undefined);
  });
});
