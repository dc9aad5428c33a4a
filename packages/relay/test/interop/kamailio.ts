/** Kamailio as Debian ships it, as a process of its own on free ports of this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePorts, takesConnections } from '../local-ports.ts';

/** How long it may take to accept connections, and to end. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 20;
/** Ports are free when they are looked for; somebody else may take them before Kamailio does. */
const TRIES = 3;
const PORT_TAKEN = /Address already in use/;

/** Where this instance listens, and where its files are. */
interface KamailioPlace {
  readonly tlsPort: number;
  readonly tcpPort: number;
  readonly folder: string;
}

/** Its files, by name, for where it is to be. One of them is `kamailio.cfg`. */
export type KamailioFiles = (place: KamailioPlace) => Readonly<Record<string, string>>;

/** A Kamailio that accepts connections. */
export interface Kamailio {
  readonly tlsPort: number;
  readonly tcpPort: number;
  /** All it has logged. */
  log(): string;
  /** Stops all its processes where they are: connections stand, and nothing is read or answered. */
  freeze(): void;
  /** Kills it with all its processes, and takes its files away. */
  stop(): Promise<void>;
}

/** Starts one. Rejects with its log when it does not come up, and with what to install when it is not there. */
export async function startKamailio(files: KamailioFiles): Promise<Kamailio> {
  for (let left = TRIES; ; left -= 1) {
    const [tlsPort = 0, tcpPort = 0] = await freePorts(2);
    const attempt = new KamailioProcess(tlsPort, tcpPort, files);
    try {
      await attempt.accepts();
      return attempt;
    } catch (cause) {
      await attempt.stop();
      if (left === 1 || !PORT_TAKEN.test(attempt.log())) throw cause;
    }
  }
}

class KamailioProcess implements Kamailio {
  readonly tlsPort: number;
  readonly tcpPort: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'msrp-relay-kamailio-'));
  readonly #process: ChildProcess;
  #log = '';
  #fault: Error | undefined;

  constructor(tlsPort: number, tcpPort: number, files: KamailioFiles) {
    this.tlsPort = tlsPort;
    this.tcpPort = tcpPort;
    const folder = this.#folder;
    for (const [name, text] of Object.entries(files({ tlsPort, tcpPort, folder }))) {
      writeFileSync(join(folder, name), text);
    }
    // -DD: in the foreground and in the process group that `detached` makes, so that all its processes can be ended at once.
    const own = ['-f', join(folder, 'kamailio.cfg'), '-P', join(folder, 'kamailio.pid'), '-Y', folder, '-w', folder];
    this.#process = spawn('kamailio', ['-DD', '-E', '--atexit=no', '-m', '512', '-M', '8', ...own], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('latin1').on('data', (text: string) => {
        this.#log += text;
      });
    }
    this.#process.once('error', (error) => {
      this.#fault = error;
    });
  }

  log(): string {
    return this.#log;
  }

  freeze(): void {
    this.#signal('SIGSTOP');
  }

  /** Settles when both ports take connections. */
  async accepts(): Promise<void> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (const port of [this.tlsPort, this.tcpPort]) {
      while (!(await takesConnections(port))) {
        if (this.#fault !== undefined)
          throw new Error('kamailio is not there: apt-get install kamailio kamailio-tls-modules', {
            cause: this.#fault,
          });
        if (this.#isOver || performance.now() > untilMs) throw new Error(`kamailio did not start:\n${this.#log}`);
        await setTimeout(LOOK_MS);
      }
    }
  }

  async stop(): Promise<void> {
    this.#signal('SIGKILL');
    if (this.#process.pid !== undefined && !this.#isOver)
      await once(this.#process, 'exit', { signal: AbortSignal.timeout(PATIENCE_MS) });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The whole group is gone.
    }
  }

  get #isOver(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
