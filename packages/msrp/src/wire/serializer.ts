/** Requests and responses as text, one character an octet; bodies are written between head and end-line by whoever has them. */
import type { ContinuationFlag } from './head.ts';

/** The end of a message without body (RFC 4975 §7.1). After a body, CRLF comes before it. */
export function formatEndLine(transactionId: string, flag: ContinuationFlag): string {
  return `-------${transactionId}${flag}\r\n`;
}

/**
 * A request up to its end-line, without it.
 *
 * @param lines - the header lines after From-Path, each with its CRLF, Content-Type last.
 * @param hasBody - adds the empty line that announces a body.
 */
export function formatRequestHead(
  transactionId: string,
  method: string,
  toPath: string,
  fromPath: string,
  lines: string,
  hasBody: boolean,
): string {
  const blank = hasBody ? '\r\n' : '';
  return `MSRP ${transactionId} ${method}\r\nTo-Path: ${toPath}\r\nFrom-Path: ${fromPath}\r\n${lines}${blank}`;
}

/**
 * A whole response (RFC 4975 §7.2).
 *
 * @param comment - what follows the code; nothing does when it is empty.
 * @param lines - header lines after From-Path, each with its CRLF.
 */
export function formatResponse(
  transactionId: string,
  status: number,
  comment: string,
  toPath: string,
  fromPath: string,
  lines = '',
): string {
  const code = String(status).padStart(3, '0');
  const start = comment === '' ? code : `${code} ${comment}`;
  return `MSRP ${transactionId} ${start}\r\nTo-Path: ${toPath}\r\nFrom-Path: ${fromPath}\r\n${lines}-------${transactionId}$\r\n`;
}
