/** A configuration file: YAML text to plain values, and back from a value to the line and column where it stands. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { ConfigError, type ConfigPath, type Place, type Problem, quote } from './config-place.ts';

/** Values before anybody has judged them. */
export interface ConfigSource {
  /** Mappings, lists and scalars as they stand. */
  readonly value: unknown;
  /** What is wrong with the text although its values can be read. */
  readonly problems: readonly Problem[];
  /** Relative paths start here. */
  readonly folder: string;
  /** Where the value at a path stands; the key itself when `part` is `key`; the nearest thing around it when it is missing. */
  locate(path: ConfigPath, part: 'key' | 'value'): Place;
}

/** No file: everything comes from the environment. Places are called `origin`. */
export function emptySource(origin: string, value: unknown = {}): ConfigSource {
  return { value, problems: [], folder: process.cwd(), locate: () => ({ label: origin, order: 0 }) };
}

/**
 * Reads a configuration file.
 *
 * @throws {ConfigError} when the file cannot be read or is not YAML.
 */
export function readConfigFile(file: string): ConfigSource {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    throw new ConfigError([{ place: { label: file, order: 0 }, text: `cannot be read: ${reason(cause)}` }]);
  }
  return parseConfigText(file, text);
}

function parseConfigText(file: string, text: string): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { label: `${file}:${line}:${col}`, order: offset };
  };
  const toProblem = (error: YAMLError): Problem => ({ place: placeAt(error.pos[0]), text: describe(error, text) });
  const fatal = [...document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY'), ...document.warnings];
  if (fatal.length > 0) throw new ConfigError(fatal.map(toProblem));
  return {
    value: plainValue(document, placeAt(0)),
    problems: document.errors.map(toProblem),
    folder: dirname(resolve(file)),
    locate: (path, part) => placeAt(offsetOf(document, path, part)),
  };
}

function plainValue(document: Document.Parsed, start: Place): unknown {
  try {
    // An empty file is an empty mapping: it has all the defaults.
    return document.toJS() ?? {};
  } catch (cause) {
    throw new ConfigError([{ place: start, text: reason(cause) }]);
  }
}

function describe(error: YAMLError, text: string): string {
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^["']?([\w-]+)/.exec(text.slice(error.pos[0]))?.[1] ?? 'key';
    return `${quote(key)}: expected once, found again`;
  }
  if (error.code === 'MULTIPLE_DOCS') return 'expected one document, found a further one';
  return `not YAML: ${quote(error.message).slice(1, -1)}`;
}

/** What an exception says, for the end of a sentence. */
export function reason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return quote(message).slice(1, -1).replaceAll('\\"', '"');
}

function offsetOf(document: Document.Parsed, path: ConfigPath, part: 'key' | 'value'): number {
  let node: Node | null = document.contents;
  let offset = start(node, 0);
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = pairOf(node, step);
      if (pair === undefined) return offset;
      const keyOffset = start(pair.key, offset);
      node = isNode(pair.value) ? pair.value : null;
      // A key without a value has its value where the key stands: that is where one looks.
      offset = (last && part === 'key') || isEmpty(node) ? keyOffset : start(node, keyOffset);
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      node = isNode(item) ? item : null;
      offset = start(node, offset);
    } else return offset;
  }
  return offset;
}

function pairOf(map: YAMLMap, step: string | number): Pair | undefined {
  return map.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function start(node: unknown, otherwise: number): number {
  return isNode(node) ? (node.range?.[0] ?? otherwise) : otherwise;
}
