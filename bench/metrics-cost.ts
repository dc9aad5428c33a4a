/**
 * `node bench/metrics-cost.ts [--tls] [--generator FOLDER]`: what metrics cost a message. The built relay, scraped every second; the same, never
 * scraped; and one whose measuring is switched off (see `unmeasured.ts`): on one CPU in turn, the load generator on another.
 * Every start makes new processes, as two processes of one program already differ by some per cent. Prints CPU per message
 * of the least disturbed run of every start, and the medians of the ratios to the third. It needs `npm run build`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificate } from './certificate.ts';
import { generatorFolder } from './command-line.ts';
import { figureOf } from './figures.ts';
import { buildLoadGenerator, type LoadGenerator, type Result } from './load-generator.ts';
import { LOADS, type Load } from './loads.ts';
import { type OwnRelay, ownRelay, THIS_TREE } from './own-relay.ts';

const STARTS = 3;
/** Runs of each relay for each start, in turn and turned round: what changes slowly meets both alike. */
const TURNS = ['scraped', 'measured', 'unmeasured', 'unmeasured', 'measured', 'scraped'] as const;
const ORDER = [...TURNS, ...TURNS, ...TURNS];
const SCRAPE_MS = 1000;

type Side = (typeof TURNS)[number];
const SIDES: readonly Side[] = ['scraped', 'measured', 'unmeasured'];
type Sides = Readonly<Record<Side, OwnRelay>>;

const { values } = parseArgs({ options: { tls: { type: 'boolean', default: false }, generator: { type: 'string' } } });
const [crowd] = LOADS.filter(
  ({ mode, secure, direction }) => mode === 'msg' && secure === values.tls && direction === 'c2p',
);
const size = ['--pairs', '100', '--window', '8'];
const warmUp = loadOf('2', '0');
const load = loadOf('1', '0.3');

function loadOf(seconds: string, warmup: string): Load {
  return { ...crowd!, options: [...size, '--seconds', seconds, '--warmup', warmup] };
}

/** Asks for the metrics once a second until the work is done. */
async function scraping<T>({ adminUrl }: OwnRelay, work: () => Promise<T>): Promise<T> {
  const page = `${await adminUrl()}/metrics`;
  const timer = setInterval(() => void fetch(page).then((answer) => answer.text()), SCRAPE_MS);
  return await work().finally(() => clearInterval(timer));
}

function runOn(sides: Sides, side: Side, generator: LoadGenerator, what: Load): Promise<Result> {
  const run = () => generator.run(what, sides[side]);
  return side === 'scraped' ? scraping(sides.scraped, run) : run();
}

/** How many SENDs it has counted: none, if it does not measure. */
async function countedSends({ adminUrl }: OwnRelay): Promise<number> {
  const page = await (await fetch(`${await adminUrl()}/metrics`)).text();
  return Number(/^msrp_relay_requests_total\{direction="in",method="SEND"\} (\d+)$/m.exec(page)?.[1]);
}

/** CPU for a message, in microseconds. */
async function measure(sides: Sides, generator: LoadGenerator): Promise<Record<Side, number>> {
  for (const side of SIDES) await runOn(sides, side, generator, warmUp);
  const runs: Record<Side, Result[]> = { scraped: [], measured: [], unmeasured: [] };
  for (const side of ORDER) runs[side].push(await runOn(sides, side, generator, load));
  const isAsMeant = (await countedSends(sides.measured)) > 0 && (await countedSends(sides.unmeasured)) === 0;
  if (!isAsMeant) throw new Error('the relay whose measuring is switched off has counted, or the other has not');
  const costOf = (side: Side) => Math.min(...runs[side].map((run) => figureOf(run, load.figures[0]!) ?? Number.NaN));
  return { scraped: costOf('scraped'), measured: costOf('measured'), unmeasured: costOf('unmeasured') };
}

function show(name: string, ratios: readonly number[]): void {
  const [least, middle, most] = ratios.toSorted((a, b) => a - b).map((ratio) => ratio.toFixed(3));
  console.log(`${name}: median of the ratios ${middle} (${least} to ${most})`);
}

const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
try {
  const generator = buildLoadGenerator(generatorFolder(values.generator ?? process.env.MSRPLOAD), folder);
  const certificate = makeCertificate(folder);
  const contender = (name: Side, ...nodeOptions: readonly string[]) =>
    ownRelay(name, THIS_TREE, path.join(folder, name), certificate, nodeOptions);
  const contenders = {
    scraped: contender('scraped'),
    measured: contender('measured'),
    unmeasured: contender('unmeasured', '--import', path.join(import.meta.dirname, 'unmeasured.ts')),
  };
  const costs: Record<Side, number>[] = [];
  for (let started = 0; started < STARTS; started += 1) {
    const [scraped, measured, unmeasured] = [
      await contenders.scraped.start(),
      await contenders.measured.start(),
      await contenders.unmeasured.start(),
    ];
    const sides: Sides = { scraped, measured, unmeasured };
    try {
      const cost = await measure(sides, generator);
      costs.push(cost);
      console.log(SIDES.map((side) => `${side} ${cost[side].toFixed(2)} us`).join(', '));
    } finally {
      await Promise.all(SIDES.map((side) => sides[side].stop()));
    }
  }
  for (const side of ['scraped', 'measured'] as const) {
    show(
      side,
      costs.map((cost) => cost[side] / cost.unmeasured),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
