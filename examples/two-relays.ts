/**
 * A chain of two relays on this machine: `node --conditions=source examples/two-relays.ts`. Alice authenticates at the inner
 * one and through it at the outer one, and Bob's message comes to her through both. Between relays both sides show their
 * certificate: here it is the same one, as both are called localhost.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Endpoint } from 'msrp';
import { nodeNetwork } from 'msrp/node';

const PROGRAM = join(import.meta.dirname, '../packages/relay/src/cli/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'two-relays-'));
const CONFIG = join(folder, 'relay.yaml');
const CERTIFICATE = join(folder, 'fullchain.pem');
const say = (line: string) => process.stdout.write(`${line}\n`);

function run(words: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--conditions=source', PROGRAM, ...words], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Starts a relay. @returns its URI once it accepts connections. */
async function start(children: ChildProcess[]): Promise<string> {
  const child = run(['serve', '--config', CONFIG], {
    MSRP_RELAY_LISTEN: '["tls://127.0.0.1:0"]',
    MSRP_RELAY_ADMIN__LISTEN: 'http://127.0.0.1:0',
    MSRP_RELAY_CREDENTIALS: '[{ type: static, users: { alice: secret } }]',
    MSRP_RELAY_TLS__CA: CERTIFICATE,
    // By default no relay dials into its own machine.
    MSRP_RELAY_NEXT_HOPS__ALLOW: '[loopback]',
    MSRP_RELAY_TIMERS__DRAIN_MS: '0',
  });
  children.push(child);
  let said = '';
  for await (const octets of child.stdout ?? []) {
    said += String(octets);
    const port = /^listening tls:\/\/127\.0\.0\.1:(\d+)$/m.exec(said)?.[1];
    if (port !== undefined) return `msrps://localhost:${port};tcp`;
  }
  throw new Error(`the relay ended: ${said}`);
}

async function talk(inner: string, outer: string): Promise<void> {
  const network = nodeNetwork({ tls: { ca: readFileSync(CERTIFICATE, 'utf8') } });
  const [alice, bob] = [new Endpoint({ network }), new Endpoint({ network })];
  const relays = [inner, outer].map((uri) => ({ uri, user: 'alice', password: 'secret' }));
  const hers = await (await alice.connectRelay(relays)).createSession();
  hers.on('message', async (message) => say(`alice received: ${await message.text()}`));
  say(`alice can be reached at ${hers.path}`);
  const his = await bob.createSession().open(hers.path);
  await his.send('Hello through two relays!').delivered;
  say('bob knows that it was delivered');
  alice.close();
  bob.close();
}

const children: ChildProcess[] = [];
try {
  const [status] = await once(run(['config', 'init', CONFIG, '--hostname', 'localhost', '--self-signed']), 'exit');
  if (status !== 0) throw new Error('no configuration could be made');
  await talk(await start(children), await start(children));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true });
}
