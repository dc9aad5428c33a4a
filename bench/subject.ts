/** What is put under load, whoever wrote it: the process and where it listens. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Load } from './loads.ts';

/** One running program. */
export interface Subject {
  /** The process that the load generator watches, with all its descendants. */
  readonly pid: number;
  /** `host:port` of the listener without TLS, and of the one with. */
  readonly address: { readonly tcp: string; readonly tls: string };
  /** `relay`: it answers AUTH. `forwarder`: its octets come out at PEER_PORT of this machine, as they went in. */
  readonly drive: 'relay' | 'forwarder';
  /** Ends the process and settles when it is gone. */
  stop(): Promise<void>;
}

/** A program that can be started, again and again. */
export interface Contender {
  readonly name: string;
  /** What has to be said of it beside its figures, in sentences. */
  readonly notes: readonly string[];
  /** Why it cannot carry a load, in a few words; `undefined` when it can. */
  readonly unable?: (load: Load) => string | undefined;
  start(load: Load): Promise<Subject>;
}

/** The CPU that subjects run on; the load generator has the next one. */
export const RELAY_CPU = '0';

/** The CPU of the load generator. */
export const LOAD_CPU = '1';

/** Where the load generator's far end listens. */
export const PEER_PORT = 7000;

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
