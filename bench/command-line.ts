/** What `npm run bench --` is asked for. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LOADS, type Load, MODES } from './loads.ts';

/** Our relay alone; beside others; beside itself at another revision. */
type Task =
  | { readonly kind: 'alone' }
  | { readonly kind: 'compare' }
  | { readonly kind: 'against'; readonly revision: string };

/** All of it. */
export interface Request {
  readonly task: Task;
  readonly loads: readonly Load[];
  readonly rounds: number;
  /** Folder of the load generator's source. */
  readonly generator: string;
  /** Where the results go besides standard output. */
  readonly json: string | undefined;
  readonly svg: string | undefined;
  readonly lock: string | undefined;
}

/** Called in a wrong way; the message is one sentence. */
export class UsageError extends Error {}

const ROUNDS = { alone: 3, compare: 3, against: 5 } as const;

/**
 * @param args - the arguments.
 * @param generator - the folder of the load generator's source when the arguments name none.
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], generator: string | undefined): Request {
  const { values, positionals } = parse(args);
  const { task, words } = taskOf(positionals);
  if (values.svg !== undefined && task.kind !== 'compare') throw new UsageError('--svg is for compare only.');
  return {
    task,
    loads: chosen(words, task.kind === 'compare'),
    rounds: roundsOf(values.rounds) ?? ROUNDS[task.kind],
    generator: generatorFolder(values.generator ?? generator),
    json: values.json,
    svg: values.svg,
    lock: values.lock,
  };
}

/** The folder of the load generator's source, from what names it. @throws UsageError */
export function generatorFolder(named: string | undefined): string {
  if (named !== undefined) return path.resolve(named);
  throw new UsageError('The load generator is missing: name the folder of its source with --generator or MSRPLOAD.');
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: text, svg: text, lock: text, rounds: text, generator: text },
    });
  } catch (cause) {
    const [sentence = ''] = cause instanceof Error ? cause.message.split('. ') : [];
    throw new UsageError(`${sentence.replace(/\.$/, '')}.`, { cause });
  }
}

function taskOf(positionals: readonly string[]): { readonly task: Task; readonly words: readonly string[] } {
  const [first, second, ...rest] = positionals;
  if (first === 'compare') return { task: { kind: 'compare' }, words: positionals.slice(1) };
  if (first !== 'against') return { task: { kind: 'alone' }, words: positionals };
  if (second === undefined) throw new UsageError('against needs a revision of git, such as main.');
  return { task: { kind: 'against', revision: second }, words: rest };
}

/** The loads whose group or name has one of the words; all when there is none. */
function chosen(words: readonly string[], comparedOnly: boolean): readonly Load[] {
  const loads = comparedOnly ? LOADS.filter(({ isCompared }) => isCompared) : LOADS;
  const has = ({ mode, name }: Load, word: string) => mode === word || name.includes(word);
  const unknown = words.find((word) => !loads.some((load) => has(load, word)));
  if (unknown !== undefined) {
    throw new UsageError(
      `There is no load "${unknown}": name a group (${MODES.join(', ')}) or a part of a load's name.`,
    );
  }
  return words.length === 0 ? loads : loads.filter((load) => words.some((word) => has(load, word)));
}

function roundsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d?$/.test(text)) throw new UsageError(`--rounds has to be a whole number from 1 to 99, not "${text}".`);
  return Number(text);
}
