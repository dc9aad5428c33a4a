/** Builds a relay in as many processes as its configuration wants: in this one, or in workers of it. */
import { buildRelay } from '../app/build.ts';
import type { BuildRelay } from '../app/running-relay.ts';
import { workerCount } from '../app/worker-share.ts';

/** One process has no supervisor, and loads nothing of it. Development mode is one process. */
export const buildProcesses: BuildRelay = async (config, context) => {
  const count = context.rendezvous === undefined ? workerCount(config) : 1;
  if (count === 1) return buildRelay(config, context);
  const { startWorkers } = await import('./worker-set.ts');
  return startWorkers(config, context, count);
};
