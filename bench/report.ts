/** What was measured, as JSON: medians to be read by programs, and every run as the generator printed it. */
import os from 'node:os';
import { byLoad, judge, medianOf, troubles } from './figures.ts';
import type { Measurement } from './measure.ts';

/** The whole of one comparison, ready for `JSON.stringify`. */
export function report(measurements: readonly Measurement[], notes: readonly string[], at: Date): object {
  const [cpu] = os.cpus();
  return {
    at: at.toISOString(),
    machine: {
      cpus: os.cpus().length,
      model: cpu?.model ?? '',
      system: `${os.type()} ${os.release()}`,
      node: process.version,
    },
    notes,
    loads: [...byLoad(measurements)].map(([load, all]) => ({
      name: load.name,
      mode: load.mode,
      options: load.options,
      figures: load.figures.map((figure) => ({
        name: figure.name,
        unit: figure.unit,
        medians: Object.fromEntries(all.map(({ contender, runs }) => [contender, medianOf(runs, figure) ?? null])),
        aim: judge(figure, all) ?? null,
      })),
      contenders: all.map(({ contender, runs, unable = null }) => ({
        name: contender,
        unable,
        troubles: troubles(runs),
        runs,
      })),
    })),
  };
}
