/** The ports of all listeners: found free before the workers open them together, since together with them a stranger could. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Config } from '../app/config.ts';
import { formatEndpoint } from '../app/config-values.ts';
import { whyNotListening } from '../app/listeners.ts';

/** The port of each listener, by its text in `listen`: another one where that says 0. */
export type Ports = ReadonlyMap<string, number>;

/**
 * The ports of `listen`; those in `held` are this relay's already. A socket that insists on being alone finds out whether
 * somebody is there, and which port is free for 0.
 *
 * @throws {Error} in one sentence when an address cannot be listened on.
 */
export async function claimPorts(listen: Config['listen'], held: Ports): Promise<Ports> {
  const probes: Server[] = [];
  try {
    const ports = new Map<string, number>();
    for (const { host, port, ...endpoint } of listen) {
      const key = formatEndpoint({ ...endpoint, host, port });
      const known = held.get(key);
      if (known !== undefined) ports.set(key, known);
      else {
        const probe = await open(key, host, port);
        probes.push(probe);
        ports.set(key, (probe.address() as AddressInfo).port);
      }
    }
    return ports;
  } finally {
    // Open until all have been found: port 0 must not give the same one twice.
    await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  }
}

async function open(key: string, host: string, port: number): Promise<Server> {
  const probe = createServer((socket) => socket.destroy());
  try {
    probe.listen({ host, port, exclusive: true });
    await once(probe, 'listening');
    return probe;
  } catch (cause) {
    throw new Error(whyNotListening(key, cause), { cause });
  }
}
