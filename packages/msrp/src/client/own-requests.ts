/** The short requests of an endpoint, whole: SEND without body, REPORT, NICKNAME, AUTH; and what may stand in a header. */
import { MsrpError } from '../base/errors.ts';
import { toWire } from '../digest/text.ts';
import { formatByteRange } from '../wire/byte-range.ts';
import { makeIdent } from '../wire/ident.ts';
import { formatEndLine, formatRequestHead } from '../wire/serializer.ts';

/** Who writes to whom: both paths as they go into the headers. */
export interface Paths {
  readonly toPath: string;
  readonly fromPath: string;
}

/** A request that is ready to be written. */
export interface OwnRequest {
  readonly transactionId: string;
  /** One character an octet. */
  readonly text: string;
}

/** A request without body. @param lines - after From-Path, each with its CRLF. */
export function ownRequest(method: string, { toPath, fromPath }: Paths, lines: string): OwnRequest {
  const transactionId = makeIdent();
  const head = formatRequestHead(transactionId, method, toPath, fromPath, lines, false);
  return { transactionId, text: head + formatEndLine(transactionId, '$') };
}

/** A SEND that carries nothing: it makes its sender known, and keeps ways open (RFC 4975 §5.4, §7.1). */
export function bodilessSend(paths: Paths): OwnRequest {
  return ownRequest('SEND', paths, `Message-ID: ${makeIdent()}\r\nByte-Range: 1-0/0\r\n`);
}

/** What a REPORT tells (RFC 4975 §7.1.2). */
export interface Report {
  readonly messageId: string;
  readonly status: number;
  readonly comment: string;
  readonly start: number;
  /** One below `start` when the message was empty. */
  readonly end: number;
  readonly total: number | undefined;
}

/** A REPORT about octets of a message that came in. */
export function ownReport(paths: Paths, report: Report): OwnRequest {
  const { messageId, status, comment } = report;
  const told = comment === '' ? '' : ` ${headerText(comment)}`;
  const range = formatByteRange(report);
  return ownRequest(
    'REPORT',
    paths,
    `Message-ID: ${messageId}\r\nByte-Range: ${range}\r\nStatus: 000 ${status}${told}\r\n`,
  );
}

/** Asks a chat room for a nickname (RFC 7701 §7.1). */
export function nicknameRequest(paths: Paths, nickname: string): OwnRequest {
  const quoted = headerText(nickname).replaceAll(/["\\]/g, String.raw`\$&`);
  return ownRequest('NICKNAME', paths, `Use-Nickname: "${quoted}"\r\n`);
}

/** The nickname of a Use-Nickname value as it stands on the wire; undefined when the value is malformed. */
export function nicknameOf(value: string): string | undefined {
  return /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1');
}

/** A text as part of a header line, one character an octet. @throws MsrpError `MSRP_BAD_CONTENT` when it would end the line. */
export function headerText(text: string): string {
  for (const character of text) {
    const code = character.charCodeAt(0);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) {
      throw new MsrpError('MSRP_BAD_CONTENT', 'a header holds no control characters');
    }
  }
  return toWire(text);
}
