/** The short requests of an endpoint, whole: SEND without body, REPORT, NICKNAME, AUTH; and what may stand in a header. */
import { MsrpError } from '../base/errors.ts';
import { fromWire, toWire } from '../digest/text.ts';
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

/** A nickname has no more octets than this, quotes and escapes not counted (RFC 7701 §7.1). */
const MAX_NICKNAME_OCTETS = 1023;

/**
 * Asks a chat room for a nickname, or with an empty one gives it back (RFC 7701 §7.1, §7.3).
 *
 * @throws MsrpError `MSRP_BAD_CONTENT` when it is too long, or would end its line.
 */
export function nicknameRequest(paths: Paths, nickname: string): OwnRequest {
  const text = headerText(nickname);
  if (text.length > MAX_NICKNAME_OCTETS) {
    throw new MsrpError('MSRP_BAD_CONTENT', `a nickname has at most ${MAX_NICKNAME_OCTETS} octets`);
  }
  return ownRequest('NICKNAME', paths, `Use-Nickname: "${text.replaceAll(/["\\]/g, String.raw`\$&`)}"\r\n`);
}

/** The nickname of a Use-Nickname value; undefined when the value is malformed, too long or not UTF-8. */
export function nicknameOf(value: string): string | undefined {
  const text = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1]?.replaceAll(/\\(.)/g, '$1');
  return text === undefined || text.length > MAX_NICKNAME_OCTETS ? undefined : fromWire(text);
}

/** The headers that a SEND has of its own. */
const OWN_HEADERS = /^(?:(?:to|from)-path|message-id|byte-range|(?:success|failure)-report|content-type)$/i;

/**
 * What describes the content of a SEND: more headers, by name, and its type, which comes last.
 *
 * @throws MsrpError `MSRP_BAD_CONTENT` for what is no header or no media type, and for headers that a SEND has anyway.
 */
export function contentLines(headers: Readonly<Record<string, string>>, contentType: string): string {
  if (!/^[^\s/;]+\/[^\s/;]+/.test(contentType)) {
    throw new MsrpError('MSRP_BAD_CONTENT', 'a media type is written type/subtype');
  }
  let lines = '';
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`{|}~-]*$/.test(name) || OWN_HEADERS.test(name)) {
      throw new MsrpError('MSRP_BAD_CONTENT', 'a further header needs a name of its own, of letters and digits');
    }
    lines += `${name}: ${headerText(value)}\r\n`;
  }
  return `${lines}Content-Type: ${headerText(contentType)}\r\n`;
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
