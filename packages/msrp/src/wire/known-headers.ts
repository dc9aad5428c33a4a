/** The headers whose form is known to the reader of heads. */

const NAMES = [
  'To-Path',
  'From-Path',
  'Message-ID',
  'Byte-Range',
  'Success-Report',
  'Failure-Report',
  'Status',
  'Content-Type',
  'Expires',
  'Use-Path',
  'Authorization',
] as const;

/** One of them: each at most once in a head (WWW-Authenticate and unknown ones may repeat). */
export interface KnownHeader {
  readonly name: (typeof NAMES)[number];
  /** Tells it from the others in a set of them. */
  readonly bit: number;
}

const HEADERS: readonly KnownHeader[] = NAMES.map((name, index) => ({ name, bit: 1 << index }));

/** By the length of the name, as two names at most share one. */
const BY_LENGTH: readonly (readonly KnownHeader[])[] = Array.from({ length: 16 }, (_, length) =>
  HEADERS.filter(({ name }) => name.length === length),
);
const BY_NAME_IN_LOWER_CASE = new Map(HEADERS.map((header) => [header.name.toLowerCase(), header]));

/** The header whose name stands before `colon`. Names compare without case; nearly all peers write them as the RFC prints them. */
export function knownHeader(text: string, at: number, colon: number): KnownHeader | undefined {
  const candidates = BY_LENGTH[colon - at];
  if (candidates === undefined) return undefined;
  const written = text.slice(at, colon);
  for (const header of candidates) if (written === header.name) return header;
  return candidates.length === 0 ? undefined : BY_NAME_IN_LOWER_CASE.get(written.toLowerCase());
}

/** The bit of one of them. */
export function bitOf(name: KnownHeader['name']): number {
  return 1 << NAMES.indexOf(name);
}
