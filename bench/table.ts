/** From runs to one table: medians, and how two relays compare. */
import type { Result } from './load-generator.ts';
import type { Load, Mode } from './loads.ts';

/** All runs of one load against one relay. */
export interface Measurement {
  readonly load: Load;
  /** The relay's name. */
  readonly relay: string;
  readonly runs: readonly Result[];
}

/** A column's number: where the generator puts it, and how it reads. */
interface Quantity {
  readonly path: string;
  readonly unit: string;
  readonly digits: number;
}

/** What a relay gets done, and what one piece of that costs it. */
const QUANTITIES: Readonly<Record<Mode, { readonly rate: Quantity; readonly cost: Quantity }>> = {
  msg: {
    rate: { path: 'msgs_per_s', unit: 'msg/s', digits: 0 },
    cost: { path: 'server.cpu_us_per_msg', unit: 'us/msg', digits: 1 },
  },
  file: {
    rate: { path: 'mb_per_s', unit: 'MB/s', digits: 0 },
    cost: { path: 'server.cpu_s_per_gb', unit: 's/GB', digits: 2 },
  },
  conn: {
    rate: { path: 'conns_per_s', unit: 'conn/s', digits: 0 },
    cost: { path: 'server.cpu_us_per_conn', unit: 'us/conn', digits: 0 },
  },
  idle: {
    rate: { path: 'alive', unit: 'alive', digits: 0 },
    cost: { path: 'pss_per_conn', unit: 'octets/conn', digits: 0 },
  },
};

/** The median of a number over runs; `server.cpu_s` looks inside records. `undefined` when no run has it. */
export function median(runs: readonly Result[], path: string): number | undefined {
  const values = runs
    .map((run) => path.split('.').reduce<unknown>((at, part) => (isRecord(at) ? at[part] : undefined), run))
    .filter((value) => typeof value === 'number')
    .sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)];
}

/** The table, as Markdown. With two relays each row also says how many times the first does the work, and costs, of the second. */
export function table(measurements: readonly Measurement[]): string {
  const relays = [...new Set(measurements.map(({ relay }) => relay))];
  const loads = [...new Set(measurements.map(({ load }) => load))];
  const header = [
    'load',
    ...relays.flatMap((relay) => [relay, 'CPU', 'p50 us', 'p99 us', 'lost']),
    ...(relays.length === 2 ? ['rate ratio', 'CPU ratio'] : []),
  ];
  const rows = loads.map((load) => {
    const found = relays.map((relay) => measurements.find((other) => other.load === load && other.relay === relay));
    return [load.name, ...found.flatMap(cells), ...(relays.length === 2 ? ratios(load, found) : [])];
  });
  return align([header, ...rows]);
}

function cells(measurement: Measurement | undefined): string[] {
  if (measurement === undefined) return ['', '', '', '', ''];
  const { load, runs } = measurement;
  const { rate, cost } = QUANTITIES[load.mode];
  const ends = [...new Set(runs.map((run) => String(run.end)))].filter((end) => end !== 'ok');
  const done = ends.length === 0 ? quantity(runs, rate) : `fails: ${ends.join('; ')}`;
  const plain = (path: string) => format(median(runs, path), 0);
  return [done, quantity(runs, cost), plain('lat_us.p50'), plain('lat_us.p99'), plain('lost')];
}

function ratios(load: Load, [own, other]: readonly (Measurement | undefined)[]): string[] {
  const { rate, cost } = QUANTITIES[load.mode];
  return [rate, cost].map(({ path }) => {
    const [a, b] = [median(own?.runs ?? [], path), median(other?.runs ?? [], path)];
    return a === undefined || b === undefined || b === 0 ? '' : format(a / b, 2);
  });
}

function quantity(runs: readonly Result[], { path, unit, digits }: Quantity): string {
  const value = median(runs, path);
  return value === undefined ? '' : `${format(value, digits)} ${unit}`;
}

function format(value: number | undefined, digits: number): string {
  if (value === undefined) return '';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const [header = [], ...body] = rows;
  return [line(header), rule, ...body.map(line)].join('\n');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
