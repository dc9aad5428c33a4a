/** A program on Node that says where it listens, as the relay does, in lines `listening tcp://…` and `listening tls://…`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { end, RELAY_CPU, type Subject } from './subject.ts';

const READY_MS = 20_000;

/** A running program on Node. */
export interface NodeProcess extends Subject {
  /** The first group of the pattern, as soon as standard error has matched it. */
  logged(pattern: RegExp): Promise<string>;
}

/**
 * Starts it on the CPU of the subjects. Rejects with its last words when it does not listen on both.
 *
 * @param args - for Node: the file, and what it is called with.
 */
export async function startNode(args: readonly string[], drive: Subject['drive']): Promise<NodeProcess> {
  const command = `ulimit -n "$(ulimit -Hn)"; exec taskset -c ${RELAY_CPU} "$@"`;
  const child = spawn('bash', ['-c', command, 'bash', process.execPath, ...args], {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    complaints = `${complaints}${text}`.slice(-2_000);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  const found = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, scheme = '', address = ''] = /^listening (tcp|tls):\/\/(\S+)/.exec(line) ?? [];
    if (scheme !== '') found.set(scheme, address);
    if (found.size === 2) break;
  }
  clearTimeout(timer);
  const [tcp, tls] = [found.get('tcp'), found.get('tls')];
  if (tcp === undefined || tls === undefined || child.pid === undefined) {
    await end(child);
    throw new Error(`${args.join(' ')} did not start listening:\n${complaints}`);
  }
  child.stdout.resume();
  const logged = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const [, group] = pattern.exec(complaints) ?? [];
      if (group !== undefined) return group;
      await once(child.stderr, 'data');
    }
  };
  return { pid: child.pid, address: { tcp, tls }, drive, logged, stop: () => end(child) };
}
