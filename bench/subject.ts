/** A relay under load, whoever wrote it: the process and where it listens. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** One running relay. */
export interface Subject {
  /** The process that the load generator watches, with all its descendants. */
  readonly pid: number;
  /** `host:port` of the listener without TLS, and of the one with. */
  readonly address: { readonly tcp: string; readonly tls: string };
  /** Ends the process and settles when it is gone. */
  stop(): Promise<void>;
}

/** What a relay has to be made ready for. */
export interface Demands {
  readonly secure: boolean;
  /** Whether many connections will be opened at once. */
  readonly crowded: boolean;
}

/** A relay that can be started, again and again. */
export interface Contender {
  readonly name: string;
  start(demands: Demands): Promise<Subject>;
}

/** The CPU that relays run on; the load generator has the next one. */
export const RELAY_CPU = '0';

/** The CPU of the load generator. */
export const LOAD_CPU = '1';

const PATIENCE_MS = 5_000;

/** Asks a process to end; makes it end when it has not after five seconds. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await gone;
  clearTimeout(timer);
}
