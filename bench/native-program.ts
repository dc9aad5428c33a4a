/** A program of others that is told its ports in a configuration file, and does not say when it is ready. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { end, RELAY_CPU, type Subject } from './subject.ts';

const PATIENCE_MS = 10_000;
const LOOK_MS = 20;

/** Ports of this machine for its two listeners. */
export interface Ports {
  readonly tcp: number;
  readonly tls: number;
}

/**
 * Starts it on the CPU of the subjects. Rejects with its last words when it does not accept connections on both ports.
 *
 * @param command - the program and its arguments, which keep it in the foreground; for the ports it is to listen on.
 */
export async function startNative(
  command: (ports: Ports) => readonly string[],
  drive: Subject['drive'],
): Promise<Subject> {
  const ports = await freePorts();
  const words = command(ports);
  // Detached: a group of its own, so that all its processes can be ended at once.
  const child = spawn('taskset', ['-c', RELAY_CPU, ...words], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  const killAll = () => killGroup(child);
  process.once('exit', killAll);
  const stop = async () => {
    await end(child);
    // Kamailio leaves workers behind when it is stopped while it makes them.
    killAll();
    process.off('exit', killAll);
  };
  let complaints = '';
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(-2_000);
  });
  const untilMs = performance.now() + PATIENCE_MS;
  while (!((await isOpen(ports.tcp)) && (await isOpen(ports.tls)))) {
    if (child.exitCode === null && performance.now() < untilMs) await setTimeout(LOOK_MS);
    else {
      await stop();
      throw new Error(`${words[0]} did not start:\n${complaints}`);
    }
  }
  return {
    pid: child.pid ?? 0,
    address: { tcp: `127.0.0.1:${ports.tcp}`, tls: `127.0.0.1:${ports.tls}` },
    drive,
    stop,
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group is gone.
  }
}

async function freePorts(): Promise<Ports> {
  const probes = [net.createServer(), net.createServer()];
  for (const probe of probes) await once(probe.listen(0, '127.0.0.1'), 'listening');
  // Both are open at this time, so they differ.
  const [tcp = 0, tls = 0] = probes.map((probe) => (probe.address() as net.AddressInfo).port);
  for (const probe of probes) await once(probe.close(), 'close');
  return { tcp, tls };
}

async function isOpen(port: number): Promise<boolean> {
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
