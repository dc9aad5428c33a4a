/**
 * The list of parameters that WWW-Authenticate, Authorization and Authentication-Info
 * share: `name=token` and `name="quoted"` between commas (RFC 4976 §7, RFC 7616 §3.3).
 */
import { MsrpError } from '../base/errors.ts';

/** Unquoted values by lower-case name. */
export type AuthParams = ReadonlyMap<string, string>;

const SPACES = /[ \t]*/y;
const NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** More than a token: an unquoted nonce with `/` or `=` in it is still understood. */
const BARE_VALUE = /[^\s,"]+/y;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** No control characters, so nothing that is echoed can break out of its line; octets over 127 are part of UTF-8. */
const PRINTABLE = /^[\t -~\u0080-\uffff]*$/;

/**
 * Reads `name=value, name="value"`: any order, any case of names, spaces or none around
 * `,` and `=`, commas and `\"` within quotes. What the names mean is left to the caller.
 *
 * @returns undefined when it is not such a list, when a name comes twice, when an element
 *   is empty (RFC 4976 erratum 1277) or a value carries control characters. Takes time in
 *   proportion to the length, whatever the input.
 */
export function parseAuthParams(value: string): AuthParams | undefined {
  const params = new Map<string, string>();
  for (let at = 0; ; at += 1) {
    const name = readName(value, at);
    if (name === undefined || params.has(name.text)) return undefined;
    const content = value[name.end] === '"' ? readQuoted(value, name.end) : readBare(value, name.end);
    if (content === undefined || !PRINTABLE.test(content.text)) return undefined;
    params.set(name.text, content.text);
    at = skipSpaces(value, content.end);
    if (at === value.length) return params;
    if (value[at] !== ',') return undefined;
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

/** One parameter whose value is quoted; nothing when the value is undefined. */
export function quotedParam(name: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  if (!PRINTABLE.test(value)) throw new MsrpError('MSRP_BAD_AUTH_VALUE', `${name} has control characters`);
  return [`${name}="${value.replace(/["\\]/g, '\\$&')}"`];
}

/** One parameter whose value is not quoted; nothing when the value is undefined. */
export function tokenParam(name: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  if (!TOKEN.test(value)) throw new MsrpError('MSRP_BAD_AUTH_VALUE', `${name} is not a token`);
  return [`${name}=${value}`];
}

/** A piece of the value and the offset after it. */
interface Piece {
  readonly text: string;
  readonly end: number;
}

/** Reads spaces, name, `=` and spaces. */
function readName(value: string, at: number): Piece | undefined {
  const name = match(NAME, value, skipSpaces(value, at));
  if (name === undefined) return undefined;
  const equals = skipSpaces(value, name.end);
  if (value[equals] !== '=') return undefined;
  return { text: name.text.toLowerCase(), end: skipSpaces(value, equals + 1) };
}

function readBare(value: string, at: number): Piece | undefined {
  return match(BARE_VALUE, value, at);
}

/** Reads a quoted string whose opening quote stands at `opening`; a backslash takes the next character as it is. */
function readQuoted(value: string, opening: number): Piece | undefined {
  let text = '';
  let from = opening + 1;
  for (let at = from; at < value.length; at += 1) {
    if (value[at] === '"') return { text: text + value.slice(from, at), end: at + 1 };
    if (value[at] !== '\\') continue;
    text += value.slice(from, at);
    at += 1;
    from = at;
  }
  return undefined;
}

function skipSpaces(value: string, at: number): number {
  return match(SPACES, value, at)?.end ?? at;
}

function match(pattern: RegExp, value: string, at: number): Piece | undefined {
  pattern.lastIndex = at;
  const text = pattern.exec(value)?.[0];
  return text === undefined ? undefined : { text, end: at + text.length };
}
