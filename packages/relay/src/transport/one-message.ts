/** Whether a WebSocket message carries exactly one request or response (RFC 7977 §5.1). */
import { firstOf, formatResponse, type Head, isIdent, Parser } from 'msrp/wire';

const START = Buffer.from('MSRP ');
const SPACE = 0x20;

/** How many octets follow the transaction id in an end-line. */
const AFTER_ID = 3;

/** Longest transaction id that is read. */
const MAX_ID = 64;

/** Begins with a start line, ends with the end-line that belongs to it, and has no other such line. What is between is for the parser. */
export function isOneMessage(octets: Buffer): boolean {
  const idEnd = octets.indexOf(SPACE, START.length);
  if (!octets.subarray(0, START.length).equals(START) || idEnd < 0) return false;
  const id = octets.toString('latin1', START.length, Math.min(idEnd, START.length + MAX_ID + 1));
  if (!isIdent(id, MAX_ID)) return false;
  const endLine = Buffer.from(`\r\n-------${id}`);
  const lastAt = octets.length - endLine.length - AFTER_ID;
  for (let at = octets.indexOf(endLine, idEnd); at >= 0; at = octets.indexOf(endLine, at + 1)) {
    if (/^[$+#]\r\n$/.test(octets.toString('latin1', at + endLine.length, at + endLine.length + AFTER_ID)))
      return at === lastAt;
  }
  return false;
}

/** The 400 for what is not one message, where it begins as a request that can be answered; undefined where not. */
export function refusalOf(octets: Buffer): string | undefined {
  let head: Head | undefined;
  const events = {
    head(read: Head) {
      head ??= read;
    },
    body() {},
    end() {},
    broken() {},
  };
  new Parser(events, { maxHeadOctets: 16_384, maxHeadLines: 64 }).write(octets);
  if (head === undefined || head.method === '' || head.method === 'REPORT') return undefined;
  const isSend = head.method === 'SEND';
  if (isSend && head.failureReport === 'no') return undefined;
  const toPath = isSend ? firstOf(head.fromPath) : head.fromPath;
  return formatResponse(head.transactionId, 400, 'One message each', toPath, firstOf(head.toPath));
}
