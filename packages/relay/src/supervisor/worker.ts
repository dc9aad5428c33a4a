/** One worker: a relay in a process of its own, which does what the supervisor asks for. */
import { rmdirSync } from 'node:fs';
import type { Clock } from 'msrp/base';
import { ProcessWatch } from '../admin/process-watch.ts';
import { buildRelay } from '../app/build.ts';
import type { Config } from '../app/config.ts';
import { IdleMemory } from '../app/idle-memory.ts';
import type { Logger } from '../app/logging.ts';
import type { PreparedChange, RunningRelay } from '../app/running-relay.ts';
import type { Seen } from '../auth/auth-guard.ts';
import type { WorkerPlace } from '../cluster/local-link.ts';
import type { Block } from '../relay/blocks.ts';
import type { PageWish } from '../relay/operation.ts';
import { Bundles } from './bundles.ts';
import type { WorkerCalls } from './calls.ts';

/** What a worker needs of its process. */
export interface WorkerSurroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lostLogLines: () => number;
  /** Tells the supervisor what the guard has seen. */
  readonly tellSeen: (seen: readonly Seen[]) => Promise<void>;
}

/** Waits for `start`, then serves until it is drained or closed. */
export class Worker implements WorkerCalls {
  readonly #surroundings: WorkerSurroundings;
  readonly #watch: ProcessWatch;
  readonly #traces = new Map<number, ReadableStreamDefaultReader<Uint8Array>>();
  #learn: (seen: Seen) => void = () => {};
  #relay: RunningRelay | undefined;
  #drainMs = 0;
  #directory = '';
  #logger: Logger;
  #idleMemory: IdleMemory | undefined;
  #changing: Promise<void> = Promise.resolve();
  #prepared: { readonly config: Config; readonly change: PreparedChange } | undefined;

  constructor(surroundings: WorkerSurroundings) {
    this.#surroundings = surroundings;
    this.#watch = new ProcessWatch(surroundings.lostLogLines);
    this.#logger = surroundings.logger;
  }

  async start(place: WorkerPlace, config: Config, ticketSecret: Uint8Array): Promise<void> {
    const { clock, logger, tellSeen } = this.#surroundings;
    process.title = `msrp-relay: worker ${place.owner}`;
    this.#directory = place.directory;
    this.#logger = logger.child({ worker: place.owner });
    const seen = new Bundles(tellSeen);
    const listen = (learn: (seen: Seen) => void) => {
      this.#learn = learn;
    };
    const guardLink = { tell: (one: Seen) => seen.add(one), listen };
    this.#adopt(config);
    const context = { clock, logger: this.#logger, worker: place, guardLink, ticketSecret };
    this.#relay = await buildRelay(config, context);
    this.#idleMemory = new IdleMemory(clock);
  }

  prepare(config: Config): Promise<void> {
    return this.#inTurn(() => this.#prepare(config));
  }

  commit(): Promise<void> {
    return this.#inTurn(() => this.#commit());
  }

  catchUp(config: Config): Promise<void> {
    return this.#inTurn(async () => {
      await this.#prepare(config);
      await this.#commit();
    });
  }

  undo(): Promise<void> {
    return this.#inTurn(() => this.#dropPrepared());
  }

  async tune(config: Config): Promise<void> {
    await this.#running.tune(config);
    this.#adopt(config);
  }

  snapshot() {
    return this.#running.snapshot();
  }

  figures() {
    return this.#watch.read();
  }

  connections(wish: PageWish) {
    return this.#running.operation.connections(wish);
  }

  connection(id: number) {
    return this.#running.operation.connection(id);
  }

  closeConnection(id: number): boolean {
    return this.#running.operation.closeConnection(id);
  }

  sessions(wish: PageWish, user: string | undefined) {
    return this.#running.operation.sessions(wish, user);
  }

  sessionsCalled(hash: string) {
    return this.#running.operation.sessionsCalled(hash);
  }

  endSession(uri: string): void {
    this.#running.operation.endSession(uri);
  }

  setBlocks(blocks: readonly Block[]): void {
    const { operation } = this.#running;
    for (const block of operation.blocks.all) operation.unblock(block);
    for (const block of blocks) this.block(block);
  }

  block({ sinceMs, ...block }: Block): void {
    this.#running.operation.block(block, sinceMs);
  }

  unblock(block: Block): void {
    this.#running.operation.unblock(block);
  }

  beginTrace(trace: number, sessionUri: string): boolean {
    const stream = this.#running.traces.open(sessionUri);
    if (stream !== undefined) this.#traces.set(trace, stream.getReader());
    return stream !== undefined;
  }

  async readTrace(trace: number): Promise<Uint8Array | undefined> {
    const part = await this.#traces.get(trace)?.read();
    if (part === undefined || part.done) this.#traces.delete(trace);
    return part?.value;
  }

  endTrace(trace: number): void {
    void this.#traces.get(trace)?.cancel();
    this.#traces.delete(trace);
  }

  learn(seen: readonly Seen[]): void {
    for (const one of seen) this.#learn(one);
  }

  settle(deadlineMs: number): Promise<void> {
    return this.#running.settle(deadlineMs);
  }

  giveUp(): void {
    this.#running.giveUp();
  }

  async close(): Promise<void> {
    this.#idleMemory?.stop();
    this.#watch.stop();
    await this.#relay?.close();
  }

  /** There is no supervisor any more: who is here may finish, nobody new comes, and what it would have removed is removed. */
  async drainAlone(): Promise<void> {
    if (this.#relay === undefined || this.#relay.state === 'closed') return;
    this.#logger.error('the supervisor is gone: draining');
    await this.settle(this.#drainMs);
    this.giveUp();
    await this.close();
    try {
      rmdirSync(this.#directory);
    } catch {
      // Another worker still has something in it, or has removed it.
    }
  }

  get #running(): RunningRelay {
    if (this.#relay === undefined) throw new Error('the worker is still starting');
    return this.#relay;
  }

  async #prepare(config: Config): Promise<void> {
    await this.#dropPrepared();
    this.#prepared = { config, change: await this.#running.prepare(config) };
  }

  async #commit(): Promise<void> {
    const prepared = this.#prepared;
    if (prepared === undefined) throw new Error('no change was prepared');
    this.#prepared = undefined;
    await prepared.change.commit();
    this.#adopt(prepared.config);
  }

  async #dropPrepared(): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    await prepared?.change.undo();
  }

  /** One after the other: what was given up while it was being prepared must not stay. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }

  #adopt({ log, timers }: Config): void {
    this.#logger.level = log.level;
    this.#drainMs = timers.drainMs;
  }
}
