/**
 * Settings from environment variables: `MSRP_RELAY_SECTION__KEY`, or `MSRP_RELAY_SECTION__KEY_FILE` for a file that holds the
 * value; `MSRP_RELAY_LIST__0__KEY` for a key of an entry of a list.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { type ConfigSource, reason } from './config-file.ts';
import type { ConfigPath, Problem } from './config-place.ts';
import { configJsonSchema, type JsonSchemaNode } from './config-schema.ts';
import { nearest } from './nearest.ts';

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'MSRP_RELAY_';
const FILE_SUFFIX = '_FILE';

/** The variable that overrides the key at `path`: `['flow', 'highWaterOctets']` has `MSRP_RELAY_FLOW__HIGH_WATER_OCTETS`. */
export function variableOf(path: readonly string[]): string {
  return PREFIX + path.map((key) => key.replace(/[A-Z]/g, (capital) => `_${capital}`).toUpperCase()).join('__');
}

/** The JSON Schema of a configuration file; every key also names the variable that overrides it. */
export function annotatedJsonSchema(): JsonSchemaNode {
  return annotate(configJsonSchema(), []);
}

function annotate(node: JsonSchemaNode, path: readonly string[]): JsonSchemaNode {
  const named = path.length === 0 ? node : { ...node, 'x-environment': variableOf(path) };
  if (node.properties === undefined) return named;
  const properties = Object.entries(node.properties).map(([key, inner]) => [key, annotate(inner, [...path, key])]);
  return { ...named, properties: Object.fromEntries(properties) };
}

interface Setting {
  readonly path: readonly string[];
  readonly schema: JsonSchemaNode;
}

/**
 * Lays the variables over what a file says. A whole section is replaced before single keys of it are.
 * What is wrong with a variable joins the problems of the source.
 */
export function overlayEnvironment(source: ConfigSource, environment: Environment): ConfigSource {
  const settings = settingsByVariable();
  const value: unknown = structuredClone(source.value);
  const origins = new Map<string, string>();
  const problems: Problem[] = [...source.problems];
  const report = (variable: string, text: string) => problems.push({ place: placeOf(variable), text });
  for (const variable of Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX))
    .toSorted()) {
    const plain = variable.endsWith(FILE_SUFFIX) ? variable.slice(0, -FILE_SUFFIX.length) : variable;
    const setting = settings.get(plain) ?? settingInList(plain);
    if (setting === undefined) {
      const near = nearest(
        plain.slice(PREFIX.length),
        [...settings.keys()].map((name) => name.slice(PREFIX.length)),
      );
      report(variable, `unknown variable${near === undefined ? '' : `, did you mean ${PREFIX}${near}?`}`);
    } else if (plain !== variable && environment[plain] !== undefined) {
      report(variable, `expected instead of ${plain}, found beside it`);
    } else {
      const read = readVariable(environment[variable] ?? '', plain !== variable, setting.schema);
      if ('problem' in read) report(variable, read.problem);
      else if (place(value, setting.path, read.value)) origins.set(setting.path.join('.'), variable);
      else if (setting.path.length > 2)
        report(variable, `expected an entry ${setting.path[1]} in ${setting.path[0]}, found none`);
    }
  }
  return { ...source, value, problems, locate: (path, part) => placeFrom(origins, path) ?? source.locate(path, part) };
}

function settingsByVariable(): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [key, schema] of Object.entries(configJsonSchema().properties ?? {})) {
    settings.set(variableOf([key]), { path: [key], schema });
    for (const [inner, innerSchema] of Object.entries(schema.properties ?? {})) {
      settings.set(variableOf([key, inner]), { path: [key, inner], schema: innerSchema });
    }
  }
  return settings;
}

/** A key of an entry of a list, counted from 0: `MSRP_RELAY_CREDENTIALS__0__PASSWORD`. */
function settingInList(variable: string): Setting | undefined {
  for (const [list, { items }] of Object.entries(configJsonSchema().properties ?? {})) {
    const prefix = `${variableOf([list])}__`;
    const at = variable.startsWith(prefix) ? /^\d{1,3}(?=__)/.exec(variable.slice(prefix.length))?.[0] : undefined;
    if (at === undefined) continue;
    const keys = (items?.oneOf ?? []).flatMap(({ properties }) => Object.entries(properties ?? {}));
    const found = keys.find(([key]) => variableOf([list, at, key]) === variable);
    if (found !== undefined) return { path: [list, at, found[0]], schema: found[1] };
  }
  return undefined;
}

function readVariable(text: string, isFile: boolean, schema: JsonSchemaNode): { value: unknown } | { problem: string } {
  let content = text;
  if (isFile) {
    try {
      content = readFileSync(text, 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      return { problem: `expected the path of a readable file, found one that cannot be read: ${reason(cause)}` };
    }
  }
  // Texts stand as they are, whatever YAML would make of them, unless they are in quotes; PEM keeps its lines.
  if (schema.type === 'string' && !/^["']/.test(content)) return { value: content };
  const document = parseDocument(content, { prettyErrors: false });
  const error = document.errors[0] ?? document.warnings[0];
  if (error !== undefined) return { problem: `expected a YAML value, found something else: ${reason(error)}` };
  try {
    return { value: document.toJS() };
  } catch (cause) {
    return { problem: `expected a YAML value, found something else: ${reason(cause)}` };
  }
}

/** Puts `value` where `path` says; false when something that is no mapping is in the way, which is a problem of its own. */
function place(root: unknown, path: readonly string[], value: unknown): boolean {
  const [key, ...rest] = path;
  if (key === undefined || (!isMapping(root) && !isEntry(root, key))) return false;
  if (rest.length === 0) {
    root[key] = value;
    return true;
  }
  root[key] ??= {};
  return place(root[key], rest, value);
}

/** An entry that is there: variables change lists, they do not make them longer. */
function isEntry(list: unknown, key: string): list is Record<string, unknown> {
  return Array.isArray(list) && Object.hasOwn(list, key);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function placeFrom(origins: ReadonlyMap<string, string>, path: ConfigPath) {
  for (let length = path.length; length > 0; length -= 1) {
    const variable = origins.get(path.slice(0, length).join('.'));
    if (variable !== undefined) return placeOf(variable);
  }
  return undefined;
}

/** Variables come after everything that stands in the file. */
function placeOf(variable: string) {
  return { label: variable, order: Number.POSITIVE_INFINITY };
}
