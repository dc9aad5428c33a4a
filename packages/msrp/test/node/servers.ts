/** Listeners for the tests of dialling, on free ports of the loopback. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';

/** A listener that has been started. */
export interface Listening {
  readonly port: number;
  /** Every connection so far. */
  readonly connections: readonly Socket[];
  /** Resolves with the next connection. */
  next(): Promise<Socket>;
  /** Stops listening and resolves when every connection is gone: it ends none, the other side must have. */
  gone(): Promise<void>;
  /** Ends everything. */
  stop(): Promise<void>;
}

/** Accepts TCP, calls `serve` for each connection and reads whatever comes, so that an end is noticed. */
export function listenTcp(serve: (socket: Socket, index: number) => void = () => undefined): Promise<Listening> {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    connections.push(socket);
    serve(socket, connections.length - 1);
    socket.resume();
  });
  return started(server, connections, 'connection');
}

/** Accepts TLS. Handshakes that fail are not this side's concern. */
export function listenTls(
  options: TlsOptions,
  serve: (socket: TLSSocket) => void = () => undefined,
): Promise<Listening> {
  const connections: Socket[] = [];
  const server = createTlsServer(options, (socket) => {
    socket.on('error', () => undefined);
    connections.push(socket);
    serve(socket);
    socket.resume();
  });
  server.on('tlsClientError', () => undefined);
  return started(server, connections, 'secureConnection');
}

async function started(server: Server, connections: Socket[], event: string): Promise<Listening> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const gone = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    port,
    connections,
    next: async () => (await once(server, event))[0] as Socket,
    gone,
    stop: () => {
      for (const socket of connections) socket.destroy();
      return gone();
    },
  };
}
