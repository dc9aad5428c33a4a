/**
 * The headers of Digest authentication: WWW-Authenticate, Authorization and
 * Authentication-Info (RFC 4976 §4.3-4.5 and §7, RFC 7616 §3.3-3.5). Read liberally,
 * written strictly. All values are wire strings, without their quotes; nothing is calculated.
 */
import { type AuthParams, afterDigestScheme, parseAuthParams, quotedParam, tokenParam } from './auth-params.ts';

/** What a header turned out to be. A `malformed` one is answered 400 with the comment, which repeats nothing of the header. */
export type AuthReading<Value> =
  | { readonly kind: 'digest'; readonly value: Value }
  | { readonly kind: 'other-scheme' }
  | { readonly kind: 'malformed'; readonly comment: string };

/** One WWW-Authenticate header: an offer for one algorithm. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  /** The client sends it back as it is. */
  readonly opaque: string | undefined;
  /** What is on offer, in lower case: `auth` must be among them. */
  readonly qop: readonly string[];
  /** The credentials would have been judged, had the nonce been good. */
  readonly stale: boolean;
  /** As written; undefined means MD5. */
  readonly algorithm: string | undefined;
}

/** The Authorization header. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  /** For comparison only: what is hashed is the rightmost To-Path URI. Not every client sends it. */
  readonly uri: string | undefined;
  /** Lower-case hexadecimal digits; their number depends on the algorithm and is not checked here. */
  readonly response: string;
  /** As written; undefined means MD5. */
  readonly algorithm: string | undefined;
  readonly cnonce: string;
  readonly opaque: string | undefined;
  /** In lower case; may be one that is not allowed. */
  readonly qop: string;
  /** `nc`: eight lower-case hexadecimal digits. */
  readonly nonceCount: string;
}

/** The Authentication-Info header of a 200. */
export interface AuthenticationInfo {
  /** The nonce to use next, with its count starting anew. */
  readonly nextNonce?: string | undefined;
  readonly rspauth?: string | undefined;
  readonly cnonce?: string | undefined;
  readonly nonceCount?: string | undefined;
  readonly qop?: string | undefined;
}

/** Reads one WWW-Authenticate value. realm, nonce and qop must be there (RFC 4976 erratum 1277); `domain` is ignored. */
export function parseChallenge(value: string): AuthReading<DigestChallenge> {
  return readDigest(value, ['realm', 'nonce', 'qop'], (params, required) => ({
    kind: 'digest',
    value: {
      realm: required('realm'),
      nonce: required('nonce'),
      opaque: params.get('opaque'),
      qop: required('qop')
        .split(',')
        .map((option) => option.trim().toLowerCase()),
      stale: params.get('stale')?.toLowerCase() === 'true',
      algorithm: params.get('algorithm'),
    },
  }));
}

const REQUIRED_OF_CREDENTIALS = ['username', 'realm', 'nonce', 'response', 'qop', 'nc', 'cnonce'];

/** Reads an Authorization value. Quotes around qop and nc, as some clients write them, do no harm. */
export function parseAuthorization(value: string): AuthReading<DigestCredentials> {
  return readDigest(value, REQUIRED_OF_CREDENTIALS, (params, required) => {
    const response = required('response');
    const nonceCount = required('nc');
    if (!/^[0-9a-f]+$/.test(response)) return malformed('response is not lower-case hexadecimal digits');
    if (!/^[0-9a-f]{8}$/.test(nonceCount)) return malformed('nc is not eight lower-case hexadecimal digits');
    return {
      kind: 'digest',
      value: {
        username: required('username'),
        realm: required('realm'),
        nonce: required('nonce'),
        uri: params.get('uri'),
        response,
        algorithm: params.get('algorithm'),
        cnonce: required('cnonce'),
        opaque: params.get('opaque'),
        qop: required('qop').toLowerCase(),
        nonceCount,
      },
    };
  });
}

/** Reads an Authentication-Info value, which names no scheme; undefined when it is not a list of parameters. */
export function parseAuthenticationInfo(value: string): AuthenticationInfo | undefined {
  const params = parseAuthParams(value);
  return (
    params && {
      nextNonce: params.get('nextnonce'),
      rspauth: params.get('rspauth'),
      cnonce: params.get('cnonce'),
      nonceCount: params.get('nc'),
      qop: params.get('qop'),
    }
  );
}

/** Writes a WWW-Authenticate value. `stale` appears only when true. @throws MsrpError MSRP_BAD_AUTH_VALUE. */
export function formatChallenge(challenge: DigestChallenge): string {
  return `Digest ${join(
    quotedParam('realm', challenge.realm),
    quotedParam('nonce', challenge.nonce),
    quotedParam('opaque', challenge.opaque),
    quotedParam('qop', challenge.qop.join(',')),
    tokenParam('stale', challenge.stale ? 'true' : undefined),
    tokenParam('algorithm', challenge.algorithm),
  )}`;
}

/** Writes an Authorization value. @throws MsrpError MSRP_BAD_AUTH_VALUE. */
export function formatAuthorization(credentials: DigestCredentials): string {
  return `Digest ${join(
    quotedParam('username', credentials.username),
    quotedParam('realm', credentials.realm),
    quotedParam('nonce', credentials.nonce),
    quotedParam('uri', credentials.uri),
    quotedParam('response', credentials.response),
    tokenParam('algorithm', credentials.algorithm),
    quotedParam('cnonce', credentials.cnonce),
    quotedParam('opaque', credentials.opaque),
    tokenParam('qop', credentials.qop),
    tokenParam('nc', credentials.nonceCount),
  )}`;
}

/** Writes an Authentication-Info value. @throws MsrpError MSRP_BAD_AUTH_VALUE. */
export function formatAuthenticationInfo(information: AuthenticationInfo): string {
  return join(
    quotedParam('nextnonce', information.nextNonce),
    quotedParam('rspauth', information.rspauth),
    quotedParam('cnonce', information.cnonce),
    tokenParam('nc', information.nonceCount),
    tokenParam('qop', information.qop),
  );
}

/** Reads scheme and parameters, and makes sure that the required ones are there before `read` asks for them. */
function readDigest<Value>(
  value: string,
  names: readonly string[],
  read: (params: AuthParams, required: (name: string) => string) => AuthReading<Value>,
): AuthReading<Value> {
  const list = afterDigestScheme(value);
  if (list === undefined) return { kind: 'other-scheme' };
  const params = parseAuthParams(list);
  if (params === undefined) return malformed('not a list of parameters');
  for (const name of names) if (!params.has(name)) return malformed(`${name} is missing`);
  return read(params, (name) => params.get(name) ?? '');
}

function malformed(comment: string): { kind: 'malformed'; comment: string } {
  return { kind: 'malformed', comment };
}

/** A comma and a space: one deployed parser splits on exactly that. */
function join(...params: readonly string[]): string {
  let list = '';
  for (const param of params) if (param !== '') list = list === '' ? param : `${list}, ${param}`;
  return list;
}
