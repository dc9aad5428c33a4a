/** Runs the program inside the test, with a terminal that remembers. */

import type { Machine } from '../../src/app/kernel-buffers.ts';
import type { Signal } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fakeBuild } from '../app/fake-relay.ts';
import { ROOMY } from '../app/machines.ts';

/** What somebody at the terminal types, and what stands in the environment. */
export interface Typed {
  readonly machine?: Machine;
  readonly secrets?: readonly string[];
  readonly input?: string;
  readonly environment?: Record<string, string>;
  /** Told each line as it comes, of whatever kind. */
  readonly told?: (line: string) => void;
  /** Where the lines that do not stay go; nobody watches when absent. */
  readonly status?: (line: string) => void;
  /** Given what sends the program a signal. */
  readonly onSignals?: (send: (signal: Signal) => void) => void;
}

/** Runs `words` and gives back the exit status and every line. */
export async function run(words: readonly string[], typed: Typed = {}) {
  const { secrets = [], input = '', environment = {}, machine = ROOMY, told = () => {}, status: shown } = typed;
  const out: string[] = [];
  const err: string[] = [];
  const answers = [...secrets];
  const context = {
    terminal: {
      out: (line: string) => {
        out.push(line);
        told(line);
      },
      err: (line: string) => {
        err.push(line);
        told(line);
      },
      status: shown,
      readSecret: async () => answers.shift() ?? '',
      readInput: async () => input,
    },
    environment,
    machine,
    onSignal: (handler: (signal: Signal) => void) => {
      typed.onSignals?.(handler);
      return () => {};
    },
  };
  const status = await runProgram({ version: '1.2.3', commands: commands(fakeBuild(() => {})) }, words, context);
  return { status, out, err };
}
