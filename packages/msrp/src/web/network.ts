/** How an endpoint in a browser reaches its relay: a WebSocket (RFC 7977). Node has the same class. */
import { MsrpError } from '../base/errors.ts';
import type { Channel, DialWish, Network } from '../client/channel.ts';
import type { MsrpUri } from '../wire/uri.ts';
import { WebSocketChannel } from './websocket-channel.ts';

/** What may be chosen about it. */
export interface WebNetworkOptions {
  /** Where the relay listens; `wss://` with host and port of its URI when absent. `ws://` on this machine only. */
  readonly url?: string | undefined;
  /**
   * A token that authenticates the handshake (RFC 7977 §7). A function is asked anew for each connection: tokens expire. A
   * cookie needs none, browsers send it by themselves.
   */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /**
   * The parameter of the query that carries it, as the relay is configured. Without it the token goes into `Authorization:
   * Bearer`, which Node can write and browsers cannot.
   */
  readonly tokenParameter?: string | undefined;
}

/** The network of a browser. It leads to relays only: a WebSocket endpoint has no other connections (RFC 7977 §5.1). */
export function webNetwork(options: WebNetworkOptions = {}): Network {
  return {
    async dial(uri: MsrpUri, { signal }: DialWish): Promise<Channel> {
      if (uri.sessionId !== undefined) {
        throw new MsrpError('MSRP_DIAL_DENIED', 'over WebSocket others are reached through a relay only');
      }
      const url = new URL(options.url ?? `wss://${uri.host}${uri.port === undefined ? '' : `:${uri.port}`}/`);
      if (url.protocol !== 'wss:' && !LOOPBACK.test(url.hostname)) {
        throw new MsrpError('MSRP_INSECURE', 'passwords go over TLS only: wss://');
      }
      const token = typeof options.token === 'function' ? await options.token() : options.token;
      if (token === undefined) return await opened(url, signal);
      if (options.tokenParameter === undefined) return await opened(url, signal, { Authorization: `Bearer ${token}` });
      url.searchParams.set(options.tokenParameter, token);
      return await opened(url, signal);
    },
  };
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** How Node's WebSocket is told of headers; a browser's takes the second argument for the name of a protocol. */
type HeadersWebSocket = new (
  url: URL,
  init: { readonly protocols: readonly string[]; readonly headers: Readonly<Record<string, string>> },
) => WebSocket;

function made(url: URL, headers: Readonly<Record<string, string>> | undefined): WebSocket {
  if (headers === undefined) return new WebSocket(url, ['msrp']);
  try {
    return new (WebSocket as unknown as HeadersWebSocket)(url, { protocols: ['msrp'], headers });
  } catch (cause) {
    throw new MsrpError('MSRP_DIAL_FAILED', 'no header can be written here: a token needs tokenParameter', { cause });
  }
}

async function opened(
  url: URL,
  signal: AbortSignal | undefined,
  headers?: Readonly<Record<string, string>>,
): Promise<Channel> {
  signal?.throwIfAborted();
  const webSocket = made(url, headers);
  webSocket.binaryType = 'arraybuffer';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal?.reason);
  // A browser does not say why: whoever wrote the page is not to learn what is in its reader's network.
  const fail = () => reject(new MsrpError('MSRP_DIAL_FAILED', `no connection to ${url.host}`));
  webSocket.addEventListener('open', () => resolve());
  webSocket.addEventListener('close', fail);
  signal?.addEventListener('abort', abort);
  try {
    await promise;
    if (webSocket.protocol !== 'msrp') throw new MsrpError('MSRP_DIAL_FAILED', `${url.host} does not speak MSRP`);
    return new WebSocketChannel(webSocket, url.protocol === 'wss:');
  } catch (error) {
    webSocket.close();
    throw error;
  } finally {
    webSocket.removeEventListener('close', fail);
    signal?.removeEventListener('abort', abort);
  }
}
