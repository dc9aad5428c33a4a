/** The counters of the relay as Prometheus wants them: copied from a snapshot when scraped, never kept twice. */
import { Counter, Gauge, type Metric as PrometheusMetric, Registry } from '@prometheus-io/client';
import { ANSWERED_METHODS, AUTH_ENDS, METHODS, ODDITIES, REASONS } from '../relay/counted.ts';
import type { Counts, Direction, RelaySnapshot } from '../relay/snapshot.ts';
import { BUCKET_BOUNDS, type HistogramSnapshot } from '../transport/histogram.ts';
import { PAUSE_CAUSES } from '../transport/pauses.ts';
import { ProcessMetrics, type WorkerFigures } from './process-metrics.ts';
import { ProcessWatch } from './process-watch.ts';

const PREFIX = 'msrp_relay_';

/** One value and the labels it goes by, in the order of the metric's label names. */
type Sample = readonly [labels: readonly string[], value: number];

interface Metric {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (snapshot: RelaySnapshot) => readonly Sample[];
}

const DIALLED = 'dialled-';

/** What a rate is made of has to be there before it happens for the first time; the rarer pairs come when they do. */
const ANSWERED = ANSWERED_METHODS.filter((method) => method !== 'none').map((method) => `${method} 200`);
const REPORTED = [
  ...['timeout 408', 'lost 408', 'unreachable 408', 'denied 403'],
  ...['gone 481', 'closing 408', 'stalled 408', 'slow 413'],
];

const METRICS: readonly Metric[] = [
  gauge('connections', 'Open connections', ['transport', 'direction'], ({ connections }) => {
    return Object.entries(connections).map(([kind, count]): Sample => {
      const isDialled = kind.startsWith(DIALLED);
      return [[isDialled ? kind.slice(DIALLED.length) : kind, isDialled ? 'dialled' : 'accepted'], count];
    });
  }),
  gauge('connections_paused', 'Connections that are not read', ['cause'], ({ pauses }) =>
    PAUSE_CAUSES.map((cause) => [[cause], pauses[cause].open]),
  ),
  counter('pauses_total', 'How often a connection was not read', ['cause'], ({ pauses }) =>
    PAUSE_CAUSES.map((cause) => [[cause], pauses[cause].count]),
  ),
  counter('pause_seconds_total', 'How long connections were not read, all together', ['cause'], ({ pauses }) =>
    PAUSE_CAUSES.map((cause) => [[cause], pauses[cause].seconds]),
  ),
  gauge('sessions', 'Granted Use-Paths that live', [], ({ sessions }) => [[[], sessions]]),
  gauge('transactions_open', 'Requests that wait for a response', [], ({ transactions }) => [[[], transactions]]),
  gauge('queued_octets', 'Octets waiting for next hops', [], ({ queuedOctets }) => [[[], queuedOctets]]),
  gauge('memory_held_octets', 'Memory that everything waiting holds', [], ({ memory }) => [[[], memory.heldOctets]]),
  gauge('memory_budget_octets', 'Memory that it may hold', [], ({ memory }) => [[[], memory.budgetOctets]]),
  counter('requests_total', 'Requests', ['direction', 'method'], ({ requests }) =>
    byDirection(requests, (counts) => byName(counts, METHODS)),
  ),
  counter('responses_total', 'Responses', ['direction', 'method', 'status'], ({ responses }) =>
    byDirection(responses, (counts) => byTwo(counts, ANSWERED)),
  ),
  counter('reports_total', 'REPORTs made by this relay', ['trigger', 'status'], ({ reports }) =>
    byTwo(reports, REPORTED),
  ),
  counter('octets_total', 'Octets read and written', ['direction'], ({ octets }) =>
    byName({ in: octets.in, out: octets.out }),
  ),
  counter('refused_total', 'Refusals', ['reason'], ({ refused }) => byName(refused, REASONS)),
  counter('auth_total', 'AUTHs', ['outcome'], ({ auth }) => byName(auth, AUTH_ENDS)),
  counter('credential_lookups_total', 'Look-ups in credential stores', ['store', 'outcome'], ({ lookups }) => {
    return byTwo(lookups, []);
  }),
  counter('oddities_total', 'Departures from the RFCs that were tolerated', ['kind'], ({ oddities }) =>
    byName(oddities, ODDITIES),
  ),
];

interface Duration {
  readonly name: string;
  readonly help: string;
  readonly read: (snapshot: RelaySnapshot) => HistogramSnapshot;
}

const DURATIONS: readonly Duration[] = [
  {
    name: 'response_seconds',
    help: 'From the last octet of a SEND to the next hop until its response',
    read: ({ responseTimes }) => responseTimes,
  },
  {
    name: 'queue_seconds',
    help: 'How long chunks waited until the system took them',
    read: ({ queueTimes }) => queueTimes,
  },
];

function gauge(name: string, help: string, labels: readonly string[], read: Metric['read']): Metric {
  return { kind: 'gauge', name, help, labels, read };
}

function counter(name: string, help: string, labels: readonly string[], read: Metric['read']): Metric {
  return { kind: 'counter', name, help, labels, read };
}

/** @param names - these are told of also when nothing of them was counted. */
function byName(counts: Counts, names: readonly string[] = []): Sample[] {
  const all = { ...Object.fromEntries(names.map((name) => [name, 0])), ...counts };
  return Object.entries(all).map(([name, count]) => [[name], count]);
}

/** Counts whose names are two words, such as `timeout 408`. */
function byTwo(counts: Counts, names: readonly string[]): Sample[] {
  return byName(counts, names).map(([[name = ''], count]): Sample => {
    const [first = '', second = ''] = name.split(' ');
    return [[first, second], count];
  });
}

function byDirection(counts: Readonly<Record<Direction, Counts>>, samples: (counts: Counts) => Sample[]): Sample[] {
  return (['in', 'out'] as const).flatMap((direction) => {
    return samples(counts[direction]).map(([labels, count]): Sample => [[direction, ...labels], count]);
  });
}

/** Turns snapshots into the text that Prometheus reads. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #copy: ((snapshot: RelaySnapshot) => void)[];
  readonly #watch: ProcessWatch;
  readonly #processes = new ProcessMetrics(this.#registry, PREFIX);
  #snapshot: RelaySnapshot | undefined;

  /** @param lostLogLines - tells how many lines of the log nobody took. */
  constructor(lostLogLines: () => number) {
    this.#watch = new ProcessWatch(lostLogLines);
    this.#copy = METRICS.map((metric) => this.#register(metric));
    for (const duration of DURATIONS) this.#registerDuration(duration);
  }

  /** The media type of what `scrape` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * @param snapshot - undefined while there is no relay: then only the process is described.
   * @param workers - undefined for a relay that is one process.
   */
  async scrape(snapshot: RelaySnapshot | undefined, workers?: WorkerFigures): Promise<string> {
    this.#snapshot = snapshot;
    this.#processes.copy(this.#watch.read(), workers);
    if (snapshot !== undefined) for (const copy of this.#copy) copy(snapshot);
    return this.#registry.metrics();
  }

  /** Ends the measuring of the event loop. */
  stop(): void {
    this.#watch.stop();
  }

  #register({ kind, name, help, labels, read }: Metric): (snapshot: RelaySnapshot) => void {
    const options = { name: PREFIX + name, help, labelNames: [...labels], registers: [this.#registry] };
    if (kind === 'gauge') {
      const metric = new Gauge(options);
      return (snapshot) => {
        metric.reset();
        for (const [values, value] of read(snapshot)) metric.labels(...values).set(value);
      };
    }
    const metric = new Counter(options);
    return (snapshot) => {
      metric.reset();
      for (const [values, value] of read(snapshot)) metric.labels(...values).inc(value);
    };
  }

  /** A histogram of the library counts for itself and cannot be given counts; what it is asked for when scraped can. */
  #registerDuration({ name, help, read }: Duration): void {
    const whole = PREFIX + name;
    const get = async () => {
      const values = this.#snapshot === undefined ? [] : histogramValues(whole, read(this.#snapshot));
      return { name: whole, help, type: 'histogram', aggregator: 'sum', values };
    };
    this.#registry.registerMetric({ name: whole, help, type: 'histogram', get } as unknown as PrometheusMetric);
  }
}

/** The lines of a histogram: how many durations are no longer than each bound, how many there are, and their sum. */
function histogramValues(name: string, { counts, sum }: HistogramSnapshot) {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { le: BUCKET_BOUNDS[index] ?? '+Inf' }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: total },
  ];
}
