/** A program of these tests as a real process: started, watched, ended by its own id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a process may take to say what is waited for. */
const PATIENCE_MS = 10_000;

/** What else there is to say of a process. */
interface ChildOptions {
  /** The program was built; otherwise it is one of the sources. */
  readonly isBuilt?: boolean;
  /** The CPU that it runs on; any when left out. */
  readonly cpu?: string;
  /** Where it keeps temporary files; where all do when left out. */
  readonly temporary?: string;
  /** What a shell does before it becomes the program, and where it sends its streams. */
  readonly shell?: { readonly before: string; readonly after: string };
}

/** A process of Node that runs a program of this workspace. */
export class Child {
  readonly process: ChildProcess;
  #output = '';
  #heard: () => void = () => {};

  constructor(main: string, words: readonly string[], { isBuilt = false, cpu, temporary, shell }: ChildOptions = {}) {
    const pinned = cpu === undefined ? [] : ['taskset', '-c', cpu];
    const conditions = isBuilt ? [] : ['--conditions=source'];
    const all = [...pinned, process.execPath, ...conditions, main, ...words];
    const [program = '', ...more] =
      shell === undefined ? all : ['/bin/sh', '-c', `${shell.before || ':'}; exec "$0" "$@" ${shell.after}`, ...all];
    this.process = spawn(program, more, {
      env: { PATH: process.env.PATH, NODE_ENV: 'production', ...(temporary && { TMPDIR: temporary }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        this.#heard();
      });
    }
    this.process.on('exit', () => this.#heard());
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get isOver(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Waits until what it has written, to either stream, matches `pattern`. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    const expired = once(deadline, 'abort');
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found !== null) return found;
      if (this.isOver || deadline.aborted) throw new Error(`never said ${pattern}: ${this.#output}`);
      await Promise.race([expired, new Promise<void>((resolve) => (this.#heard = resolve))]);
    }
  }

  /** Waits for its end; its exit status, null when a signal ended it. */
  async over(): Promise<number | null> {
    if (!this.isOver) await once(this.process, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return this.process.exitCode;
  }

  /** Ends it at once, also when it was stopped, and waits for that. */
  async end(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.over();
  }
}
