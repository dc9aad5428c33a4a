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
  /** Standard output is a terminal. */
  readonly isInteractive?: boolean;
  /** Where the lines that do not stay go; nobody watches when absent. */
  readonly status?: (line: string) => void;
  /** Told of each line of output, of either kind; may interrupt the program. */
  readonly onLine?: (line: string, interrupt: () => void) => void;
}

/** Runs `words` and gives back the exit status and every line. */
export async function run(words: readonly string[], typed: Typed = {}) {
  const { secrets = [], input = '', environment = {}, machine = ROOMY, isInteractive = false, status: shown } = typed;
  const out: string[] = [];
  const err: string[] = [];
  const answers = [...secrets];
  let interrupt: (signal: Signal) => void = () => {};
  const context = {
    terminal: {
      isInteractive,
      out: (line: string) => {
        out.push(line);
        typed.onLine?.(line, () => interrupt('SIGINT'));
      },
      err: (line: string) => {
        err.push(line);
        typed.onLine?.(line, () => interrupt('SIGINT'));
      },
      status: shown,
      readSecret: async () => answers.shift() ?? '',
      readInput: async () => input,
    },
    environment,
    machine,
    onSignal: (handler: (signal: Signal) => void) => {
      interrupt = handler;
      return () => {};
    },
  };
  const status = await runProgram({ version: '1.2.3', commands: commands(fakeBuild(() => {})) }, words, context);
  return { status, out, err };
}
