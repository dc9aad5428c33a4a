/** The relay as it is installed: `msrp-relay serve` as a process, configured by a file, over clear TCP on loopback. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Endpoint, request } from '../endpoint.ts';
import { Child } from './child.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const CONFIGURATION = `hostname: localhost
listen: [tcp://127.0.0.1:0]
auth: { allowCleartext: true }
credentials: [{ type: static, users: { alice: secret } }]
nextHops: { allow: [loopback], cleartext: true }
admin: { listen: "http://127.0.0.1:0" }
`;

/** A relay process that accepts connections. */
export class RelayProcess {
  readonly child: Child;
  readonly port: number;
  /** The URI that AUTHs go to. */
  readonly target: string;
  readonly adminUrl: string;

  constructor(child: Child, port: number, adminUrl: string) {
    this.child = child;
    this.port = port;
    this.target = `msrp://localhost:${port};tcp`;
    this.adminUrl = adminUrl;
  }

  /** A connection that has not authenticated. */
  connect(): Promise<Endpoint> {
    return connect({ port: this.port });
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

/** @param folder - where the configuration goes. @param more - further lines of it. */
export async function startRelayProcess(folder: string, more = ''): Promise<RelayProcess> {
  const file = join(folder, 'relay.yaml');
  writeFileSync(file, CONFIGURATION + more);
  const child = new Child(MAIN, ['serve', '--config', file]);
  try {
    const [, port] = await child.said(/^listening tcp:\/\/127\.0\.0\.1:(\d+)$/m);
    const [, adminUrl = ''] = await child.said(/"admin":"(http:[^"]+)"/);
    return new RelayProcess(child, Number(port), adminUrl);
  } catch (cause) {
    await child.end();
    throw cause;
  }
}
