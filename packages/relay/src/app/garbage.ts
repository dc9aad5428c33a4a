/** Collecting garbage when the relay says so, not when V8 does. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const collect = exposed();

/** Collects new objects alone. */
export function collectNew(): void {
  collect({ type: 'minor', execution: 'sync' });
}

/** Collects all garbage and returns free pages to the system. The process stands still meanwhile, about 2 ms a MB. */
export function collectAll(): void {
  // Of its flavors only this one lets go of the space that was kept for new objects.
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** The flag holds for contexts made from now on: one is made to take the function from. */
function exposed(): NodeJS.GCFunction {
  setFlagsFromString('--expose-gc');
  const gc: NodeJS.GCFunction = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return gc;
}
