#!/usr/bin/env node
import { version } from '../app/version.ts';
/** The bin `msrp-relay`. */
import { buildProcesses } from '../supervisor/build-processes.ts';
import { commands } from './commands.ts';
import { runWithNodeOptions } from './node-options.ts';
import { processContext } from './process-terminal.ts';
import { runProgram } from './program.ts';

if (process.argv[2] === 'serve') runWithNodeOptions();

process.exitCode = await runProgram(
  { version, commands: commands(buildProcesses) },
  process.argv.slice(2),
  processContext(),
);
