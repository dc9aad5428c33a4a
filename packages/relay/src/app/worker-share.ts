/** How many processes a relay is, and what of its configuration each of them gets. */
import { availableParallelism } from 'node:os';
import type { Config } from './config.ts';
import { formatEndpoint } from './config-values.ts';

/** How many workers there are to be; 1 is a relay in one process. */
export function workerCount({ workers }: Pick<Config, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers;
}

/**
 * What one worker may have: bounds that protect the machine are divided, rounded up. All others are those of the
 * whole, counted by each worker: a user with three sessions may have them all at one.
 *
 * @param ports - those that were found for listeners, by their text in `listen`: another one where that says 0.
 */
export function shareOf(config: Config, ports: ReadonlyMap<string, number> = new Map()): Config {
  const count = workerCount(config);
  const { flow, limits, chunk, proxyProtocol } = config;
  const share = (whole: number) => Math.ceil(whole / count);
  const withPort = <Endpoint extends Config['listen'][number]>(endpoint: Endpoint): Endpoint => {
    return { ...endpoint, port: ports.get(formatEndpoint(endpoint)) ?? endpoint.port };
  };
  const named = new Map(
    config.listen.map((endpoint) => [formatEndpoint(endpoint), formatEndpoint(withPort(endpoint))]),
  );
  return {
    ...config,
    listen: config.listen.map(withPort),
    flow: { ...flow, memoryOctets: share(flow.memoryOctets) },
    limits: { ...limits, connections: share(limits.connections), transactions: share(limits.transactions) },
    chunk: {
      ...chunk,
      listeners: Object.fromEntries(
        Object.entries(chunk.listeners).map(([listener, own]) => [named.get(listener) ?? listener, own]),
      ),
    },
    proxyProtocol: {
      ...proxyProtocol,
      listeners: proxyProtocol.listeners.map((listener) => named.get(listener) ?? listener),
    },
  };
}
