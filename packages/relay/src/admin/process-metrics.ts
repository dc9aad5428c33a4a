/** How the process itself is doing: memory, CPU, how late its event loop is, and its log. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from '@prometheus-io/client';

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
const QUANTILES = [0.5, 0.99, 1];

/** How often the loop is looked at. What Node measures is the time between two looks, with this in it. */
const LOOK_MS = 10;

/** Registers the gauges of the process; `stop` ends the measuring. */
export function addProcessMetrics(registry: Registry, prefix: string, lostLogLines: () => number): { stop(): void } {
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
  delay.enable();
  new Gauge({
    name: `${prefix}event_loop_delay_seconds`,
    help: 'How late the event loop was since the last scrape, by quantile',
    labelNames: ['quantile'],
    registers,
    collect() {
      for (const quantile of QUANTILES) {
        const seconds = delay.percentile(quantile * 100) / NANOSECONDS - LOOK_MS / 1000;
        this.set({ quantile }, Math.max(0, seconds));
      }
      delay.reset();
    },
  });
  new Gauge({
    name: `${prefix}process_memory_bytes`,
    help: 'Memory of the process by kind',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      const usage = memoryUsage();
      if (usage === undefined) return;
      const { rss, heapUsed, external } = usage;
      this.set({ kind: 'resident' }, rss);
      this.set({ kind: 'heap' }, heapUsed);
      this.set({ kind: 'external' }, external);
    },
  });
  new Counter({
    name: `${prefix}process_cpu_seconds_total`,
    help: 'CPU time of the process by kind',
    labelNames: ['kind'],
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc({ kind: 'user' }, user / MICROSECONDS);
      this.inc({ kind: 'system' }, system / MICROSECONDS);
    },
  });
  new Counter({
    name: `${prefix}log_lines_lost_total`,
    help: 'Lines of the log that nobody took in time',
    registers,
    collect() {
      this.reset();
      this.inc(lostLogLines());
    },
  });
  new Gauge({
    name: `${prefix}process_start_time_seconds`,
    help: 'When the process started, in seconds since 1970',
    registers,
  }).set(performance.timeOrigin / 1000);
  return { stop: () => delay.disable() };
}

/** Undefined when the system cannot say, as when the process has no file descriptor left: the other figures are wanted all the more. */
function memoryUsage(): NodeJS.MemoryUsage | undefined {
  try {
    return process.memoryUsage();
  } catch {
    return undefined;
  }
}
