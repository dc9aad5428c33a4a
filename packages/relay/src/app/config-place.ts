/** Problems of a configuration: where they stand, how they are worded, the error that carries all of them. */
import type { JsonSchemaNode } from './config-schema.ts';

/** The keys and list positions that lead to a value. */
export type ConfigPath = readonly (string | number)[];

/** A place in a configuration: how it is shown, and what it sorts by (the offset in the file). */
export interface Place {
  readonly label: string;
  readonly order: number;
}

/** What is wrong, and where. */
export interface Problem {
  readonly place: Place;
  readonly text: string;
}

/** A configuration that cannot be used. `problems` has one sentence for each thing that is wrong, in the order of the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly Problem[]) {
    const ordered = problems.toSorted((one, other) => one.place.order - other.place.order);
    const sentences = ordered.map(({ place, text }) => `${place.label}: ${text}`);
    super(sentences.join('\n'));
    this.problems = sentences;
  }
}

/** A path as a person writes it: `flow.highWaterOctets`, `listen[0]`, `credentials[0].users."a b"`. */
export function formatPath(path: ConfigPath): string {
  let shown = '';
  for (const step of path) {
    if (typeof step === 'number') shown += `[${step}]`;
    else shown += `${shown === '' ? '' : '.'}${/^[\w-]+$/.test(step) ? step : quote(step)}`;
  }
  return shown;
}

/** What stands at a path inside `value`; undefined when nothing does. */
export function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((inner, step) => {
    return typeof inner === 'object' && inner !== null
      ? Object.entries(inner).find(([key]) => key === String(step))?.[1]
      : undefined;
  }, value);
}

const LONGEST_SHOWN = 60;

/** Whether the value at a path must not be shown. */
function isSecret([section, key, ...rest]: ConfigPath): boolean {
  if (section === 'admin') return key === 'token' || key === 'readToken';
  return section === 'credentials' && rest.at(-1) !== 'type';
}

/** A value in a few words. What may be secret (credentials, tokens; keys, which are long) is named by its kind only. */
export function formatValue(path: ConfigPath, value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  const secret = isSecret(path);
  if (typeof value !== 'string') return secret ? `a ${typeof value}` : String(value);
  if (value === '') return 'an empty text';
  return secret || value.length > LONGEST_SHOWN ? `a text of ${value.length} characters` : quote(value);
}

/** A text in double quotes, control characters escaped, so that nothing written in a file can steer a terminal. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** What the schema says about a path; in a choice, the first branch that knows the path. */
function schemaAt(schema: JsonSchemaNode, path: ConfigPath): JsonSchemaNode | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  for (const branch of [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const next =
      typeof step === 'number'
        ? branch.items
        : Object.entries(branch.properties ?? {}).find(([key]) => key === step)?.[1];
    const found = next === undefined ? undefined : schemaAt(next, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The keys that may stand at a path. */
export function keysAt(schema: JsonSchemaNode, path: ConfigPath): string[] {
  const node = schemaAt(schema, path);
  const branches = node === undefined ? [] : [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  return [...new Set(branches.flatMap((branch) => Object.keys(branch.properties ?? {})))];
}
