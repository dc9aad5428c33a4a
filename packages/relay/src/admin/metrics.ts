/** The counters of the relay as Prometheus wants them: copied from a snapshot when scraped, never kept twice. */
import { Counter, Gauge, Registry } from '@prometheus-io/client';
import type { Counts, Direction, RelaySnapshot } from '../relay/snapshot.ts';
import { addProcessMetrics } from './process-metrics.ts';

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

const METRICS: readonly Metric[] = [
  gauge('connections', 'Open connections', ['transport'], ({ connections }) => byName(connections)),
  gauge('sessions', 'Granted Use-Paths that live', [], ({ sessions }) => [[[], sessions]]),
  gauge('transactions_open', 'Requests that wait for a response', [], ({ transactions }) => [[[], transactions]]),
  gauge('queued_octets', 'Octets waiting for next hops', [], ({ queuedOctets }) => [[[], queuedOctets]]),
  counter('requests_total', 'Requests', ['direction', 'method'], ({ requests }) => byDirection(requests)),
  counter('responses_total', 'Responses', ['direction', 'status'], ({ responses }) => byDirection(responses)),
  counter('reports_total', 'REPORTs made by this relay', ['trigger', 'status'], ({ reports }) => byTwo(reports)),
  counter('octets_total', 'Octets read and written', ['direction'], ({ octets }) =>
    byName({ in: octets.in, out: octets.out }),
  ),
  counter('refused_total', 'Refusals', ['reason'], ({ refused }) => byName(refused)),
  counter('auth_total', 'AUTHs', ['outcome'], ({ auth }) => byName(auth)),
  counter('credential_lookups_total', 'Look-ups in credential stores', ['store', 'outcome'], ({ lookups }) => {
    return byTwo(lookups);
  }),
  counter('oddities_total', 'Departures from the RFCs that were tolerated', ['kind'], ({ oddities }) =>
    byName(oddities),
  ),
];

function gauge(name: string, help: string, labels: readonly string[], read: Metric['read']): Metric {
  return { kind: 'gauge', name, help, labels, read };
}

function counter(name: string, help: string, labels: readonly string[], read: Metric['read']): Metric {
  return { kind: 'counter', name, help, labels, read };
}

function byName(counts: Counts): Sample[] {
  return Object.entries(counts).map(([name, count]) => [[name], count]);
}

/** Names of two words, one for each label. */
function byTwo(counts: Counts): Sample[] {
  return Object.entries(counts).map(([name, count]) => [name.split(' '), count]);
}

function byDirection(counts: Readonly<Record<Direction, Counts>>): Sample[] {
  return (['in', 'out'] as const).flatMap((direction) => {
    return Object.entries(counts[direction]).map(([name, count]): Sample => [[direction, name], count]);
  });
}

/** Turns snapshots into the text that Prometheus reads. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #copy: ((snapshot: RelaySnapshot) => void)[];
  readonly #process: { stop(): void };

  constructor() {
    this.#copy = METRICS.map((metric) => this.#register(metric));
    this.#process = addProcessMetrics(this.#registry, PREFIX);
  }

  /** The media type of what `scrape` gives. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** @param snapshot - undefined while there is no relay: then only the process is described. */
  async scrape(snapshot: RelaySnapshot | undefined): Promise<string> {
    if (snapshot !== undefined) for (const copy of this.#copy) copy(snapshot);
    return this.#registry.metrics();
  }

  /** Ends the measuring of the event loop. */
  stop(): void {
    this.#process.stop();
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
}
