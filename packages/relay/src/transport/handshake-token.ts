/** The token that may come with the handshake of a WebSocket: in a header, a cookie or the query (RFC 7977 §7, RFC 6750 §2). */
import type { IncomingMessage } from 'node:http';

/** A token as it came, and the host that was addressed, in lower case: the Host header without its port. */
export interface HandshakeToken {
  readonly token: string;
  readonly host: string;
}

/** Where a token may stand. Anywhere else it is not looked for. */
export interface TokenPlaces {
  /** `Authorization: Bearer`, which browsers cannot write. */
  readonly bearer: boolean;
  /** Name of a cookie. */
  readonly cookie?: string | undefined;
  /** Name of a parameter of the query. */
  readonly query?: string | undefined;
}

/** The one token that counts: what somebody has written for this handshake before what a browser adds to all of them. */
export function handshakeToken(request: IncomingMessage, places: TokenPlaces): HandshakeToken | undefined {
  const token = inHeader(request, places) ?? inQuery(request, places) ?? inCookie(request, places);
  if (token === undefined) return undefined;
  // A slice would keep the whole header, for as long as the connection lives.
  return {
    token: Buffer.from(token).toString(),
    host: (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, ''),
  };
}

function inHeader({ headers }: IncomingMessage, { bearer }: TokenPlaces): string | undefined {
  const [scheme, token = ''] = bearer ? (/^bearer(?: +(.*))?$/i.exec(headers.authorization ?? '') ?? []) : [];
  return scheme === undefined ? undefined : token.trim();
}

function inQuery({ url = '' }: IncomingMessage, { query }: TokenPlaces): string | undefined {
  const at = url.indexOf('?');
  if (query === undefined || at < 0) return undefined;
  return new URLSearchParams(url.slice(at + 1)).get(query) ?? undefined;
}

/** RFC 6265 §4.2.1. Of several cookies of one name the first is the most specific one. */
function inCookie({ headers }: IncomingMessage, { cookie }: TokenPlaces): string | undefined {
  if (cookie === undefined) return undefined;
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [name, value] = splitOnce(pair);
    if (name === cookie) return value.replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

function splitOnce(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
}
