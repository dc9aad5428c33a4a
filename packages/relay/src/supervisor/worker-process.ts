/** A worker process, as its supervisor sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import { extname, join } from 'node:path';
import type { Clock } from 'msrp/base';
import type { SupervisorCalls, WorkerCalls } from './calls.ts';
import { Channel, type ChannelPort } from './channel.ts';

/** Runs from the sources as from what was built of them. */
const MAIN = join(import.meta.dirname, `worker-main${extname(import.meta.filename)}`);

/** How a process ended: by itself, or by a signal. */
export interface ProcessEnd {
  readonly status: number | null;
  readonly signal: string | null;
}

/** How long a process that was told to end may take to do so: its last octets have their time. */
const EXIT_MS = 10_000;

/** Started when it is made; ready for `start` when it answers. */
export class WorkerProcess {
  readonly channel: Channel<SupervisorCalls, WorkerCalls>;
  /** Resolves when the process is over. */
  readonly ended: Promise<ProcessEnd>;
  /** Told what its guard has seen. */
  onSeen: SupervisorCalls['seen'] = () => {};
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    // The options of Node that this process has are handed down. Standard output is for the supervisor alone.
    this.#child = fork(MAIN, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>();
    this.ended = promise;
    this.channel = new Channel(this.#child as unknown as ChannelPort, { seen: (seen) => this.onSeen(seen) }, clock);
    const over = (end: ProcessEnd, cause: Error) => {
      this.#isOver = true;
      this.channel.end(cause);
      resolve(end);
    };
    this.#child.on('exit', (status, signal) => {
      over({ status, signal }, new Error(`the process ended with ${signal ?? `status ${status}`}`));
    });
    this.#child.on('error', (cause) => {
      // It could not be started at all.
      if (this.#child.pid === undefined) over({ status: null, signal: null }, cause);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets a worker that is drained or closed, or has nothing to do, end; one that does not is killed. */
  async end(): Promise<ProcessEnd> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = this.#clock.after(EXIT_MS, () => this.kill());
    const end = await this.ended;
    timer.cancel();
    return end;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
