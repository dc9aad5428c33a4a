/** The head of a request or response: its start line and header lines, read but not changed. */
import type { ByteRange } from './byte-range.ts';

/** Ends a chunk: `$` the message is complete, `+` more will follow, `#` the sender gave the message up. */
export type ContinuationFlag = '$' | '+' | '#';

/** What the sender wants to hear of failures; a missing header means `yes` (RFC 4975 §7.1.1). */
export type FailureReport = 'yes' | 'no' | 'partial';

/**
 * One head as it was received. Texts carry one character an octet, so writing
 * them as latin1 gives the same octets back. `transactionId`, `toPath` and the other
 * texts but `messageId` may be views on a longer text: who keeps one keeps that.
 */
export interface Head {
  readonly transactionId: string;
  /** A request's method; empty in a response. */
  readonly method: string;
  /** A response's code; 0 in a request. */
  readonly status: number;
  /** What follows the code in a response; empty when nothing does. */
  readonly comment: string;
  readonly toPath: string;
  readonly fromPath: string;
  /** Empty when there is none. A text of its own, not a view. */
  readonly messageId: string;
  /** Undefined when there is none, or none that can be read. */
  readonly byteRange: ByteRange | undefined;
  readonly successReport: boolean;
  readonly failureReport: FailureReport;
  /** Whether a body follows: exactly when there is a Content-Type (RFC 4975 §7.1). */
  readonly hasBody: boolean;
  /** All header lines after From-Path as received, each with its CRLF. */
  readonly lines: string;
  /** Where the Byte-Range line stands in `lines`, or would stand; both the same when there is none. */
  readonly rangeStart: number;
  readonly rangeEnd: number;
  /** Why the request deserves a 400 (and a response or REPORT to be dropped); undefined when it reads well. */
  readonly fault: string | undefined;
}

/**
 * The values of the headers called `name` (given in lower case) among a head's lines,
 * in order, without white space around them. For headers that the parser does not read itself.
 */
export function headerValues(head: Pick<Head, 'lines'>, name: string): string[] {
  const { lines } = head;
  const values: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const lineFeed = lines.indexOf('\r\n', at);
    const end = lineFeed < 0 ? lines.length : lineFeed;
    const colon = at + name.length;
    if (lines[colon] === ':' && lines.slice(at, colon).toLowerCase() === name)
      values.push(trimmed(lines, colon + 1, end));
    at = end + 2;
  }
  return values;
}

/** What stands between `from` and `to`, without blanks and tabs around it: `trim` would also take A0, an octet of UTF-8. */
function trimmed(line: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(line, start)) start += 1;
  while (end > start && isBlank(line, end - 1)) end -= 1;
  return line.slice(start, end);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}
