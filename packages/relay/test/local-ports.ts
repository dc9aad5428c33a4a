/** Ports of this machine, for programs that cannot choose one by themselves and do not say when they are ready. */
import { once } from 'node:events';
import net from 'node:net';

/** As many ports of 127.0.0.1 that nobody listened on a moment ago; all of them are open at one time, so they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => net.createServer());
  for (const probe of probes) await once(probe.listen(0, '127.0.0.1'), 'listening');
  const ports = probes.map((probe) => (probe.address() as net.AddressInfo).port);
  for (const probe of probes) await once(probe.close(), 'close');
  return ports;
}

/** One such port. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Whether somebody accepts connections there. */
export async function takesConnections(port: number): Promise<boolean> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
