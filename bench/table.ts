/** Tables of what was measured, as Markdown. */
import { byLoad, disturbance, figureOf, format, judge, median, medianOf, troubles } from './figures.ts';
import type { Figure } from './loads.ts';
import type { Measurement } from './measure.ts';

/** One row a figure, one column a contender: its median and, but for the first, how many times the first's it is. */
export function table(measurements: readonly Measurement[]): string {
  const contenders = [...new Set(measurements.map(({ contender }) => contender))];
  const [, ...others] = contenders;
  const header = ['load', 'figure', ...contenders, ...(others.length === 0 ? [] : ['aim']), 'disturbed'];
  const rows = [...byLoad(measurements)].flatMap(([load, all]) =>
    load.figures.map((figure, index) => [
      index === 0 ? load.name : '',
      `${figure.name}, ${figure.unit}`,
      ...all.map((measurement) => cell(measurement, figure, measurement === all[0] ? undefined : all[0])),
      ...(others.length === 0 ? [] : [verdict(figure, all)]),
      index === 0 ? `${format(disturbance(all.flatMap(({ runs }) => runs)) * 100, 0)} %` : '',
    ]),
  );
  return align([header, ...rows]);
}

/** One row a figure: the first contender, the second, and the second by the first, round by round: median, least, most. */
export function spreadTable(measurements: readonly Measurement[]): string {
  const contenders = [...new Set(measurements.map(({ contender }) => contender))];
  const header = ['load', 'figure', ...contenders, 'ratio', 'from', 'to', 'disturbed'];
  const rows = [...byLoad(measurements)].flatMap(([load, all]) =>
    load.figures.map((figure, index) => [
      index === 0 ? load.name : '',
      `${figure.name}, ${figure.unit}`,
      ...all.map((measurement) => cell(measurement, figure, undefined)),
      ...spread(figure, all),
      index === 0 ? `${format(disturbance(all.flatMap(({ runs }) => runs)) * 100, 0)} %` : '',
    ]),
  );
  return align([header, ...rows]);
}

function spread(figure: Figure, [before, after]: readonly Measurement[]): string[] {
  const ratios = ratiosByRound(figure, before, after);
  const middle = median(ratios);
  return middle === undefined
    ? ['', '', '']
    : [middle, Math.min(...ratios), Math.max(...ratios)].map((ratio) => format(ratio, 2));
}

/** What the second makes of the first, in each round that both have the figure of. */
function ratiosByRound(figure: Figure, before: Measurement | undefined, after: Measurement | undefined): number[] {
  return (before?.runs ?? []).flatMap((run, round) => {
    const [a, b] = [run, after?.runs[round]].map((one) => (one === undefined ? undefined : figureOf(one, figure)));
    return a === undefined || b === undefined || a === 0 ? [] : [b / a];
  });
}

function cell({ runs, unable }: Measurement, figure: Figure, own: Measurement | undefined): string {
  if (unable !== undefined) return `(${unable})`;
  const wrong = troubles(runs);
  if (wrong.length > 0) return `fails: ${wrong.join('; ')}`;
  const value = medianOf(runs, figure);
  if (value === undefined) return '';
  const base = own === undefined ? undefined : medianOf(own.runs, figure);
  const ratio = base === undefined || base === 0 ? '' : ` (${format(value / base, 2)})`;
  return `${format(value, figure.digits)}${ratio}`;
}

function verdict(figure: Figure, measurements: readonly Measurement[]): string {
  const found = judge(figure, measurements);
  if (found === undefined) return '';
  return `${found.words}: ${found.isMet ? 'met' : `missed, ${format(found.used, 2)} of it`}`;
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  const [header = [], ...body] = rows;
  return [line(header), rule, ...body.map(line)].join('\n');
}
