/** Byte-Range: which octets of a message a chunk or a REPORT is about. RFC 4975 §7.1.1, §9. */

/** 1-based and inclusive; `undefined` stands for `*`. An empty range ends one before its start, as in `1-0/0`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number | undefined;
  readonly total: number | undefined;
}

const ASTERISK = 0x2a;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const NOT_A_NUMBER = -1;

/**
 * Reads a header value. `undefined` when it is malformed, when a number is over 2^53-1 (never rounded), or when the
 * end lies before an empty range. Whether total and end fit the octets that follow is for who counts them to say.
 */
export function parseByteRange(text: string): ByteRange | undefined {
  const hyphen = digitsEnd(text, 0);
  const start = numberAt(text, 0, hyphen);
  if (start < 1 || text.charCodeAt(hyphen) !== HYPHEN) return undefined;

  const slash = limitEnd(text, hyphen + 1);
  const end = limitAt(text, hyphen + 1, slash);
  if (end === NOT_A_NUMBER || text.charCodeAt(slash) !== SLASH) return undefined;
  if (end !== undefined && end < start - 1) return undefined;

  const last = limitEnd(text, slash + 1);
  const total = limitAt(text, slash + 1, last);
  if (total === NOT_A_NUMBER || last !== text.length) return undefined;
  return { start, end, total };
}

/** Writes a header value, `*` for what is unknown. */
export function formatByteRange(range: ByteRange): string {
  return `${range.start}-${range.end ?? '*'}/${range.total ?? '*'}`;
}

/** Offset after the digits that begin at `at`. */
function digitsEnd(text: string, at: number): number {
  let end = at;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

/** Offset after the digits, or after the one `*`, at `at`. */
function limitEnd(text: string, at: number): number {
  return text.charCodeAt(at) === ASTERISK ? at + 1 : digitsEnd(text, at);
}

function limitAt(text: string, at: number, end: number): number | undefined {
  return text.charCodeAt(at) === ASTERISK ? undefined : numberAt(text, at, end);
}

function numberAt(text: string, at: number, end: number): number {
  if (at === end) return NOT_A_NUMBER;
  let value = 0;
  for (let index = at; index < end; index += 1) {
    // In this order: no sum on the way may be larger than the result, or it would be rounded.
    value = value * 10 + (text.charCodeAt(index) - 0x30);
    if (value > Number.MAX_SAFE_INTEGER) return NOT_A_NUMBER;
  }
  return value;
}

/** False also for the NaN that reading past the end gives. */
function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
