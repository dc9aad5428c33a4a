/** What a command of the program is: data and one function. It knows nothing of the process that runs it. */
import type { Environment } from '../app/config-environment.ts';
import type { Machine } from '../app/kernel-buffers.ts';

/** What the program says when it ends: done, failed, called in a wrong way, or that nobody knows. */
export type ExitStatus = 0 | 1 | 2 | 3;

/** Where a command speaks and listens. */
export interface Terminal {
  /** Standard output is a terminal, with somebody in front of it, and no file or program. */
  readonly isInteractive: boolean;
  /** One line of result, to standard output. */
  readonly out: (line: string) => void;
  /** One line about what went wrong, to standard error. */
  readonly err: (line: string) => void;
  /** Shows a line of standard error that the next one replaces, and an empty one removes; undefined where nobody watches. */
  readonly status: ((line: string) => void) | undefined;
  /** Asks for a secret without showing it; rejects where nobody can be asked. */
  readonly readSecret: (prompt: string) => Promise<string>;
  /** Everything on standard input. */
  readonly readInput: () => Promise<string>;
}

/** Signals that a running command may be told about. */
export type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** What a command is given besides its arguments. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly machine: Machine;
  /** From now on calls `handler` for every signal, instead of ending the process; returns what ends that. */
  readonly onSignal: (handler: (signal: Signal) => void) => () => void;
}

/** Arguments and options by name: `--password-stdin` is `passwordStdin`. */
export type CommandValues = Readonly<Record<string, string | boolean | undefined>>;

/** A command of the program. */
export interface Command {
  /** The words it is called by, such as `config check`. */
  readonly name: string;
  /** One sentence for `--help`. */
  readonly summary: string;
  /** In the notation of commander: `<file>` must be there, `[file]` may be. */
  readonly arguments?: readonly Described[];
  /** In the notation of commander: `--config <file>`. */
  readonly options?: readonly Described[];
  run(values: CommandValues, context: CommandContext): Promise<ExitStatus>;
}

/** An argument or option, and what it is for. */
export interface Described {
  readonly flags: string;
  readonly summary: string;
}

/** The program was called in a way that makes no sense: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The text of a value; undefined when it was not given. */
export function textOf(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
