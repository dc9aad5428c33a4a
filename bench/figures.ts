/** From runs to figures: medians, what went wrong, ratios, and whether an aim is met. */
import type { Result } from './load-generator.ts';
import type { Figure, Load } from './loads.ts';
import type { Measurement } from './measure.ts';

/** The median of numbers; `undefined` of none. Of an even count the upper one of the middle. */
export function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** A figure of one run, in its unit; `undefined` when the run has it not. */
export function figureOf(run: Result, { path, scale }: Figure): number | undefined {
  const value = path.split('.').reduce<unknown>((at, part) => (isRecord(at) ? at[part] : undefined), run);
  return typeof value === 'number' ? value * scale : undefined;
}

/** The median of a figure over the runs that have it. */
export function medianOf(runs: readonly Result[], figure: Figure): number | undefined {
  return median(runs.map((run) => figureOf(run, figure)).filter((value) => value !== undefined));
}

/** What went wrong in runs, in a few words, each once: how they ended early, messages lost, octets that differ. */
export function troubles(runs: readonly Result[]): readonly string[] {
  const found = runs.flatMap((run) => [
    ...(run.end === 'ok' ? [] : [String(run.end)]),
    ...(typeof run.lost === 'number' && run.lost > 0 ? ['messages lost'] : []),
    ...(isWhole(run) ? [] : [`file ${run.integrity}`]),
    ...(typeof run.failed === 'number' && run.failed > 0 ? ['connections failed'] : []),
  ]);
  return [...new Set(found)];
}

/** Whether what came of a file is right, and all of it, but for one that has no end. */
function isWhole({ mode, integrity }: Result): boolean {
  return integrity === undefined || integrity === 'ok' || (mode === 'mixed' && integrity === 'incomplete');
}

/** The most that other programs used of a CPU during a run. */
export function disturbance(runs: readonly Result[]): number {
  return Math.max(0, ...runs.map(({ foreign_cpu: foreign }) => (typeof foreign === 'number' ? foreign : 0)));
}

/** How an aim stands. */
export interface Verdict {
  readonly words: string;
  readonly isMet: boolean;
  /** How much of what is allowed is used: 1 is exactly at the aim. */
  readonly used: number;
}

/** Judges the first contender by the figure's aim; `undefined` without an aim, or when there is nothing to judge it by. */
export function judge(figure: Figure, measurements: readonly Measurement[]): Verdict | undefined {
  const { aim } = figure;
  const [own] = measurements;
  if (aim === undefined || own === undefined) return undefined;
  const value = medianOf(own.runs, figure);
  const other = measurements.find(({ contender }) => contender === aim.of);
  const base = aim.of === undefined ? 1 : medianOf(other?.runs ?? [], figure);
  if (value === undefined || base === undefined) return undefined;
  const used = value / (aim.most * base);
  return { words: aim.words, isMet: used <= 1 && troubles(own.runs).length === 0, used };
}

/** The measurements of each load, in the order in which they were made. */
export function byLoad(measurements: readonly Measurement[]): ReadonlyMap<Load, readonly Measurement[]> {
  return Map.groupBy(measurements, ({ load }) => load);
}

/** A number as people read it. */
export function format(value: number, digits: number): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
