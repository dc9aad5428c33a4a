/**
 * To-Path, From-Path and Use-Path values: URIs separated by a space, nearest first. RFC 4975 §7.1, RFC 4976 §3.
 * The URIs stay text here, because they are copied between headers octet for octet. Runs of blanks and tabs, also
 * at the ends, count as one separator.
 */

const TAB = 0x09;
const SPACE = 0x20;

/** Every URI of the value, in order; empty for a blank value. The strings are slices of `value`. */
export function splitPath(value: string): string[] {
  const uris: string[] = [];
  for (let at = uriStart(value, 0); at < value.length; ) {
    const end = uriEnd(value, at);
    uris.push(value.slice(at, end));
    at = uriStart(value, end);
  }
  return uris;
}

/** The first URI, '' for a blank value. Looks no further than that URI. */
export function firstOf(value: string): string {
  const at = uriStart(value, 0);
  return value.slice(at, uriEnd(value, at));
}

/** What follows the first URI, as written from the second URI on; '' when there is no second. */
export function restOf(value: string): string {
  return value.slice(uriStart(value, uriEnd(value, uriStart(value, 0))));
}

/** The last URI, '' for a blank value. */
export function lastOf(value: string): string {
  let end = value.length;
  while (end > 0 && isBlank(value.charCodeAt(end - 1))) end -= 1;
  let at = end;
  while (at > 0 && !isBlank(value.charCodeAt(at - 1))) at -= 1;
  return value.slice(at, end);
}

/** How many URIs the value holds. Allocates nothing. */
export function countOf(value: string): number {
  let count = 0;
  for (let at = uriStart(value, 0); at < value.length; at = uriStart(value, uriEnd(value, at))) count += 1;
  return count;
}

/** Offset of the first character at or after `at` that is not blank. */
function uriStart(value: string, at: number): number {
  let start = at;
  while (start < value.length && isBlank(value.charCodeAt(start))) start += 1;
  return start;
}

/** Offset of the first blank at or after `at`. */
function uriEnd(value: string, at: number): number {
  let end = at;
  while (end < value.length && !isBlank(value.charCodeAt(end))) end += 1;
  return end;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
