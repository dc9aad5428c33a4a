/**
 * MSRP URIs: reading, comparing, making. RFC 4975 §6, §9; RFC 7977 §5.2.
 * A URI that was received is passed on as the text it came in, never formatted again from its parts.
 */
import { MsrpError } from '../base/errors.ts';
import { canonicalIpv6, isIpv4 } from './address.ts';
import { ALPHANUMERIC, isIn, NAME, SESSION_ID, scan, TOKEN, UNRESERVED, USERINFO } from './uri-characters.ts';

/** The parts of a URI, in the form in which they compare. */
export interface MsrpUri {
  readonly scheme: 'msrp' | 'msrps';
  /** As written. A password, which may not be there at all, is left out so that nobody can log it. */
  readonly userinfo: string | undefined;
  /** Lower case, unreserved characters decoded; an IPv6 address in brackets and in its RFC 5952 form. */
  readonly host: string;
  readonly port: number | undefined;
  readonly sessionId: string | undefined;
  /** Lower case; any word of letters and digits, known or not. */
  readonly transport: string;
  /** What follows the transport, as written from its `;` on; '' when nothing does. */
  readonly parameters: string;
}

/** What `formatUri` makes a URI of. The host of an IPv6 address may come with or without its brackets. */
export interface UriParts {
  readonly scheme: 'msrp' | 'msrps';
  readonly userinfo?: string | undefined;
  readonly host: string;
  readonly port?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly transport: string;
  /** From its `;` on, as in `MsrpUri`. */
  readonly parameters?: string | undefined;
}

const SLASH = 0x2f;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BRACKET = 0x5b;
const PERCENT = 0x25;

/**
 * Reads one URI. `undefined` when it is malformed: no transport, an address literal without a port, an IPv6 address
 * without brackets or with a zone, anything outside ASCII. Time grows with the length of `text`, nothing else does.
 */
export function parseUri(text: string): MsrpUri | undefined {
  const scheme = schemeOf(text);
  if (scheme === undefined) return undefined;
  const authorityAt = scheme.length + 3;
  // No part but the userinfo may hold an '@', while the userinfo may hold a ';'.
  const at = text.indexOf('@', authorityAt);
  const hostAt = at < 0 ? authorityAt : at + 1;
  if (at >= 0 && escapedEnd(text, authorityAt, USERINFO) !== at) return undefined;

  const hostEnd = authorityEnd(text, hostAt);
  const authority = readAuthority(text, hostAt, hostEnd);
  if (authority === undefined) return undefined;

  const semicolon = text.charCodeAt(hostEnd) === SLASH ? scan(text, hostEnd + 1, SESSION_ID) : hostEnd;
  if (semicolon === hostEnd + 1 || text.charCodeAt(semicolon) !== SEMICOLON) return undefined;
  const transportEnd = scan(text, semicolon + 1, ALPHANUMERIC);
  if (transportEnd === semicolon + 1 || !isParameters(text, transportEnd)) return undefined;
  return {
    scheme,
    userinfo: at < 0 ? undefined : withoutPassword(text.slice(authorityAt, at)),
    host: authority.host,
    port: authority.port,
    sessionId: semicolon === hostEnd ? undefined : text.slice(hostEnd + 1, semicolon),
    transport: text.slice(semicolon + 1, transportEnd).toLowerCase(),
    parameters: text.slice(transportEnd),
  };
}

/** Whether two URIs name the same thing; userinfo and parameters take no part. RFC 4975 §6.1. */
export function sameUri(a: MsrpUri, b: MsrpUri): boolean {
  return (
    a.sessionId === b.sessionId &&
    a.host === b.host &&
    a.port === b.port &&
    a.transport === b.transport &&
    a.scheme === b.scheme
  );
}

/** Names the node a URI belongs to, `scheme://host:port;transport`: two URIs with equal keys are of one node. */
export function nodeKey(uri: MsrpUri): string {
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  return `${uri.scheme}://${uri.host}${port};${uri.transport}`;
}

/** Whether the host is an IPv4 or IPv6 address and not a name. */
export function isAddressLiteral(uri: MsrpUri): boolean {
  return uri.host.charCodeAt(0) === BRACKET || isIpv4(uri.host);
}

/**
 * Makes the text of a new URI.
 *
 * @throws MsrpError `MSRP_BAD_URI` when the parts do not read back as they are given: a session-id outside its
 *   grammar, a literal without a port, a userinfo with a password. The message quotes none of them.
 */
export function formatUri(parts: UriParts): string {
  const { scheme, userinfo, port, sessionId, transport, parameters = '' } = parts;
  const host = parts.host.includes(':') && !parts.host.startsWith('[') ? `[${parts.host}]` : parts.host;
  const user = userinfo === undefined ? '' : `${userinfo}@`;
  const session = sessionId === undefined ? '' : `/${sessionId}`;
  const text = `${scheme}://${user}${host}${port === undefined ? '' : `:${port}`}${session};${transport}${parameters}`;
  const uri = parseUri(text);
  const faithful =
    uri?.userinfo === userinfo &&
    uri?.port === port &&
    uri?.sessionId === sessionId &&
    uri?.transport === transport.toLowerCase() &&
    uri?.parameters === parameters;
  if (!faithful) throw new MsrpError('MSRP_BAD_URI', 'these parts do not make an MSRP URI');
  return text;
}

function schemeOf(text: string): 'msrp' | 'msrps' | undefined {
  const colon = text.charCodeAt(4) === COLON ? 4 : 5;
  if (!text.startsWith('://', colon)) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  return scheme === 'msrp' || scheme === 'msrps' ? scheme : undefined;
}

/** Offset of the `/` or `;` that ends the authority, or of the end of the text. */
function authorityEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length && text.charCodeAt(end) !== SLASH && text.charCodeAt(end) !== SEMICOLON) end += 1;
  return end;
}

function readAuthority(text: string, at: number, end: number): { host: string; port: number | undefined } | undefined {
  const bracketed = text.charCodeAt(at) === BRACKET;
  // Without brackets the first colon must be the one before the port: an IPv6 address then fails as a port.
  const closing = text.indexOf(bracketed ? ']' : ':', at);
  const hostEnd = closing < 0 || closing >= end ? end : closing + (bracketed ? 1 : 0);
  const host = bracketed ? readIpv6(text, at, hostEnd) : readName(text, at, hostEnd);
  if (host === undefined) return undefined;
  const port = readPort(text, hostEnd, end);
  if (port === false || (port === undefined && (bracketed || isIpv4(host)))) return undefined;
  return { host, port };
}

function readIpv6(text: string, at: number, end: number): string | undefined {
  if (text.charCodeAt(end - 1) !== 0x5d) return undefined;
  const address = canonicalIpv6(text.slice(at + 1, end - 1));
  return address === undefined ? undefined : `[${address}]`;
}

/** A registered name; never with a `;`, which begins the transport. */
function readName(text: string, at: number, end: number): string | undefined {
  const plainEnd = scan(text, at, NAME);
  if (plainEnd === end) return at === end ? undefined : text.slice(at, end).toLowerCase();
  return escapedEnd(text, plainEnd, NAME) === end ? decodeUnreserved(text.slice(at, end)).toLowerCase() : undefined;
}

/** The port after the colon at `at`; `undefined` when there is none or nothing after the colon, false when it is bad. */
function readPort(text: string, at: number, end: number): number | undefined | false {
  if (at === end) return undefined;
  if (text.charCodeAt(at) !== COLON) return false;
  let port = 0;
  for (let index = at + 1; index < end; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
    if (port > 65_535) return false;
  }
  return at + 1 === end ? undefined : port;
}

function withoutPassword(userinfo: string): string {
  const colon = userinfo.indexOf(':');
  return colon < 0 ? userinfo : userinfo.slice(0, colon);
}

/** Whether all from `at` on is `;name` and `;name=value`, over and over. */
function isParameters(text: string, at: number): boolean {
  for (let index = at; index < text.length; ) {
    if (text.charCodeAt(index) !== SEMICOLON) return false;
    let end = scan(text, index + 1, TOKEN);
    if (end === index + 1) return false;
    if (text.charCodeAt(end) === EQUALS) {
      const value = end + 1;
      end = scan(text, value, TOKEN);
      if (end === value) return false;
    }
    index = end;
  }
  return true;
}

/** Offset of the first character at or after `at` that is neither in `set` nor part of a `%XX`. */
function escapedEnd(text: string, at: number, set: number): number {
  let end = scan(text, at, set);
  while (text.charCodeAt(end) === PERCENT && escapedCode(text, end) >= 0) end = scan(text, end + 3, set);
  return end;
}

/** The octet that `%XX` at `at` stands for, -1 when `XX` are no hexadecimal digits. */
function escapedCode(text: string, at: number): number {
  const high = hexDigit(text.charCodeAt(at + 1));
  const low = hexDigit(text.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function decodeUnreserved(name: string): string {
  return name.replace(/%[0-9a-f]{2}/gi, (encoded) => {
    const code = escapedCode(encoded, 0);
    return isIn(code, UNRESERVED) ? String.fromCharCode(code) : encoded;
  });
}
