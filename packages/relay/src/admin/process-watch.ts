/** How this process is doing: memory, CPU, how late its event loop is, and its log. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
const QUANTILES = [0.5, 0.99, 1];

/** How often the loop is looked at. What Node measures is the time between two looks, with this in it. */
const LOOK_MS = 10;

/** Figures of one process, by the values of their labels. */
export interface ProcessFigures {
  /** How late the event loop was since it was asked for the last time, in seconds, by quantile. */
  readonly loopDelay: Readonly<Record<string, number>>;
  /** In octets, by kind; undefined when the system cannot say. */
  readonly memory: Readonly<Record<string, number>> | undefined;
  /** In seconds, by kind. */
  readonly cpu: Readonly<Record<string, number>>;
  /** In seconds since 1970. */
  readonly startedAt: number;
  /** Lines of its log that nobody took. */
  readonly lostLogLines: number;
}

/** Watches this process from its making to `stop`. */
export class ProcessWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: LOOK_MS });

  readonly #lostLogLines: () => number;

  /** @param lostLogLines - tells how many lines of the log nobody took. */
  constructor(lostLogLines: () => number) {
    this.#lostLogLines = lostLogLines;
    this.#delay.enable();
  }

  /** How it is doing; the delay of the loop is measured anew from here on. */
  read(): ProcessFigures {
    const loopDelay = Object.fromEntries(
      QUANTILES.map((quantile) => {
        const seconds = this.#delay.percentile(quantile * 100) / NANOSECONDS - LOOK_MS / 1000;
        return [String(quantile), Math.max(0, seconds)];
      }),
    );
    this.#delay.reset();
    const { user, system } = process.cpuUsage();
    const cpu = { user: user / MICROSECONDS, system: system / MICROSECONDS };
    const startedAt = performance.timeOrigin / 1000;
    return { loopDelay, memory: memoryUsage(), cpu, startedAt, lostLogLines: this.#lostLogLines() };
  }

  stop(): void {
    this.#delay.disable();
  }
}

/** When the process has no file descriptor left, the system cannot say: the other figures are wanted all the more. */
function memoryUsage(): ProcessFigures['memory'] {
  try {
    const { rss, heapUsed, external } = process.memoryUsage();
    return { resident: rss, heap: heapUsed, external };
  } catch {
    return undefined;
  }
}
