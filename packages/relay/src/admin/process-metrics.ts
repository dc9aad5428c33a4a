/** How processes are doing, for Prometheus: the relay's own, or the supervisor and its workers, told apart by a label. */
import { Counter, Gauge, type Registry } from '@prometheus-io/client';
import type { ProcessFigures } from './process-watch.ts';
import type { WorkerView } from './source.ts';

/** The value of the label `worker` for the process that holds the admin door. */
const SUPERVISOR = 'supervisor';

const DELAY = 'event_loop_delay_seconds';
const MEMORY = 'process_memory_bytes';
const CPU = 'process_cpu_seconds_total';
const START = 'process_start_time_seconds';
const LOST = 'log_lines_lost_total';
const NAMES = [DELAY, MEMORY, CPU, START, LOST];

/** What there is to say of several processes. */
export interface WorkerFigures {
  readonly workers: readonly WorkerView[];
  readonly figures: readonly (ProcessFigures & { readonly owner: string })[];
}

/** The metrics of processes. Those of one process have no label `worker`, so that its series are what they always were. */
export class ProcessMetrics {
  readonly #registry: Registry;
  readonly #prefix: string;
  #own: SetAll | undefined;
  #workers: { readonly processes: SetAll; readonly copy: (workers: readonly WorkerView[]) => void } | undefined;

  constructor(registry: Registry, prefix: string) {
    this.#registry = registry;
    this.#prefix = prefix;
  }

  /** @param others - undefined for a relay that is one process. */
  copy(own: ProcessFigures, others: WorkerFigures | undefined): void {
    if (others === undefined) {
      this.#own ??= this.#register([]);
      this.#own([{ labels: {}, figures: own }]);
      return;
    }
    // Until there were workers this process stood alone.
    if (this.#own !== undefined) for (const name of NAMES) this.#registry.removeSingleMetric(this.#prefix + name);
    this.#own = undefined;
    this.#workers ??= { processes: this.#register(['worker']), copy: this.#registerWorkers() };
    this.#workers.copy(others.workers);
    this.#workers.processes([
      { labels: { worker: SUPERVISOR }, figures: own },
      ...others.figures.map((figures) => ({ labels: { worker: figures.owner }, figures })),
    ]);
  }

  #register(labelNames: readonly string[]): SetAll {
    const registers = [this.#registry];
    const named = (name: string, help: string, more: readonly string[] = []) => {
      return { name: this.#prefix + name, help, labelNames: [...labelNames, ...more], registers };
    };
    const delay = new Gauge(
      named(DELAY, 'How late the event loop was since the last scrape, by quantile', ['quantile']),
    );
    const memory = new Gauge(named(MEMORY, 'Memory of the process by kind', ['kind']));
    const cpu = new Counter(named(CPU, 'CPU time of the process by kind', ['kind']));
    const start = new Gauge(named(START, 'When the process started, in seconds since 1970'));
    const lost = new Counter(named(LOST, 'Lines of the log that nobody took in time'));
    return (processes) => {
      for (const metric of [delay, memory, cpu, start, lost]) metric.reset();
      for (const { labels, figures } of processes) {
        for (const [quantile, seconds] of Object.entries(figures.loopDelay))
          delay.set({ ...labels, quantile }, seconds);
        for (const [kind, octets] of Object.entries(figures.memory ?? {})) memory.set({ ...labels, kind }, octets);
        for (const [kind, seconds] of Object.entries(figures.cpu)) cpu.inc({ ...labels, kind }, seconds);
        start.set(labels, figures.startedAt);
        lost.inc(labels, figures.lostLogLines);
      }
    };
  }

  #registerWorkers(): (workers: readonly WorkerView[]) => void {
    const registers = [this.#registry];
    const named = (name: string, help: string) => {
      return { name: this.#prefix + name, help, labelNames: ['worker'], registers };
    };
    const up = new Gauge(named('worker_up', 'Whether the worker accepts connections: 1 or 0'));
    const restarts = new Counter(named('worker_restarts_total', 'How often the worker was started again'));
    const unanswered = new Counter(named('worker_unanswered_total', 'How often the worker did not answer in time'));
    return (workers) => {
      for (const metric of [up, restarts, unanswered]) metric.reset();
      for (const worker of workers) {
        const labels = { worker: worker.owner };
        up.set(labels, worker.state === 'running' ? 1 : 0);
        restarts.inc(labels, worker.restarts);
        unanswered.inc(labels, worker.unanswered);
      }
    };
  }
}

/** Sets the metrics of processes to the figures of each. */
type SetAll = (
  processes: readonly { readonly labels: Readonly<Record<string, string>>; readonly figures: ProcessFigures }[],
) => void;
