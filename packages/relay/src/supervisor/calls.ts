/** What supervisor and workers say to each other, over the channel that Node makes between a process and its child. */
import type { ProcessFigures } from '../admin/process-watch.ts';
import type { Config } from '../app/config.ts';
import type { Seen } from '../auth/auth-guard.ts';
import type { WorkerPlace } from '../cluster/local-link.ts';
import type { Block } from '../relay/blocks.ts';
import type { Page, PageWish } from '../relay/operation.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import type { ConnectionView, SessionView } from '../relay/views.ts';

/** What a worker does when it is asked; the share of the configuration that is its own is made by the supervisor. */
export interface WorkerCalls {
  /** Builds the relay; answered when its listeners accept. Once. */
  start(place: WorkerPlace, config: Config, ticketSecret: Uint8Array): Promise<void>;
  /** Of a reload the half that can fail, and the one that cannot. */
  prepare(config: Config): Promise<void>;
  commit(): Promise<void>;
  /** Nothing where nothing was prepared. */
  undo(): Promise<void>;
  /** Both halves at once, for who was not there when the others were asked. */
  catchUp(config: Config): Promise<void>;
  tune(config: Config): void;
  snapshot(): RelaySnapshot;
  figures(): ProcessFigures;
  connections(wish: PageWish): Page<ConnectionView>;
  connection(id: number): ConnectionView | undefined;
  closeConnection(id: number): boolean;
  sessions(wish: PageWish, user: string | undefined): Page<SessionView>;
  sessionsCalled(hash: string): Promise<readonly { readonly uri: string; readonly view: SessionView }[]>;
  endSession(uri: string): void;
  /** These are blocked from now on, and nobody else. */
  setBlocks(blocks: readonly Block[]): void;
  block(block: Block): void;
  unblock(block: Block): void;
  /** False when as many traces run as may. @param trace - a number that the supervisor gives it. */
  beginTrace(trace: number, sessionUri: string): boolean;
  /** Answered when there is something; undefined at its end. */
  readTrace(trace: number): Promise<Uint8Array | undefined>;
  endTrace(trace: number): void;
  /** What the guards of other workers have seen. */
  learn(seen: readonly Seen[]): void;
  /** A drain, step by step: all workers stay until all are done, since what one reports may be for a client of another one. */
  settle(deadlineMs: number): Promise<void>;
  giveUp(): void;
  close(): Promise<void>;
}

/** What a worker tells without being asked. */
export interface SupervisorCalls {
  /** What its guard has seen. */
  seen(seen: readonly Seen[]): void;
}
