/** What the admin door asks of the floor above: the relay that is running, and what can be done with it as a whole. */
import type { Block } from '../relay/blocks.ts';
import type { Page, PageWish } from '../relay/operation.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import type { ConnectionView, SessionView } from '../relay/views.ts';
import type { ProcessFigures } from './process-watch.ts';
import type { Settings, SettingsChange } from './settings.ts';

/** What a change or reload came to: keys that need a restart, or everything that is wrong; then nothing has changed. */
export type ChangeOutcome = { readonly needsRestart: readonly string[] } | { readonly problems: readonly string[] };

/** At once from this process, later from others. */
export type Eventually<Value> = Value | Promise<Value>;

/** What an operator may look at and do; `Operation` says what each of them means. */
export interface OperationSource {
  connections(wish: PageWish): Eventually<Page<ConnectionView>>;
  connection(id: number): Eventually<ConnectionView | undefined>;
  closeConnection(id: number): Eventually<boolean>;
  sessions(wish: PageWish, user?: string): Eventually<Page<SessionView>>;
  sessionsCalled(hash: string): Promise<readonly { readonly uri: string; readonly view: SessionView }[]>;
  endSession(uri: string): Eventually<void>;
  readonly blocks: { readonly all: readonly Block[] };
  block(block: Omit<Block, 'sinceMs'>): Eventually<Block | undefined>;
  unblock(block: Omit<Block, 'sinceMs'>): Eventually<boolean>;
}

/** Follows sessions; see `Traces.open`. */
export interface TraceSource {
  open(sessionUri: string): Eventually<ReadableStream<Uint8Array> | undefined>;
}

/** One worker, as an operator may see it. */
export interface WorkerView {
  readonly owner: string;
  /** `waiting`: it has ended, and is started again after a while. */
  readonly state: 'starting' | 'running' | 'waiting' | 'draining' | 'ended';
  /** Null while there is no process. */
  readonly pid: number | null;
  readonly uptimeSeconds: number;
  /** How often it was started again, and how often it did not answer in time. */
  readonly restarts: number;
  readonly unanswered: number;
}

/** The workers of a relay that has several. */
export interface WorkersSource {
  readonly all: readonly WorkerView[];
  /** How their processes are doing; those that do not answer are left out. */
  figures(): Promise<readonly (ProcessFigures & { readonly owner: string })[]>;
}

/** A relay that is there. */
export interface RunningSource {
  /** One URI a listener, with the port that the system has chosen where port 0 was asked for: `tls://127.0.0.1:2855`. */
  readonly listening: readonly string[];
  /** For an operator: what there is, and what can be done about it. */
  readonly operation: OperationSource;
  readonly traces: TraceSource;
  /** Copies the counters. Cheap enough for every scrape, too dear for every message. */
  snapshot(): Eventually<RelaySnapshot>;
  /** Undefined for a relay that is one process. */
  readonly workers?: WorkersSource;
}

/** What the admin door may ask about the relay. */
export interface AdminSource {
  readonly version: string;
  /** How many lines of the log nobody took. */
  readonly lostLogLines: () => number;
  /** Only `running` is ready for clients. */
  state(): 'starting' | 'running' | 'draining' | 'closed';
  /** Undefined while the relay is being built. */
  relay(): RunningSource | undefined;
  settings(): Settings;
  /** Takes over some settings until the next reload. */
  change(change: SettingsChange): Promise<ChangeOutcome>;
  /** Reads configuration, certificates and credentials again. */
  reload(): Promise<ChangeOutcome>;
  /** Begins to drain, and gives back the deadline; the process ends when it is over. */
  drain(deadlineMs: number | undefined): number;
  /** Somebody changed something by the API, or began a trace: for the log. */
  acted(action: { readonly method: string; readonly path: string; readonly status: number }): void;
  /** Called when an answer could not be made; whoever asked gets a 500 and no details. */
  failed(cause: unknown): void;
}
