/**
 * `npm run bench -- [msg] [file] [conn] [idle] [--kamailio] [--json FILE]`: measures the built relay, on one
 * CPU with the load generator on another, three times each load, and prints the medians as one table.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { kamailio } from './kamailio.ts';
import { buildLoadGenerator, type LoadGenerator, type Result, SOURCE } from './load-generator.ts';
import { type Load, loadsOf, MODES, type Mode } from './loads.ts';
import { ownRelay } from './own-relay.ts';
import type { Contender } from './subject.ts';
import { type Measurement, table } from './table.ts';

const RUNS = 3;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { kamailio: { type: 'boolean', default: false }, json: { type: 'string' } },
  });
  const modes = wantedModes(positionals);
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  try {
    const generator = buildLoadGenerator(folder);
    const contenders: Contender[] = [ownRelay(folder)];
    if (values.kamailio) contenders.push(kamailio(path.join(SOURCE, 'peers/kamailio'), folder));
    const measurements = await measureAll(modes.flatMap(loadsOf), contenders, generator);
    console.log(table(measurements));
    if (values.json !== undefined) {
      mkdirSync(path.dirname(path.resolve(values.json)), { recursive: true });
      writeFileSync(values.json, `${JSON.stringify(measurements, undefined, 2)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function wantedModes(names: readonly string[]): readonly Mode[] {
  const unknown = names.filter((name) => !MODES.some((mode) => mode === name));
  if (unknown.length > 0)
    throw new Error(`There is no load "${unknown.join('", "')}"; there are: ${MODES.join(', ')}.`);
  return names.length === 0 ? MODES : MODES.filter((mode) => names.includes(mode));
}

async function measureAll(
  loads: readonly Load[],
  contenders: readonly Contender[],
  generator: LoadGenerator,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const load of loads) {
    for (const contender of contenders) {
      process.stderr.write(`${load.name}: ${contender.name}\n`);
      measurements.push({ load, relay: contender.name, runs: await measure(load, contender, generator) });
    }
  }
  return measurements;
}

/** One process for all runs, which lets it warm up; for memory a new one each time. */
async function measure(load: Load, contender: Contender, generator: LoadGenerator): Promise<Result[]> {
  const runs: Result[] = [];
  const perProcess = load.mode === 'idle' ? 1 : RUNS;
  while (runs.length < RUNS) {
    const subject = await contender.start(load);
    try {
      for (let run = 0; run < perProcess; run += 1) runs.push(await generator.run(load, subject));
    } finally {
      await subject.stop();
    }
  }
  return runs;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
