/** Accepts WebSocket connections (RFC 7977), over HTTP or HTTPS, and hands them over once they may speak MSRP. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from 'msrp/base';
import { WebSocketServer } from 'ws';
import type { Admission } from './admissions.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { clientAddress, type FORWARDED_HEADERS, type ForwardingRules } from './forwarded.ts';
import { type HandshakeToken, handshakeToken, type TokenPlaces } from './handshake-token.ts';
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
  /** Networks and addresses of proxies whose word is taken for whose connection they pass on. */
  readonly proxies: readonly string[];
  /** The header in which they say it. */
  readonly forwardedHeader: (typeof FORWARDED_HEADERS)[number];
}

/** Why a handshake is not taken: its token is none, or has expired; its user may not be here; it cannot be told now. */
export type TokenRefusal = 'invalid' | 'forbidden' | 'unavailable';

/** Authentication by a token that comes with the handshake. */
export interface HandshakeAuth {
  readonly places: TokenPlaces;
  /** Whoever has no token is refused, too; otherwise they may authenticate later. */
  readonly isRequired: boolean;
  /** Judges a token; undefined when it is good. Must not reject. */
  readonly judge: (token: HandshakeToken, remoteAddress: string) => Promise<TokenRefusal | undefined>;
}

const UNAUTHORIZED = '401 Unauthorized\r\nWWW-Authenticate: Bearer realm="msrp"';

/** Status lines, with the header that goes with them (RFC 6750 §3). */
const REFUSALS: Readonly<Record<TokenRefusal, string>> = {
  invalid: `${UNAUTHORIZED}, error="invalid_token"`,
  forbidden: '403 Forbidden',
  unavailable: '503 Service Unavailable\r\nRetry-After: 5',
};

/** Where to listen, and what to ask of whoever knocks. */
export interface WebSocketListenerOptions extends Omit<ListenerOptions, 'accepted'> {
  readonly clock: Clock;
  readonly rules: WebSocketRules;
  /** None by default: then nobody looks whether there is a token. */
  readonly auth?: HandshakeAuth | undefined;
  /** A connection that may speak MSRP now, where it comes from, and the token that was found good. */
  readonly accepted: (
    stream: Duplex,
    admission: Admission,
    remoteAddress: string,
    token: HandshakeToken | undefined,
  ) => void;
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
  readonly #forwarding: ForwardingRules;
  #port = 0;

  constructor(options: WebSocketListenerOptions) {
    this.#options = options;
    const { proxies, forwardedHeader } = options.rules;
    this.#forwarding = { proxies: new Networks(proxies), header: forwardedHeader };
    this.#doorkeeper = new Doorkeeper({ ...options, laterBy: this.#forwarding.proxies });
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
    const { host, port, reusePort = false } = this.#options;
    this.#server.listen({ host, port, reusePort, backlog: 1024 });
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
    const visitor = this.#doorkeeper.visitorOf(socket);
    const { origin, 'sec-websocket-protocol': protocols = '' } = request.headers;
    const { origins } = this.#options.rules;
    if (visitor === undefined) return void socket.destroy();
    const { admission } = visitor;
    const remoteAddress = clientAddress(request.headers, visitor.remoteAddress, this.#forwarding);
    if (!admission.comesFrom(remoteAddress)) return refuse(socket, '503 Service Unavailable');
    if (!protocols.split(',').some((protocol) => protocol.trim() === SUBPROTOCOL))
      return refuse(socket, '400 Bad Request');
    if (origin !== undefined && origins.length > 0 && !origins.includes(origin)) return refuse(socket, '403 Forbidden');
    const accept = (token: HandshakeToken | undefined) =>
      this.#handshakes.handleUpgrade(request, socket, rest, (webSocket) => {
        socket.setNoDelay(true);
        const stream = new WebSocketStream(webSocket, this.#options.clock);
        this.#options.accepted(stream, admission, remoteAddress, token);
      });
    void this.#authenticate(request, socket, remoteAddress, accept);
  }

  /** Calls `accept` if the handshake may go on, in the same turn where there is nothing to judge. */
  async #authenticate(
    request: IncomingMessage,
    socket: Socket,
    remoteAddress: string,
    accept: (token: HandshakeToken | undefined) => void,
  ): Promise<void> {
    const { auth } = this.#options;
    const token = auth === undefined ? undefined : handshakeToken(request, auth.places);
    if (auth === undefined || token === undefined) {
      if (auth?.isRequired === true) refuse(socket, UNAUTHORIZED);
      else accept(undefined);
      return;
    }
    const refusal = await auth.judge(token, remoteAddress);
    if (refusal !== undefined) refuse(socket, REFUSALS[refusal]);
    else accept(token);
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
