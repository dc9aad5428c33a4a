/** The relay of a tree, as built there, made ready for load: everything on loopback, nothing limited. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Certificate } from './certificate.ts';
import { startNode } from './node-process.ts';
import type { Contender, Subject } from './subject.ts';

/** The tree that this file stands in. */
export const THIS_TREE = path.resolve(import.meta.dirname, '..');

/** A running relay, which tells its metrics, too. */
export interface OwnRelay extends Subject {
  /** Where its admin door is. */
  adminUrl(): Promise<string>;
}

/**
 * @param tree - the folder that the relay was built in.
 * @param folder - one that may be made; the configuration goes there.
 * @param nodeOptions - for Node, before the name of the program.
 */
export function ownRelay(
  name: string,
  tree: string,
  folder: string,
  certificate: Certificate,
  nodeOptions: readonly string[] = [],
): Contender & { start(): Promise<OwnRelay> } {
  const main = path.join(tree, 'packages/relay/dist/cli/main.js');
  if (!existsSync(main)) throw new Error(`The relay of ${tree} is not built: run \`npm run build\` there first.`);
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'relay.yaml');
  writeFileSync(config, configuration(certificate));
  const start = async () => {
    const relay = await startNode([...nodeOptions, main, 'serve', '--config', config], 'relay');
    // Looked for from the start: what is logged later pushes it out of sight.
    const adminUrl = relay.logged(/"admin":"(http:[^"]+)"/);
    return { ...relay, adminUrl: () => adminUrl };
  };
  return { name, notes: [], start };
}

function configuration({ cert, key }: Certificate): string {
  return `\
hostname: localhost
listen: [tcp://127.0.0.1:0, tls://127.0.0.1:0]
tls: { cert: ${cert}, key: ${key} }
auth: { allowCleartext: true }
credentials: [{ type: static, users: { alice: secret } }]
nextHops: { allow: [loopback], cleartext: true, verifyEndpoints: false }
limits: { connections: 100000, connectionsPerAddress: 100000, sessionsPerUser: 100000, transactions: 10000000 }
admin: { listen: http://127.0.0.1:0 }
`;
}
