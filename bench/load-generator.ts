/** The load generator: a C program that plays both ends around a relay. Built here, run once per measurement. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import type { Load } from './loads.ts';
import { LOAD_CPU, type Subject } from './subject.ts';

/** The folder with its source: `msrpload.c` and a Makefile. */
export const SOURCE = path.resolve(import.meta.dirname, '../../shared/bench');

const RUN_MS = 300_000;

/** What the generator prints about one run: numbers, words, and nested records of them. */
export interface Result {
  readonly [field: string]: unknown;
}

/** A generator that is built and ready. */
export interface LoadGenerator {
  run(load: Load, subject: Subject): Promise<Result>;
}

/** @param folder - where to build. */
export function buildLoadGenerator(folder: string): LoadGenerator {
  if (!existsSync(SOURCE)) throw new Error(`The load generator is not there: its source is expected in ${SOURCE}.`);
  for (const file of ['msrpload.c', 'Makefile']) copyFileSync(path.join(SOURCE, file), path.join(folder, file));
  try {
    execFileSync('make', { cwd: folder, stdio: 'pipe' });
  } catch (cause) {
    throw new Error('The load generator could not be built: it needs make, gcc and libssl-dev.', { cause });
  }
  return { run: (load, subject) => run(path.join(folder, 'msrpload'), load, subject) };
}

function run(program: string, load: Load, subject: Subject): Promise<Result> {
  const where = load.secure ? ['--tls', '--relay', subject.address.tls] : ['--relay', subject.address.tcp];
  const args = ['-c', LOAD_CPU, program, load.mode, ...where, ...load.options, '--pid', String(subject.pid)];
  return new Promise((resolve) => {
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
