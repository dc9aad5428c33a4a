#!/usr/bin/env node
/** The bin `msrp-relay`. */
import { buildRelay } from '../app/build.ts';
import { version } from '../app/version.ts';
import { commands } from './commands.ts';
import { runWithNodeOptions } from './node-options.ts';
import { processContext } from './process-terminal.ts';
import { runProgram } from './program.ts';

if (process.argv[2] === 'serve') runWithNodeOptions();

process.exitCode = await runProgram(
  { version, commands: commands(buildRelay) },
  process.argv.slice(2),
  processContext(),
);
