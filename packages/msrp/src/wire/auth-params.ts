/**
 * The list of parameters that WWW-Authenticate, Authorization and Authentication-Info
 * share: `name=token` and `name="quoted"` between commas (RFC 4976 §7, RFC 7616 §3.3).
 */
import { MsrpError } from '../base/errors.ts';

/** Unquoted values by lower-case name. */
export type AuthParams = ReadonlyMap<string, string>;

/** More than a token: an unquoted nonce with `/` or `=` in it is still understood. */
const BARE_VALUE = /[^\s,"]+/y;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** No control characters, so nothing that is echoed can break out of its line; octets over 127 are part of UTF-8. */
const PRINTABLE = /^[\t -~\u0080-\uffff]*$/;

const TAB = 0x09;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** By code, 1 for what a name is made of. Lists are read character by character: a regular expression for each piece takes five times as long. */
const IS_OF_NAME = Uint8Array.from({ length: 128 }, (_, code) => Number(TOKEN.test(String.fromCharCode(code))));

/**
 * Reads `name=value, name="value"`: any order, any case of names, spaces or none around
 * `,` and `=`, commas and `\"` within quotes. What the names mean is left to the caller.
 *
 * @returns undefined when it is not such a list, when a name comes twice, when an element
 *   is empty (RFC 4976 erratum 1277) or a value carries control characters. Takes time in
 *   proportion to the length, whatever the input.
 */
export function parseAuthParams(value: string): AuthParams | undefined {
  // Wherever one stands, the list is none.
  if (!PRINTABLE.test(value)) return undefined;
  const params = new Map<string, string>();
  for (let at = 0; ; at += 1) {
    const nameAt = skipBlanks(value, at);
    const nameEnd = skipName(value, nameAt);
    const equals = skipBlanks(value, nameEnd);
    if (nameEnd === nameAt || value.charCodeAt(equals) !== EQUALS) return undefined;
    const name = value.slice(nameAt, nameEnd).toLowerCase();
    const contentAt = skipBlanks(value, equals + 1);
    const isQuoted = value.charCodeAt(contentAt) === QUOTE;
    const content = isQuoted ? readQuoted(value, contentAt) : readBare(value, contentAt);
    if (content === undefined || params.has(name)) return undefined;
    params.set(name, content.text);
    at = skipBlanks(value, content.end);
    if (at === value.length) return params;
    if (value.charCodeAt(at) !== COMMA) return undefined;
  }
}

/**
 * The part after `Digest `, which is compared without case.
 *
 * @returns undefined for another scheme, such as Basic.
 */
export function afterDigestScheme(value: string): string | undefined {
  return /^[ \t]*digest(?=[ \t]|$)/i.test(value) ? value.trimStart().slice('Digest'.length) : undefined;
}

/** One parameter whose value is quoted; '' when the value is undefined. */
export function quotedParam(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  if (!PRINTABLE.test(value)) throw new MsrpError('MSRP_BAD_AUTH_VALUE', `${name} has control characters`);
  const isPlain = !value.includes('"') && !value.includes('\\');
  return `${name}="${isPlain ? value : value.replace(/["\\]/g, '\\$&')}"`;
}

/** One parameter whose value is not quoted; '' when the value is undefined. */
export function tokenParam(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  if (!TOKEN.test(value)) throw new MsrpError('MSRP_BAD_AUTH_VALUE', `${name} is not a token`);
  return `${name}=${value}`;
}

/** A piece of the value and the offset after it. */
interface Piece {
  readonly text: string;
  readonly end: number;
}

function readBare(value: string, at: number): Piece | undefined {
  BARE_VALUE.lastIndex = at;
  const text = BARE_VALUE.exec(value)?.[0];
  return text === undefined ? undefined : { text, end: at + text.length };
}

/** Reads a quoted string whose opening quote stands at `opening`; a backslash takes the next character as it is. */
function readQuoted(value: string, opening: number): Piece | undefined {
  let text = '';
  let from = opening + 1;
  for (let at = from; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (code === QUOTE) return { text: text + value.slice(from, at), end: at + 1 };
    if (code !== BACKSLASH) continue;
    text += value.slice(from, at);
    at += 1;
    from = at;
  }
  return undefined;
}

function skipBlanks(value: string, at: number): number {
  let end = at;
  while (value.charCodeAt(end) === SPACE || value.charCodeAt(end) === TAB) end += 1;
  return end;
}

function skipName(value: string, at: number): number {
  let end = at;
  while (IS_OF_NAME[value.charCodeAt(end)] === 1) end += 1;
  return end;
}
