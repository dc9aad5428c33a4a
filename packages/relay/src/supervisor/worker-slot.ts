/** The place of one worker: whichever process holds it, started again when it ends. */
import type { Clock } from 'msrp/base';
import type { WorkerView } from '../admin/source.ts';
import type { Config } from '../app/config.ts';
import { reason } from '../app/config-file.ts';
import type { Logger } from '../app/logging.ts';
import type { Seen } from '../auth/auth-guard.ts';
import type { WorkerPlace } from '../cluster/local-link.ts';
import { BackOff } from './back-off.ts';
import { Bundles } from './bundles.ts';
import type { WorkerCalls } from './calls.ts';
import type { Answer, Given } from './channel.ts';
import type { WorkerProcess } from './worker-process.ts';

/** How long a worker may take to open its stores and listeners. */
const START_MS = 30_000;

/** How long one that closes may take; in a drain beyond the deadline. */
const CLOSE_MS = 10_000;

/** How long one that is asked something may take: whoever wants to know of all does not wait for one. */
const ANSWER_MS = 1000;

/** What may take longer: what asks others, or looks at every session, or waits for something to happen. */
const LIMITS_MS: Partial<Record<keyof WorkerCalls, number>> = {
  start: START_MS,
  prepare: START_MS,
  commit: START_MS,
  catchUp: START_MS,
  sessionsCalled: 10_000,
  readTrace: Number.POSITIVE_INFINITY,
};

/** The system had none to give. */
const NO_PROCESS = { status: null, signal: null };

/** What a place is made with. */
export interface SlotParts {
  readonly place: WorkerPlace;
  readonly ticketSecret: Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A process that waits for `start`. */
  readonly takeProcess: () => WorkerProcess;
  /** The configuration to start with. */
  readonly config: () => Config;
  /** It accepts connections; `config` is what it was started with. */
  readonly onUp: (slot: WorkerSlot, config: Config) => void;
  /** Its process has ended. */
  readonly onEnded: (slot: WorkerSlot) => void;
  readonly onSeen: (slot: WorkerSlot, seen: readonly Seen[]) => void;
}

/** starting → running → waiting → starting …; draining and ended from anywhere. */
export class WorkerSlot {
  readonly owner: string;
  readonly #parts: SlotParts;
  readonly #backOff = new BackOff();
  /** What other guards have seen, on its way. */
  readonly #tidings: Bundles<Seen>;
  #process: WorkerProcess | undefined;
  #state: WorkerView['state'] = 'starting';
  #startedAtMs = 0;
  #restarts = 0;
  #unanswered = 0;
  #wake: () => void = () => {};

  constructor(parts: SlotParts) {
    this.#parts = parts;
    this.owner = parts.place.owner;
    this.#tidings = new Bundles(async (seen) => this.#process?.channel.tell('learn', seen));
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get view(): WorkerView {
    const ageMs = this.#process === undefined ? 0 : this.#parts.clock.nowMs() - this.#startedAtMs;
    return {
      owner: this.owner,
      state: this.#state,
      pid: this.#process?.pid ?? null,
      uptimeSeconds: Math.floor(ageMs / 1000),
      restarts: this.#restarts,
      unanswered: this.#unanswered,
    };
  }

  /** The first start; rejects in one sentence when it fails. From then on the worker is started again whenever it ends. */
  async start(): Promise<void> {
    await this.#begin();
    void this.#keep();
  }

  /** What the worker answers; rejects when it does not, or not in time. */
  async ask<Name extends keyof WorkerCalls>(
    name: Name,
    ...given: Given<WorkerCalls[Name]>
  ): Promise<Answer<WorkerCalls[Name]>> {
    try {
      if (this.#process === undefined) throw new Error('it is not running');
      return await this.#process.channel.ask(LIMITS_MS[name] ?? ANSWER_MS, name, ...given);
    } catch (cause) {
      throw new Error(`worker ${this.owner}: ${reason(cause)}`, { cause });
    }
  }

  /** As {@link ask}; undefined when there is no answer, which is counted. */
  async look<Name extends keyof WorkerCalls>(
    name: Name,
    ...given: Given<WorkerCalls[Name]>
  ): Promise<Answer<WorkerCalls[Name]> | undefined> {
    if (!this.isRunning) return undefined;
    try {
      return await this.ask(name, ...given);
    } catch {
      this.#unanswered += 1;
      return undefined;
    }
  }

  /** Something that a guard has seen elsewhere. */
  tellSeen(seen: readonly Seen[]): void {
    if (this.isRunning) for (const one of seen) this.#tidings.add(one);
  }

  /** Ends a process that is not as it should be; another one follows. */
  kill(): void {
    this.#process?.kill();
  }

  /** Lets the worker settle what is open, for so long; nothing new comes to it, and it is not started again. */
  async settle(deadlineMs: number): Promise<void> {
    const wasRunning = this.isRunning;
    this.#state = 'draining';
    this.#wake();
    await this.#orKill(async ({ channel }) => {
      if (wasRunning) await channel.ask(deadlineMs + CLOSE_MS, 'settle', deadlineMs);
    });
  }

  /** Closes the worker; resolves when its process is over. */
  async stop(): Promise<void> {
    const canClose = this.isRunning || this.#state === 'draining';
    this.#state = 'ended';
    this.#wake();
    await this.#orKill(async (process) => {
      if (canClose) await process.channel.ask(CLOSE_MS, 'close');
      else process.kill();
    });
    await this.#process?.end();
  }

  async #orKill(work: (process: WorkerProcess) => Promise<void>): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    try {
      await work(process);
    } catch (cause) {
      if (!process.isOver) this.#parts.logger.error({ worker: this.owner, reason: reason(cause) }, 'worker killed');
      process.kill();
    }
  }

  /** Begins again whenever the process has ended, until the worker is stopped. */
  async #keep(): Promise<void> {
    const { clock, logger, onEnded } = this.#parts;
    while (!this.#isStopping) {
      const workerPid = this.#process?.pid;
      const { status, signal } = (await this.#process?.ended) ?? NO_PROCESS;
      this.#process = undefined;
      onEnded(this);
      if (this.#isStopping) return;
      this.#state = 'waiting';
      const waitMs = this.#backOff.next(clock.nowMs() - this.#startedAtMs);
      logger.error({ worker: this.owner, workerPid, status, signal, waitMs }, 'worker ended; it is started again');
      await this.#pause(waitMs);
      if (this.#isStopping) return;
      this.#restarts += 1;
      await this.#begin().catch((cause: unknown) => {
        logger.error({ worker: this.owner, reason: reason(cause) }, 'worker could not be started');
      });
    }
  }

  async #begin(): Promise<void> {
    const { place, ticketSecret, clock, logger, takeProcess, config: configOf, onUp, onSeen } = this.#parts;
    this.#state = 'starting';
    this.#startedAtMs = clock.nowMs();
    const process = takeProcess();
    this.#process = process;
    process.onSeen = (seen) => onSeen(this, seen);
    const config = configOf();
    try {
      await process.channel.ask(START_MS, 'start', place, config, ticketSecret);
    } catch (cause) {
      process.kill();
      throw cause;
    }
    if (this.#isStopping) return;
    this.#state = 'running';
    logger.info({ worker: this.owner, workerPid: process.pid }, 'worker started');
    onUp(this, config);
  }

  get #isStopping(): boolean {
    return this.#state === 'draining' || this.#state === 'ended';
  }

  async #pause(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.after(waitMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
