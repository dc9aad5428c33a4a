/** A program of somebody else that keeps a database in a directory of its own, run by whoever may run it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NOBODY = 65_534;
/** Database servers refuse to be the super-user. */
const isRoot = process.getuid?.() === 0;
const identity = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
/** Debian keeps PostgreSQL's programs out of the way, one folder a version. */
const PATH = [process.env.PATH, ...globSync('/usr/lib/postgresql/*/bin'), '/usr/sbin'].join(delimiter);
const environment = { PATH, HOME: '/', LC_ALL: 'C' };

/** A directory that the program may write in. */
export function databaseDirectory(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `msrp-relay-${name}-`));
  if (isRoot) chownSync(path, NOBODY, NOBODY);
  return path;
}

/** Puts a file into such a directory that only the program may read; its path. */
export function privateFile(directory: string, name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode: 0o600 });
  if (isRoot) chownSync(path, NOBODY, NOBODY);
  return path;
}

/** Runs a program to its end. */
export function runProgram(command: string, words: readonly string[]): void {
  execFileSync(command, words, { env: environment, stdio: 'pipe', ...identity });
}

/** A server that can be stopped in any way and started again. */
export class DatabaseProcess {
  readonly directory: string;
  readonly #command: string;
  readonly #words: readonly string[];
  readonly #isUp: () => Promise<void>;
  #child: ChildProcess | undefined;
  /** What it has written to its log. */
  said = '';

  /** @param isUp - rejects as long as the server does not answer. */
  constructor(directory: string, command: string, words: readonly string[], isUp: () => Promise<void>) {
    this.directory = directory;
    this.#command = command;
    this.#words = words;
    this.#isUp = isUp;
  }

  async start(): Promise<void> {
    const child = spawn(this.#command, this.#words, {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...identity,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        this.said += text;
      });
    }
    const untilMs = performance.now() + 8000;
    for (;;) {
      try {
        return await this.#isUp();
      } catch (cause) {
        if (child.exitCode !== null || performance.now() > untilMs) {
          await this.remove();
          throw new Error(`${this.#command} does not start: ${this.said.slice(0, 2000)}`, { cause });
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** SIGSTOP leaves it there without an answer, SIGCONT wakes it up. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name);
  }

  /** Kills the server, with the processes that it has started, and waits until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    const started = childrenOf(child.pid);
    child.kill('SIGKILL');
    for (const pid of started) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It had noticed by itself.
      }
    }
    await gone;
  }

  /** Ends it for good: nothing is left. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Each of PostgreSQL's is in a session of its own, where no signal to a group finds it. None where there is no /proc. */
function childrenOf(pid: number | undefined): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'latin1').split(' ').filter(Boolean).map(Number) : [];
}
