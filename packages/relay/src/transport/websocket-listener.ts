/** Accepts WebSocket connections (RFC 7977), over HTTP or HTTPS, and hands them over once they may speak MSRP. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from 'msrp/base';
import { WebSocketServer } from 'ws';
import type { Admission } from './admissions.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { type ListenerOptions, type ListenerTls, type ListeningSocket, tlsOptions } from './listener.ts';
import { Networks } from './networks.ts';
import { WebSocketStream } from './websocket-stream.ts';

const SUBPROTOCOL = 'msrp';

/** A longer message closes its connection (1009). Chunks of others are cut shorter than this. */
const MAX_MESSAGE_OCTETS = 1_048_576;

/** Who may connect from a web page, and by which proxies. */
interface WebSocketRules {
  /** Origins whose pages may connect, such as `https://chat.example.org`; all when empty. */
  readonly origins: readonly string[];
  /** Networks and addresses of proxies whose X-Forwarded-For is believed. */
  readonly proxies: readonly string[];
}

/** Where to listen, and what to ask of whoever knocks. */
export interface WebSocketListenerOptions extends Omit<ListenerOptions, 'accepted'> {
  readonly clock: Clock;
  readonly rules: WebSocketRules;
  /** A connection that may speak MSRP now, and where it comes from. */
  readonly accepted: (stream: Duplex, admission: Admission, remoteAddress: string) => void;
  /** Answers requests that want no WebSocket; 426 without it. */
  readonly page?: RequestListener | undefined;
}

/** One listening socket of MSRP over WebSocket. */
export class WebSocketListener implements ListeningSocket {
  readonly #options: WebSocketListenerOptions;
  readonly #server: Server | SecureServer;
  readonly #handshakes = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Memory for each connection, and secrets compressed beside what an attacker writes.
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_OCTETS,
    handleProtocols: () => SUBPROTOCOL,
  });
  readonly #doorkeeper: Doorkeeper;
  readonly #proxies: Networks;
  #port = 0;

  constructor(options: WebSocketListenerOptions) {
    this.#options = options;
    this.#doorkeeper = new Doorkeeper(options.admissions);
    this.#proxies = new Networks(options.rules.proxies);
    const { handshakeMs, page = wantsUpgrade } = options;
    const onRequest: RequestListener = (request, response) => {
      // Who goes on asking over an old connection would hold a stopped server for ever.
      if (!this.#server.listening) response.setHeader('Connection', 'close');
      page(request, response);
    };
    const times = { headersTimeout: handshakeMs, requestTimeout: handshakeMs, connectionsCheckingInterval: 1000 };
    this.#server =
      options.tls === undefined
        ? createServer(times, onRequest)
        : createSecureServer({ ...times, handshakeTimeout: handshakeMs, ...browserTls(options.tls) }, onRequest);
    this.#server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, rest: Buffer) =>
      this.#upgrade(request, socket, rest),
    );
    this.#handshakes.on('headers', (headers: string[], { headers: { origin } }: IncomingMessage) => {
      if (origin !== undefined) headers.push(`Access-Control-Allow-Origin: ${origin}`);
    });
    this.#doorkeeper.watch(this.#server);
  }

  get host(): string {
    return this.#options.host;
  }

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    this.#server.listen({ host: this.#options.host, port: this.#options.port, backlog: 1024 });
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    this.#server.on('error', () => {});
  }

  reload(tls: ListenerTls): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(browserTls(tls));
  }

  stop(): void {
    this.#server.close();
    this.#server.closeIdleConnections();
  }

  #upgrade(request: IncomingMessage, socket: Socket, rest: Buffer): void {
    socket.on('error', () => socket.destroy());
    const admission = this.#doorkeeper.admissionOf(socket);
    const { origin, 'sec-websocket-protocol': protocols = '' } = request.headers;
    const { origins } = this.#options.rules;
    if (admission === undefined) return void socket.destroy();
    if (!protocols.split(',').some((protocol) => protocol.trim() === SUBPROTOCOL))
      return refuse(socket, '400 Bad Request');
    if (origin !== undefined && origins.length > 0 && !origins.includes(origin)) return refuse(socket, '403 Forbidden');
    this.#handshakes.handleUpgrade(request, socket, rest, (webSocket) => {
      socket.setNoDelay(true);
      const stream = new WebSocketStream(webSocket, this.#options.clock);
      this.#options.accepted(stream, admission, this.#remoteAddressOf(request));
    });
  }

  /** The nearest address that is no proxy of ours. */
  #remoteAddressOf({ socket, headers }: IncomingMessage): string {
    const forwarded = String(headers['x-forwarded-for'] ?? '').split(',');
    let address = socket.remoteAddress ?? '';
    for (let at = forwarded.length - 1; at >= 0 && this.#proxies.has(address); at -= 1) {
      const before = forwarded[at]?.trim() ?? '';
      if (isIP(before) === 0) break;
      address = before;
    }
    return address;
  }
}

/** A browser that is asked for a certificate asks its user. */
function browserTls(tls: ListenerTls) {
  return { ...tlsOptions(tls), requestCert: false };
}

function wantsUpgrade(_request: IncomingMessage, response: Parameters<RequestListener>[1]): void {
  response.writeHead(426, { Upgrade: 'websocket', 'Content-Type': 'text/plain' });
  response.end('This is a relay for MSRP over WebSocket (RFC 7977).\n');
}

function refuse(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
