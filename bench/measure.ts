/** Runs loads against contenders, in turn: one round is one run of each, so that what disturbs the machine disturbs all. */
import { holding } from './cpu-lock.ts';
import { disturbance } from './figures.ts';
import type { LoadGenerator, Result } from './load-generator.ts';
import type { Load } from './loads.ts';
import type { Contender, Subject } from './subject.ts';

/** What other programs may use of a CPU before a round counts as disturbed. */
const QUIET_CPU = 0.1;

/** All runs of one load against one contender, one a round. */
export interface Measurement {
  readonly load: Load;
  readonly contender: string;
  readonly runs: readonly Result[];
  /** Why there are none. */
  readonly unable?: string;
}

/** How to measure. */
export interface Procedure {
  readonly generator: LoadGenerator;
  readonly rounds: number;
  /** Taken for each load, and given back. */
  readonly lock: string | undefined;
}

/** Measures every load; what is under way is told on standard error. */
export async function measureAll(
  loads: readonly Load[],
  contenders: readonly Contender[],
  procedure: Procedure,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const load of loads) {
    measurements.push(...(await holding(procedure.lock, () => measure(load, contenders, procedure))));
  }
  return measurements;
}

async function measure(load: Load, contenders: readonly Contender[], procedure: Procedure): Promise<Measurement[]> {
  const able = contenders.filter(({ unable }) => unable?.(load) === undefined);
  const rounds = await (load.mode === 'idle' ? afresh : standing)(load, able, procedure);
  return contenders.map((contender) => {
    const unable = contender.unable?.(load);
    const runs = rounds.map((round) => round.get(contender)).filter((run) => run !== undefined);
    return { load, contender: contender.name, runs, ...(unable === undefined ? {} : { unable }) };
  });
}

type Round = ReadonlyMap<Contender, Result>;

/** One process of each for all rounds, which lets it warm up. */
async function standing(load: Load, contenders: readonly Contender[], procedure: Procedure): Promise<Round[]> {
  const subjects = new Map<Contender, Subject>();
  try {
    for (const contender of contenders) subjects.set(contender, await contender.start(load));
    const run = (contender: Contender) => procedure.generator.run(load, subjects.get(contender)!);
    // The generator has a warm-up of its own for everything but files.
    if (load.mode === 'file') await oneRound(load, contenders, 'warm-up', run);
    return await allRounds(load, contenders, procedure, run);
  } finally {
    for (const subject of subjects.values()) await subject.stop();
  }
}

/** A new process for each run: what memory a connection takes is seen only where none was freed before. */
async function afresh(load: Load, contenders: readonly Contender[], procedure: Procedure): Promise<Round[]> {
  return await allRounds(load, contenders, procedure, async (contender) => {
    const subject = await contender.start(load);
    try {
      return await procedure.generator.run(load, subject);
    } finally {
      await subject.stop();
    }
  });
}

type Run = (contender: Contender) => Promise<Result>;

/** While others disturb, at most twice as many rounds are made, and the least disturbed ones count. */
async function allRounds(
  load: Load,
  contenders: readonly Contender[],
  { rounds: wanted }: Procedure,
  run: Run,
): Promise<Round[]> {
  const rounds: Round[] = [];
  const isQuiet = (round: Round) => disturbanceOf(round) <= QUIET_CPU;
  while (rounds.filter(isQuiet).length < wanted && rounds.length < 2 * wanted) {
    // Every other round the other way round, so that nobody always follows the same neighbour.
    const inTurn = rounds.length % 2 === 0 ? contenders : contenders.toReversed();
    rounds.push(await oneRound(load, inTurn, `round ${rounds.length + 1}`, run));
  }
  return rounds.toSorted((a, b) => disturbanceOf(a) - disturbanceOf(b)).slice(0, wanted);
}

function disturbanceOf(round: Round): number {
  return disturbance([...round.values()]);
}

async function oneRound(load: Load, contenders: readonly Contender[], which: string, run: Run): Promise<Round> {
  const round = new Map<Contender, Result>();
  for (const contender of contenders) {
    process.stderr.write(`${load.name}, ${which}: ${contender.name}\n`);
    round.set(contender, await run(contender));
  }
  return round;
}
