/**
 * Speed and memory of the built relay, on one CPU with the load generator on another, medians of several runs.
 *
 *     npm run bench -- [LOAD...]                 our relay alone
 *     npm run bench -- compare [LOAD...]         beside Kamailio, haproxy and a bare program on Node
 *     npm run bench -- against REVISION [LOAD...]  beside itself at another revision
 *
 * LOAD is a group (msg, file, conn, idle) or a part of a load's name. `--json FILE` and, for compare, `--svg FILE` write the
 * results; `--rounds N` is how often; `--lock FILE` takes turns with other measurements on this machine, load by load;
 * `--generator FOLDER`, or MSRPLOAD in the environment, is where the load generator's source is.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { install, installation, missingPackages } from '../checks/apt.ts';
import { bareNode } from './bare-node.ts';
import { type Certificate, makeCertificate } from './certificate.ts';
import { chart } from './chart.ts';
import { parseCommandLine, type Request, UsageError } from './command-line.ts';
import { HAPROXY_PACKAGES, haproxy } from './haproxy.ts';
import { KAMAILIO_PACKAGES, kamailio } from './kamailio.ts';
import { buildLoadGenerator } from './load-generator.ts';
import { measureAll } from './measure.ts';
import { ownRelay, THIS_TREE } from './own-relay.ts';
import { report } from './report.ts';
import { buildRevision, buildTree } from './revision.ts';
import type { Contender } from './subject.ts';
import { spreadTable, table } from './table.ts';

const OWN_NAME = 'msrp-relay';

async function main(request: Request): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  try {
    const contenders = contendersFor(request, folder, makeCertificate(folder));
    const generator = buildLoadGenerator(request.generator, folder);
    const measurements = await measureAll(request.loads, contenders, { ...request, generator });
    const notes = contenders.flatMap((contender) => contender.notes);
    console.log(request.task.kind === 'against' ? spreadTable(measurements) : table(measurements));
    for (const note of notes) console.log(`\n${note}`);
    if (request.json !== undefined)
      write(request.json, `${JSON.stringify(report(measurements, notes, new Date()), undefined, 2)}\n`);
    if (request.svg !== undefined) write(request.svg, chart(measurements));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function contendersFor({ task }: Request, folder: string, certificate: Certificate): Contender[] {
  if (task.kind === 'against') {
    const { name, tree } = buildRevision(task.revision, THIS_TREE);
    buildTree(THIS_TREE);
    return [
      ownRelay(name, tree, path.join(folder, name), certificate),
      ownRelay('this tree', THIS_TREE, path.join(folder, 'own'), certificate),
    ];
  }
  const own = ownRelay(OWN_NAME, THIS_TREE, path.join(folder, 'own'), certificate);
  if (task.kind === 'alone') return [own];
  requirePackages([...KAMAILIO_PACKAGES, ...HAPROXY_PACKAGES]);
  return [
    own,
    kamailio(path.join(folder, 'kamailio'), certificate),
    haproxy(path.join(folder, 'haproxy'), certificate),
    bareNode(certificate),
  ];
}

function requirePackages(packages: readonly string[]): void {
  const missing = missingPackages(packages);
  if (missing.length === 0 || install(missing)) return;
  throw new Error(`Programs to compare with are missing: apt-get ${installation(missing).join(' ')}`);
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, text);
}

// What stands in groups of its own is ended when this process exits, which a signal alone would not tell it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

try {
  await main(parseCommandLine(process.argv.slice(2), process.env.MSRPLOAD));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
