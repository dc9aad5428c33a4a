/** What is asked of those who knock at a listener: whose connection a proxy passes on, and who a WebSocket belongs to. */
import { Networks } from '../transport/networks.ts';
import type { ProxyProtocol } from '../transport/proxy-protocol.ts';
import type { HandshakeAuth } from '../transport/websocket-listener.ts';
import type { Config } from './config.ts';
import { formatEndpoint } from './config-values.ts';
import type { CurrentAuthenticator } from './current-authenticator.ts';
import type { RelayContext } from './running-relay.ts';

/** For a listener behind balancers that speak the PROXY protocol; undefined for all others. */
export function proxyProtocolOf(
  { proxyProtocol: { listeners, proxies } }: Config,
  endpoint: Config['listen'][number],
  { clock, logger }: RelayContext,
): ProxyProtocol | undefined {
  if (!listeners.includes(formatEndpoint(endpoint))) return undefined;
  const refused = (proxy: string, why: string) =>
    logger.debug({ from: proxy, reason: `a header that ${why}` }, 'no PROXY header');
  return { clock, proxies: new Networks(proxies), refused };
}

/** Undefined when no handshake is authenticated. */
export function handshakeAuthOf(
  { webSocketAuth: { required, ...places } }: Config,
  authenticator: CurrentAuthenticator,
  { logger }: RelayContext,
): HandshakeAuth | undefined {
  if (!places.bearer && places.cookie === undefined && places.query === undefined) return undefined;
  return {
    places,
    isRequired: required,
    judge: async (token, from) => {
      const refusal = await authenticator.admitToken(token, from);
      if (refusal !== undefined) logger.warn({ from, outcome: refusal }, 'handshake refused');
      return refusal;
    },
  };
}
