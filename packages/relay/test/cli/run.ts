/** Runs the program inside the test, with a terminal that remembers. */

import type { Machine } from '../../src/app/kernel-buffers.ts';
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
}

/** Runs `words` and gives back the exit status and every line. */
export async function run(words: readonly string[], typed: Typed = {}) {
  const { secrets = [], input = '', environment = {}, machine = ROOMY } = typed;
  const out: string[] = [];
  const err: string[] = [];
  const answers = [...secrets];
  const context = {
    terminal: {
      out: (line: string) => void out.push(line),
      err: (line: string) => void err.push(line),
      readSecret: async () => answers.shift() ?? '',
      readInput: async () => input,
    },
    environment,
    machine,
    onSignal: () => () => {},
  };
  const status = await runProgram({ version: '1.2.3', commands: commands(fakeBuild(() => {})) }, words, context);
  return { status, out, err };
}
