/** The relay of this workspace, as built, made ready for load: everything on loopback, nothing limited. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Contender, end, RELAY_CPU, type Subject } from './subject.ts';

const MAIN = path.resolve(import.meta.dirname, '../packages/relay/dist/cli/main.js');
const READY_MS = 20_000;

const CONFIGURATION = `\
hostname: localhost
listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0]
tls: { cert: cert.pem, key: key.pem }
auth: { allowCleartext: true }
credentials: [{ type: static, users: { alice: secret } }]
nextHops: { allow: [loopback], cleartext: true, verifyEndpoints: false }
limits: { connections: 100000, connectionsPerAddress: 100000, sessionsPerUser: 100000, transactions: 10000000 }
admin: { listen: http://127.0.0.1:0 }
`;

/** What is different from the relay as it is installed. */
interface Variant {
  readonly name?: string;
  /** A module that Node loads before the relay. */
  readonly preload?: string;
}

/** The relay of this workspace, which tells its metrics, too. */
export interface OwnRelay extends Subject {
  readonly adminUrl: string;
}

/** @param folder - an empty one; the certificate and the configuration go there. */
export function ownRelay(folder: string, variant: Variant = {}): Contender & { start(): Promise<OwnRelay> } {
  if (!existsSync(MAIN)) throw new Error('The relay is not built: run `npm run build` first.');
  makeCertificate(folder);
  const config = path.join(folder, 'relay.yaml');
  writeFileSync(config, CONFIGURATION);
  const { name = 'msrp-relay', preload } = variant;
  return { name, start: () => start(config, preload === undefined ? [] : ['--import', preload]) };
}

async function start(config: string, nodeOptions: readonly string[]): Promise<OwnRelay> {
  const command = `ulimit -n "$(ulimit -Hn)"; exec taskset -c ${RELAY_CPU} "$@"`;
  const words = [process.execPath, ...nodeOptions, MAIN, 'serve', '--config', config];
  const child = spawn('bash', ['-c', command, 'bash', ...words], {
    cwd: path.dirname(config),
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  const adminUrl = new Promise<string>((resolve) => {
    child.stderr.setEncoding('latin1').on('data', (text: string) => {
      complaints = `${complaints}${text}`.slice(-2_000);
      const [, url] = /"admin":"(http:[^"]+)"/.exec(complaints) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  const found = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, scheme = '', address = ''] = /^listening (tcp|tls):\/\/(\S+)/.exec(line) ?? [];
    if (scheme !== '') found.set(scheme, address);
    if (found.size === 2) break;
  }
  clearTimeout(timer);
  const [tcp, tls] = [found.get('tcp'), found.get('tls')];
  if (tcp === undefined || tls === undefined || child.pid === undefined) {
    await end(child);
    throw new Error(`The relay did not start listening:\n${complaints}`);
  }
  child.stdout.resume();
  return { pid: child.pid, address: { tcp, tls }, adminUrl: await adminUrl, stop: () => end(child) };
}

function makeCertificate(folder: string): void {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '7'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', 'key.pem', '-out', 'cert.pem'], {
    cwd: folder,
    stdio: 'pipe',
  });
}
