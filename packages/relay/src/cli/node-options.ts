/** The options of Node that a relay runs best with: they have to stand on Node's own command line. */
import { argv, env, execArgv, execPath, execve } from 'node:process';

/**
 * The most memory for new objects, in MB. V8 would take 64 and use it twice over: a relay makes little that lasts, so
 * that memory is only walked through once per collection, and falls out of the caches of the CPU.
 */
const NEW_SPACE = '--max-semi-space-size';
const NEW_SPACE_MB = 4;

/**
 * Starts this program again with the options, in the same process: its id, signals and standard streams stay. Returns when
 * it runs with them already, when somebody has set them, and where the system cannot do this.
 */
export function runWithNodeOptions(): void {
  const isSet = [...execArgv, env.NODE_OPTIONS ?? ''].some((option) => option.includes(NEW_SPACE));
  if (isSet || execve === undefined) return;
  try {
    execve(execPath, [execPath, `${NEW_SPACE}=${NEW_SPACE_MB}`, ...execArgv, ...argv.slice(1)], env);
  } catch {
    // It runs without them, too.
  }
}
