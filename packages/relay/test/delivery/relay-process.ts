/** The relay as it is installed: `msrp-relay serve` as a process, configured by a file, on loopback. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority } from '../../../msrp/test/certificates.ts';
import { type ConnectOptions, connect, type Endpoint, request } from '../endpoint.ts';
import { Child } from './child.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const BUILT = join(import.meta.dirname, '../../dist/cli/main.js');

/** Over clear TCP, without a name. */
export const CONFIGURATION = `hostname: localhost
listen: [tcp://127.0.0.1:0]
auth: { allowCleartext: true }
credentials: [{ type: static, users: { alice: secret } }]
nextHops: { allow: [loopback], cleartext: true }
admin: { listen: "http://127.0.0.1:0" }
`;

/** What makes a relay process one that others find by its name. */
interface NamedRelay {
  readonly hostname: string;
  /** Names that the certificate carries as well, each with SRV records. */
  readonly domains?: readonly string[];
  readonly authority: Authority;
  readonly nameServer: string;
  /** Which address it listens on, and which port: a free one when left out. */
  readonly address?: string;
  readonly port?: number;
  /** The built relay on this CPU; the sources on any when left out. */
  readonly cpu?: string;
}

/** What is known of a process that accepts connections. */
interface RelayParts {
  readonly child: Child;
  readonly adminUrl: string;
  /** The URI that AUTHs go to. */
  readonly target: string;
  readonly to: ConnectOptions;
}

/** A relay process that accepts connections. */
export class RelayProcess {
  readonly child: Child;
  readonly port: number;
  /** The URI that AUTHs go to. */
  readonly target: string;
  readonly #to: ConnectOptions;
  readonly adminUrl: string;

  constructor({ child, adminUrl, target, to }: RelayParts) {
    this.child = child;
    this.port = to.port;
    this.target = target;
    this.#to = to;
    this.adminUrl = adminUrl;
  }

  /** A connection that has not authenticated. */
  connect(): Promise<Endpoint> {
    return connect(this.#to);
  }

  /** A connection that has, and its Use-Path. */
  async client(): Promise<{ readonly endpoint: Endpoint; readonly usePath: string }> {
    const endpoint = await this.connect();
    return { endpoint, usePath: await endpoint.auth({ user: 'alice', password: 'secret', target: this.target }) };
  }

  /** A request that is always answered at once, with 401, behind everything that was written before. */
  fence(endpoint: Endpoint): Buffer {
    return request('AUTH', { toPath: this.target, fromPath: endpoint.uri });
  }

  /** The sum of all values of a metric whose labels contain `label`. */
  async metric(name: string, label = ''): Promise<number> {
    const page = await (await fetch(`${this.adminUrl}/metrics`)).text();
    const lines = page.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === `msrp_relay_${name}`);
    const meant = lines.filter((line) => line.includes(label));
    return meant.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Waits until nothing that the relay sent on waits for a response. */
  async settled(): Promise<void> {
    const untilMs = performance.now() + 5000;
    while ((await this.metric('transactions_open')) > 0) {
      if (performance.now() > untilMs) throw new Error('transactions stay open');
    }
  }
}

/** One over clear TCP. @param folder - where the configuration goes, as `relay.yaml`. @param more - further lines of it. */
export async function startRelayProcess(
  folder: string,
  more = '',
  configuration = CONFIGURATION,
): Promise<RelayProcess> {
  const file = join(folder, 'relay.yaml');
  writeFileSync(file, configuration + more);
  const { child, port, adminUrl } = await started(new Child(MAIN, ['serve', '--config', file], { temporary: folder }));
  return new RelayProcess({ child, adminUrl, target: `msrp://localhost:${port};tcp`, to: { port } });
}

/** One over TLS that has a name and asks a DNS server for those of others. @param folder - where its files go. */
export async function startNamedRelay(folder: string, wish: NamedRelay): Promise<RelayProcess> {
  const { hostname, domains = [], authority, nameServer, address = '127.0.0.1', port: wanted = 0, cpu } = wish;
  const { cert, key } = await authority.issue({ dnsNames: [hostname, ...domains] });
  const pathOf = (name: string) => join(folder, `${hostname}.${name}`);
  for (const [name, text] of Object.entries({ cert, key, ca: authority.ca })) writeFileSync(pathOf(name), text);
  const host = address.includes(':') ? `[${address}]` : address;
  const lines = [
    `hostname: ${hostname}`,
    `domains: [${domains.join()}]`,
    `listen: ["tls://${host}:${wanted}"]`,
    `tls: { cert: ${hostname}.cert, key: ${hostname}.key, ca: ${hostname}.ca }`,
    'credentials: [{ type: static, users: { alice: secret } }]',
    'nextHops: { allow: [loopback] }',
    `resolver: ["${nameServer}"]`,
    'admin: { listen: "http://127.0.0.1:0" }',
  ];
  writeFileSync(pathOf('yaml'), `${lines.join('\n')}\n`);
  const words = ['serve', '--config', pathOf('yaml')];
  const child = cpu === undefined ? new Child(MAIN, words) : new Child(BUILT, words, { isBuilt: true, cpu });
  const { port, adminUrl } = await started(child);
  const to = { port, host: address, servername: hostname, ca: authority.ca };
  return new RelayProcess({ child, adminUrl, target: `msrps://${hostname}:${port};tcp`, to });
}

/** Waits until it listens. */
async function started(child: Child): Promise<{ child: Child; port: number; adminUrl: string }> {
  try {
    const [, port] = await child.said(/^listening \w+:\/\/\S+:(\d+)$/m);
    const [, adminUrl = ''] = await child.said(/"admin":"(http:[^"]+)"/);
    return { child, port: Number(port), adminUrl };
  } catch (cause) {
    await child.end();
    throw cause;
  }
}
