/**
 * Reads wire vectors from Markdown: a heading, what it is about, the octets (`msrp`), the events that they must
 * give (`events`, in the words of `transcript.ts`).
 *
 * In an `msrp` block every line ends in CRLF, also the last, unless `<<JOIN>>` ends it. `\xNN` is one octet,
 * `<<SP>>` a space, `<<3 of ab>>` is `ababab`, and `<<P a-b>>` octets a to b (from 1) of a to z over and over.
 * The last two may stand in events too. "Limits: 300 octets, 5 lines." in the prose sets those of the parser.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ParserLimits } from '../src/wire/index.ts';

export interface Vector {
  readonly name: string;
  readonly octets: Uint8Array;
  readonly events: readonly string[];
  readonly limits: ParserLimits;
}

/** What relays allow unless told otherwise. */
export const DEFAULT_LIMITS: ParserLimits = { maxHeadOctets: 16_384, maxHeadLines: 64 };

const FENCE = '```';
const VECTOR = new RegExp(
  `^## (?<name>[^\\n]+)\\n(?<prose>(?:(?!## |${FENCE})[^\\n]*\\n)*)${FENCE}msrp\\n(?<wire>[^]*?)\\n${FENCE}\\n\\n${FENCE}events\\n(?<events>[^]*?)\\n?${FENCE}$`,
  'gm',
);

/** Every vector of `test/vectors/<file>`; throws when a part of the file is not of that form. */
export function readVectors(file: string): Vector[] {
  // One character an octet, so that whatever the file holds gets through as it is.
  const text = readFileSync(path.join(import.meta.dirname, 'vectors', file), 'latin1');
  const vectors = Array.from(text.matchAll(VECTOR), ({ groups = {} }) => ({
    name: groups.name ?? '',
    octets: wireOctets(groups.wire ?? ''),
    events: (groups.events ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map(expand),
    limits: readLimits(groups.prose ?? ''),
  }));
  const headings = text.match(/^## /gm)?.length;
  if (vectors.length !== headings) throw new Error(`${file}: ${headings} headings, ${vectors.length} vectors`);
  return vectors;
}

function wireOctets(block: string): Uint8Array {
  const lines = `${block}\n`.replaceAll('<<JOIN>>\n', '').replaceAll('\n', '\r\n');
  return Buffer.from(unescaped(expand(lines)), 'latin1');
}

function expand(text: string): string {
  return text
    .replaceAll('<<SP>>', ' ')
    .replace(/<<(\d+) of (.+?)>>/g, (_, count: string, run: string) => run.repeat(Number(count)))
    .replace(/<<P (\d+)-(\d+)>>/g, (_, first: string, last: string) => pattern(Number(first), Number(last)));
}

function unescaped(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function pattern(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, index) =>
    String.fromCharCode(97 + ((first - 1 + index) % 26)),
  ).join('');
}

function readLimits(prose: string): ParserLimits {
  const [, octets, lines] = /^Limits: (\d+) octets, (\d+) lines\./m.exec(prose) ?? [];
  if (octets === undefined) return DEFAULT_LIMITS;
  return { maxHeadOctets: Number(octets), maxHeadLines: Number(lines) };
}
