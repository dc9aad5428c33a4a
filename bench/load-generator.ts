/** The load generator: a C program that plays both ends around a relay. Built here, run once per measurement. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import type { Load } from './loads.ts';
import { LOAD_CPU, PEER_PORT, type Subject } from './subject.ts';

const RUN_MS = 300_000;
const SOURCES = ['msrpload.c', 'Makefile'] as const;

/** What the generator prints about one run: numbers, words, and nested records of them. */
export interface Result {
  readonly [field: string]: unknown;
}

/** A generator that is built and ready. */
export interface LoadGenerator {
  run(load: Load, subject: Subject): Promise<Result>;
}

/**
 * @param source - the folder with `msrpload.c` and its Makefile.
 * @param folder - where to build.
 */
export function buildLoadGenerator(source: string, folder: string): LoadGenerator {
  if (!SOURCES.every((file) => existsSync(path.join(source, file)))) {
    throw new Error(`The load generator is not there: ${SOURCES.join(' and ')} are expected in ${source}.`);
  }
  for (const file of SOURCES) copyFileSync(path.join(source, file), path.join(folder, file));
  try {
    execFileSync('make', { cwd: folder, stdio: 'pipe' });
  } catch (cause) {
    throw new Error('The load generator could not be built: it needs make, gcc and libssl-dev.', { cause });
  }
  return { run: (load, subject) => run(path.join(folder, 'msrpload'), load, subject) };
}

function run(program: string, load: Load, subject: Subject): Promise<Result> {
  const address = load.secure ? subject.address.tls : subject.address.tcp;
  const where = subject.drive === 'relay' ? ['--relay', address, '--direction', load.direction] : ['--direct', address];
  const how = [...(load.secure ? ['--tls'] : []), '--peer-port', String(PEER_PORT), '--pid', String(subject.pid)];
  return new Promise((resolve) => {
    const args = ['-c', LOAD_CPU, program, load.mode, ...where, ...how, ...load.options];
    execFile('taskset', args, { timeout: RUN_MS, maxBuffer: 1 << 24 }, (error, stdout) => {
      // It exits with 3 when the run ended early, and says how in its result.
      try {
        resolve(JSON.parse(stdout));
      } catch {
        resolve({ end: `no result: ${error?.message.split('\n')[0] ?? 'nothing printed'}` });
      }
    });
  });
}
