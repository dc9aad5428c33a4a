/** The program as `main.ts` makes it, with a relay that only listens. For tests that need a real process. */
import { commands } from '../../src/cli/commands.ts';
import { processContext } from '../../src/cli/process-terminal.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fakeBuild } from '../app/fake-relay.ts';
import { ROOMY } from '../app/machines.ts';

const build = fakeBuild((event) => process.stdout.write(`event ${event}\n`));
process.exitCode = await runProgram({ version: '0', commands: commands(build) }, process.argv.slice(2), {
  ...processContext(),
  machine: ROOMY,
});
