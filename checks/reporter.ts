/**
 * The last word of a test run: `N passed, N failed`, as the very last line of the output, with
 * whatever could not be loaded counted as failed. When the whole suite ran, the ledger of
 * requirements is held against the tests that passed, and each disagreement counts as a failure.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { ledgerOffences, type PassedTest } from './ledger.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const LEDGER = 'docs/conformance.md';

/** What a run came to. */
interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** To be named in `vitest.config.ts` behind the default reporter. */
export class LastLineReporter implements Reporter {
  #vitest: Vitest | undefined;
  #totals: Totals = { passed: 0, failed: 1, skipped: 0 };

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    process.once('exit', () => {
      if (this.#totals.failed > 0 && (process.exitCode ?? 0) === 0) process.exitCode = 1;
      process.stdout.write(`${lastLine(this.#totals)}\n`);
    });
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly unknown[],
    reason: string,
  ): Promise<void> {
    const totals = count(modules, unhandledErrors.length);
    if (reason === 'interrupted') totals.failed += 1;
    if (await this.#isWholeSuite(modules)) {
      const offences = ledgerOffences(readFileSync(path.join(ROOT, LEDGER), 'utf8'), passedTests(modules));
      for (const offence of offences) process.stdout.write(`${LEDGER}: ${offence}\n`);
      totals.failed += offences.length;
      // Nothing is left out of a whole run: what does not run proves nothing.
      totals.failed += totals.skipped;
    }
    if (modules.length === 0) totals.failed += 1;
    if (totals.failed > 0) process.exitCode = 1;
    this.#totals = totals;
  }

  async #isWholeSuite(modules: readonly TestModule[]): Promise<boolean> {
    if (this.#vitest === undefined || this.#vitest.config.testNamePattern !== undefined) return false;
    const all = await this.#vitest.globTestSpecifications();
    return all.length === modules.length;
  }
}

function count(modules: readonly TestModule[], unhandledCount: number): Totals {
  const totals: Totals = { passed: 0, failed: unhandledCount, skipped: 0 };
  for (const module of modules) {
    totals.failed += module.errors().length;
    for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test that is still pending when the run is over was never finished.
      totals[state === 'pending' ? 'failed' : state] += 1;
    }
  }
  return totals;
}

function passedTests(modules: readonly TestModule[]): PassedTest[] {
  return modules.flatMap((module) =>
    [...module.children.allTests('passed')].map(({ fullName }) => ({ file: module.relativeModuleId, name: fullName })),
  );
}

function lastLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
