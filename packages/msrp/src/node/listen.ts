/** Waits for peers that connect without a relay in between. RFC 4975 §5.4. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Endpoint, OwnAddress } from '../client/endpoint.ts';
import type { Session } from '../client/session.ts';
import type { SessionOptions } from '../client/session-options.ts';
import { SocketChannel } from './socket-channel.ts';
import { tlsDefaults } from './tls-defaults.ts';

/** Where to listen, and what to show. */
export interface ListenOptions {
  /** Address to bind. */
  readonly host: string;
  /** 0 or absent means any free one. */
  readonly port?: number | undefined;
  /** Host of this endpoint's URIs, which peers have to be able to reach: `host` when absent. */
  readonly publicHost?: string | undefined;
  /** Certificate chain and key, PEM; without them connections are in the clear. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** An open listener. */
export interface Listener {
  readonly address: OwnAddress;
  /** A session that peers reach here. */
  createSession(options?: SessionOptions): Session;
  /** Accepts nobody any more; connections that stand go on. */
  close(): void;
}

/** How long an idle connection rests before the system asks whether the peer is still there. */
const KEEP_ALIVE_MS = 60_000;

/** So long a TLS handshake may take. */
const HANDSHAKE_MS = 10_000;

/** Listens for `endpoint`. @throws the error of Node when the address cannot be had. */
export async function listen(endpoint: Endpoint, options: ListenOptions): Promise<Listener> {
  const { host, port = 0, publicHost = host, tls } = options;
  const take = (socket: Socket) => endpoint.accept(new SocketChannel(socket));
  // Peers that vanish without a word are noticed (RFC 4975 §7.1 leaves that to the transport).
  const sockets = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  // A peer's certificate is compared with the fingerprint of its SDP, not with authorities.
  const asking = { ...tlsDefaults, ...tls, requestCert: true, rejectUnauthorized: false };
  const handshakes = { handshakeTimeout: HANDSHAKE_MS };
  const server =
    tls === undefined ? createServer(sockets, take) : createTlsServer({ ...sockets, ...handshakes, ...asking }, take);
  // A failed handshake is the peer's affair; one that takes too long would stay if nobody ended it.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  server.listen(port, host);
  await once(server, 'listening');
  server.on('error', () => undefined);
  const address = { scheme: tls === undefined ? 'msrp' : 'msrps', host: publicHost, port: portOf(server) } as const;
  return {
    address,
    createSession: (session) => endpoint.createSession({ ...session, address }),
    close: () => void server.close(),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
