/** What the admin door asks of the floor above: the relay that is running, and what can be done with it as a whole. */
import type { Operation } from '../relay/operation.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import type { Settings, SettingsChange } from './settings.ts';
import type { Traces } from './traces.ts';

/** What a change or reload came to: keys that need a restart, or everything that is wrong; then nothing has changed. */
export type ChangeOutcome = { readonly needsRestart: readonly string[] } | { readonly problems: readonly string[] };

/** A relay that is there. */
export interface RunningSource {
  readonly listening: readonly string[];
  readonly operation: Operation;
  readonly traces: Traces;
  readonly snapshot: () => RelaySnapshot;
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
