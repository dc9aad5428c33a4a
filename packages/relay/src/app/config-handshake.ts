/** How WebSocket clients may authenticate at their handshake, and which connections begin with the word of a proxy. */
import { z } from 'zod';
import { addresses, flag, list, section } from './config-values.ts';

const NAME = "a name of letters, digits and !#$%&'*+-.^_`|~";

/** RFC 6265 §4.1.1: a token; a parameter of a query may be more, but need not. */
function name() {
  return z.string({ error: NAME }).regex(/^[\w!#$%&'*+.^`|~-]{1,64}$/, { error: NAME });
}

/** Tokens at the handshake. */
export const webSocketAuth = section({
  bearer: flag()
    .default(false)
    .describe('Takes a token in `Authorization: Bearer`, which programs can send and browsers cannot.'),
  cookie: name()
    .optional()
    .describe(
      'Name of a cookie with a token. Browsers send cookies for every page: `webSocket.origins` has to name the right ones.',
    ),
  query: name()
    .optional()
    .describe(
      'Name of a query parameter with a token. The relay never logs it; a proxy may, so tokens should be short-lived.',
    ),
  required: flag()
    .default(false)
    .describe('Refuses handshakes without a token. Otherwise those clients authenticate with a password.'),
})
  .prefault({})
  .describe(
    'Authentication by a token at the handshake of a WebSocket (RFC 7977). The stores of type `jwt`, `ephemeral`, and `http` with `tokens`, judge it.',
  );

/** The PROXY protocol. */
export const proxyProtocol = section({
  listeners: list(z.string({ error: 'a listener' }), 'a list of listeners')
    .default([])
    .describe(
      'Listeners, by their text in `listen`, that are behind a TCP load balancer which sends a PROXY header (version 1 or 2).',
    ),
  proxies: list(addresses(), 'a list of addresses and networks')
    .default([])
    .describe(
      'Networks and addresses of these balancers. Their connections must begin with a header, all others must not.',
    ),
})
  .prefault({})
  .describe('Connections that a TCP load balancer passes on.');
