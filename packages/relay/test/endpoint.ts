/**
 * Scripted MSRP endpoints for tests: `connect` and `listen`, over TCP and TLS. An endpoint sends the
 * octets it is told to and hands out what comes back message by message, read by a parser that is not
 * the project's. Nothing here sleeps; every wait has a limit.
 */
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type { Certificate } from '../../msrp/test/certificates.ts';
import { randomId } from './message.ts';
import { Endpoint, WAIT_MS } from './scripted-connection.ts';

export { createAuthority } from '../../msrp/test/certificates.ts';
export { type Message, request, responseTo, sendRequest } from './message.ts';
export type { Endpoint } from './scripted-connection.ts';

/** Where to connect, and whether over TLS. */
export interface ConnectOptions {
  readonly port: number;
  readonly host?: string;
  /** TLS. Implied by `ca` and `certificate`. */
  readonly secure?: boolean;
  /** PEM that the server must chain to; without it any certificate will do. */
  readonly ca?: string;
  /** The name for SNI and the certificate check; `localhost` when left out. */
  readonly servername?: string;
  /** This side's own certificate. */
  readonly certificate?: Certificate;
  /** Any further TLS options: versions, cipher suites. */
  readonly tls?: tls.ConnectionOptions;
}

/** Connects, and settles when the connection (with TLS: the handshake) stands. */
export async function connect(options: ConnectOptions): Promise<Endpoint> {
  const { port, host = '127.0.0.1', ca, certificate, servername = 'localhost' } = options;
  const secure = options.secure ?? (ca !== undefined || certificate !== undefined || options.tls !== undefined);
  const trust = ca === undefined ? { rejectUnauthorized: false } : { ca };
  const socket = secure
    ? tls.connect({ port, host, servername, ...trust, ...certificate, ...options.tls })
    : net.connect({ port, host });
  await once(socket, secure ? 'secureConnect' : 'connect');
  return new Endpoint(socket, sessionUri(secure, host, socket.localPort ?? 0));
}

/** An endpoint that waits to be connected to. */
export interface Listening {
  readonly port: number;
  /** The URI to put into the To-Path: every connection accepted here has it. */
  readonly uri: string;
  /** The next connection that nobody has taken yet. Rejects after `timeoutMs`. */
  accept(timeoutMs?: number): Promise<Endpoint>;
  /** How many connections have been accepted so far; with TLS: how many handshakes ended well. */
  acceptedCount(): number;
  /** How many connections came in all, whatever became of them. */
  touchedCount(): number;
  /** Stops listening and drops every connection. */
  close(): Promise<void>;
}

/** How to listen. */
export interface ListenOptions {
  readonly host?: string;
  /** A free one when left out. */
  readonly port?: number;
  /** The host written into `uri`; `host` when left out. */
  readonly name?: string;
  /** TLS with this certificate; cleartext without. */
  readonly certificate?: Certificate;
  readonly tls?: tls.TlsOptions;
}

/** Listens, on a free port unless one is given. */
export async function listen({
  host = '127.0.0.1',
  port: wanted = 0,
  name = host,
  certificate,
  tls: more,
}: ListenOptions = {}): Promise<Listening> {
  const secure = certificate !== undefined;
  const server = secure ? tls.createServer({ ...certificate, ...more }) : net.createServer();
  server.listen(wanted, host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const uri = sessionUri(secure, name, port);
  const untaken: Endpoint[] = [];
  const arrivals = new EventEmitter().setMaxListeners(0);
  const open = new Set<net.Socket>();
  let acceptedCount = 0;
  let touchedCount = 0;
  server.on('connection', (socket: net.Socket) => {
    touchedCount += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => open.delete(socket));
  });
  server.on(secure ? 'secureConnection' : 'connection', (socket: net.Socket) => {
    acceptedCount += 1;
    untaken.push(new Endpoint(socket, uri));
    arrivals.emit('arrival');
  });
  return {
    port,
    uri,
    acceptedCount: () => acceptedCount,
    touchedCount: () => touchedCount,
    async accept(timeoutMs = WAIT_MS) {
      const signal = AbortSignal.timeout(timeoutMs);
      for (;;) {
        const taken = untaken.shift();
        if (taken !== undefined) return taken;
        await once(arrivals, 'arrival', { signal });
      }
    },
    async close() {
      const gone = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await gone;
    },
  };
}

function sessionUri(secure: boolean, host: string, port: number): string {
  return `${secure ? 'msrps' : 'msrp'}://${net.isIPv6(host) ? `[${host}]` : host}:${port}/${randomId()};tcp`;
}
