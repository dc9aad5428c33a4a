/** What one piece of work costs each contender, as bars: an SVG that can be read on a light page and on a dark one. */
import { byLoad, format, medianOf, troubles } from './figures.ts';
import type { Figure, Load } from './loads.ts';
import type { Measurement } from './measure.ts';

const WIDTH = 860;
const MARGIN = 16;
const NAME_WIDTH = 110;
/** Room behind the longest bar for its figure. */
const FIGURE_WIDTH = 150;
const BAR = { height: 13, step: 18 } as const;
const HEADING = 26;
const GAP = 12;
const TOP = 60;
/** By place: ours, then the others. Each has a contrast of 3 to 1 at least with white and with #0d1117. */
const COLOURS = ['#2f81f7', '#d9730d', '#7d8590', '#2da44e'] as const;

const STYLE = `\
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.load { font-weight: 600; }
.quiet { fill: #59636e; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .quiet { fill: #9198a1; } }`;

/** The chart, a whole SVG file. The bars of a load share a scale of their own, as loads have different units. */
export function chart(measurements: readonly Measurement[]): string {
  const parts: string[] = [];
  let y = TOP;
  for (const [load, all] of byLoad(measurements)) {
    const [figure] = load.figures;
    if (figure === undefined) continue;
    parts.push(...group(load, figure, all, y));
    y += HEADING + all.length * BAR.step + GAP;
  }
  return `\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-labelledby="title">
<title id="title">What one piece of work costs each program, by load</title>
<style>
${STYLE}
</style>
${text(MARGIN, 24, 'What one piece of work costs', 'title')}
${text(MARGIN, 42, 'shorter is better; each load has a scale of its own; x: times ours', 'quiet')}
${parts.join('\n')}
</svg>
`;
}

function group(load: Load, figure: Figure, all: readonly Measurement[], top: number): string[] {
  const values = all.map(({ runs }) => (troubles(runs).length > 0 ? undefined : medianOf(runs, figure)));
  const most = Math.max(...values.map((value) => value ?? 0));
  const [own] = values;
  return [
    text(MARGIN, top + 14, `${load.name}: ${figure.name}`, 'load'),
    ...all.flatMap((measurement, place) => {
      const value = values[place];
      const y = top + HEADING + place * BAR.step;
      const name = text(MARGIN, y + 10, measurement.contender, place === 0 ? 'load' : '');
      const left = MARGIN + NAME_WIDTH;
      if (value === undefined) return [name, text(left, y + 10, `(${absence(measurement)})`, 'quiet')];
      const length = most === 0 ? 0 : ((WIDTH - left - FIGURE_WIDTH) * value) / most;
      const times = place === 0 || own === undefined || own === 0 ? '' : `  x ${format(value / own, 2)}`;
      const bar = `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${BAR.height}" rx="2" fill="${COLOURS[place % COLOURS.length]}"/>`;
      return [name, bar, text(left + length + 6, y + 10, `${format(value, figure.digits)} ${figure.unit}${times}`, '')];
    }),
  ];
}

function absence({ runs, unable }: Measurement): string {
  return unable ?? (runs.length === 0 ? 'not measured' : `fails: ${troubles(runs).join('; ')}`);
}

function text(x: number, y: number, words: string, style: string): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${Number(x.toFixed(1))}" y="${y}"${style === '' ? '' : ` class="${style}"`}>${escaped}</text>`;
}
