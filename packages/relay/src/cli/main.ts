#!/usr/bin/env node
/** The bin `msrp-relay`. */
import { readFileSync } from 'node:fs';
import { buildRelay } from '../app/build.ts';
import { commands } from './commands.ts';
import { runWithNodeOptions } from './node-options.ts';
import { processContext } from './process-terminal.ts';
import { runProgram } from './program.ts';

if (process.argv[2] === 'serve') runWithNodeOptions();

// As far away from dist as from src.
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

process.exitCode = await runProgram(
  { version, commands: commands(buildRelay) },
  process.argv.slice(2),
  processContext(),
);
