/** A relay that is several worker processes, and the supervisor that keeps them: it relays nothing itself. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Timer } from 'msrp/base';
import type { WorkersSource } from '../admin/source.ts';
import type { Config } from '../app/config.ts';
import { reason } from '../app/config-file.ts';
import { formatEndpoint } from '../app/config-values.ts';
import { keysForRestart, withLiveKeys } from '../app/live-keys.ts';
import type { RelayContext, ServedRelay } from '../app/running-relay.ts';
import { shareOf } from '../app/worker-share.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import { AllOperations } from './all-operations.ts';
import { AllSnapshots } from './all-snapshots.ts';
import { claimPorts, type Ports } from './claimed-ports.ts';
import { WorkerProcess } from './worker-process.ts';
import { WorkerSlot } from './worker-slot.ts';

/** When a new spare is started: not while another worker needs the CPU to come back. */
const SPARE_MS = 1000;

/** What workers are started with at the moment. */
interface InForce {
  readonly ports: Ports;
  /** The configuration of one worker. */
  readonly share: Config;
}

/** Starts `count` workers; resolves when all accept connections, rejects when one cannot. */
export async function startWorkers(config: Config, context: RelayContext, count: number): Promise<ServedRelay> {
  const ports = await claimPorts(config.listen, new Map());
  const workers = new WorkerSet(config, ports, context, count);
  try {
    await workers.start();
  } catch (cause) {
    await workers.close();
    throw cause;
  }
  return workers;
}

class WorkerSet implements ServedRelay {
  readonly operation: AllOperations;
  readonly traces: AllOperations;
  readonly workers: WorkersSource;
  readonly #context: RelayContext;
  readonly #started: Config;
  readonly #directory: string;
  readonly #ticketSecret = randomBytes(32);
  readonly #slots: readonly WorkerSlot[];
  readonly #snapshots: AllSnapshots;
  #inForce: InForce;
  #state: 'running' | 'draining' | 'closed' = 'running';
  /** Has loaded the program and waits: a worker that was killed is replaced at once, however busy the machine is. */
  #spare: WorkerProcess | undefined;
  #spareTimer: Timer | undefined;

  constructor(config: Config, ports: Ports, context: RelayContext, count: number) {
    this.#context = context;
    this.#started = config;
    this.#inForce = { ports, share: shareOf(config, ports) };
    this.#directory = mkdtempSync(join(tmpdir(), 'msrp-relay-workers-'));
    this.#slots = Array.from({ length: count }, (_, owner) => this.#slot(String(owner), count));
    this.#snapshots = new AllSnapshots(this.#slots);
    this.operation = new AllOperations(this.#slots, context.clock);
    this.traces = this.operation;
    const slots = this.#slots;
    this.workers = {
      get all() {
        return slots.map(({ view }) => view);
      },
      async figures() {
        const all = slots.map(async (slot) => ({ owner: slot.owner, figures: await slot.look('figures') }));
        return (await Promise.all(all)).flatMap(({ owner, figures }) => (figures ? [{ ...figures, owner }] : []));
      },
    };
  }

  get listening(): readonly string[] {
    return this.#inForce.share.listen.map(formatEndpoint);
  }

  get state(): ServedRelay['state'] {
    if (this.#state !== 'running') return this.#state;
    return this.#slots.some(({ isRunning }) => isRunning) ? 'running' : 'starting';
  }

  snapshot(): Promise<RelaySnapshot> {
    return this.#snapshots.take();
  }

  async start(): Promise<void> {
    const started = await Promise.allSettled(this.#slots.map((slot) => slot.start()));
    const failed = started.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    this.#replaceSpare();
  }

  async tune(config: Config): Promise<void> {
    const { ports } = this.#inForce;
    const share = this.#shareOf(config, ports);
    this.#inForce = { ports, share };
    // One that does not answer now does it when it hears of it.
    await Promise.all(this.#slots.map((slot) => slot.look('tune', share)));
  }

  async reload(config: Config): Promise<string[]> {
    const ports = await claimPorts(config.listen, this.#inForce.ports);
    const share = this.#shareOf(config, ports);
    const slots = this.#slots.filter(({ isRunning }) => isRunning);
    const prepared = await Promise.allSettled(slots.map((slot) => slot.ask('prepare', share)));
    const failed = prepared.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') {
      await Promise.all(slots.map((slot) => slot.look('undo')));
      throw failed.reason;
    }
    this.#inForce = { ports, share };
    await Promise.all(
      this.#slots.map(async (slot) => {
        // One that is still starting catches up when it is there.
        if (!slot.isRunning) return;
        const done = slots.includes(slot) ? slot.ask('commit') : slot.ask('catchUp', share);
        await this.#orRestart(slot, done);
      }),
    );
    return keysForRestart(this.#started, config);
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#state = 'draining';
    this.#dropSpare();
    await Promise.all(this.#slots.map((slot) => slot.settle(deadlineMs)));
    await this.close();
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#dropSpare();
    // What one of them reports may be for a client of another one, which has to be there still.
    await Promise.allSettled(this.#slots.map((slot) => slot.ask('giveUp')));
    // When this is answered, what was on its way between them has been read.
    await Promise.allSettled(this.#slots.map((slot) => slot.ask('snapshot')));
    await Promise.all(this.#slots.map((slot) => slot.stop()));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #slot(owner: string, count: number): WorkerSlot {
    const { clock, logger } = this.#context;
    return new WorkerSlot({
      place: { owner, count, directory: this.#directory },
      ticketSecret: this.#ticketSecret,
      clock,
      logger,
      takeProcess: () => this.#takeProcess(),
      config: () => this.#inForce.share,
      onUp: (slot, config) => void this.#bringUpToDate(slot, config),
      onEnded: (slot) => {
        this.#snapshots.ended(slot);
        // The next one opens a socket of its own there.
        rmSync(join(this.#directory, `${owner}.sock`), { force: true });
      },
      onSeen: (slot, seen) => {
        for (const other of this.#slots) if (other !== slot) other.tellSeen(seen);
      },
    });
  }

  /** A worker that is started later must not differ from the others where all need a restart. */
  #shareOf(config: Config, ports: Ports): Config {
    return shareOf(withLiveKeys(this.#started, config), ports);
  }

  /** What has changed while it was starting. */
  async #bringUpToDate(slot: WorkerSlot, startedWith: Config): Promise<void> {
    const { share } = this.#inForce;
    // Asked at once: what changes from here on is asked for later, and comes later.
    const asked = [slot.ask('setBlocks', this.operation.blocks.all)];
    if (startedWith !== share) asked.push(slot.ask('catchUp', share));
    await this.#orRestart(slot, Promise.all(asked));
    if (this.#spare === undefined) this.#replaceSpare();
  }

  /** A worker that is not as the others are is no use; a new one will be. */
  async #orRestart(slot: WorkerSlot, done: Promise<unknown>): Promise<void> {
    try {
      await done;
    } catch (cause) {
      this.#context.logger.error({ worker: slot.owner, reason: reason(cause) }, 'worker is started anew');
      slot.kill();
    }
  }

  #takeProcess(): WorkerProcess {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare === undefined || spare.isOver ? new WorkerProcess(this.#context.clock) : spare;
  }

  #replaceSpare(): void {
    this.#spareTimer?.cancel();
    this.#spareTimer = this.#context.clock.after(SPARE_MS, () => {
      this.#spare ??= this.#makeSpare();
    });
  }

  #makeSpare(): WorkerProcess {
    const spare = new WorkerProcess(this.#context.clock);
    const ready = () => this.#context.logger.info({ workerPid: spare.pid }, 'a spare worker stands by');
    // It answers once it has loaded everything; one that ends before is not missed until it is needed.
    spare.channel.ask(Number.POSITIVE_INFINITY, 'figures').then(ready, () => {});
    return spare;
  }

  #dropSpare(): void {
    this.#spareTimer?.cancel();
    this.#spare?.kill();
    this.#spare = undefined;
  }
}
