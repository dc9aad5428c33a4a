/** Accepts connections, over TCP or TLS, and hands them over once they may speak MSRP. */
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from 'node:tls';
import { tlsDefaults } from 'msrp/node';
import type { Admission, Admissions } from './admissions.ts';
import { Doorkeeper } from './doorkeeper.ts';
import type { ProxyProtocol } from './proxy-protocol.ts';

/** A listener's certificate; replaced as a whole on reload. */
export interface ListenerTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Authorities of the certificates that other relays show; the system's when undefined. */
  readonly ca: string | Buffer | undefined;
  /** Suites that may be used, in the notation of OpenSSL; those of `tlsDefaults` when undefined. */
  readonly ciphers?: string | undefined;
  /** Of session tickets: 48 octets that other processes have, too; this listener's own when undefined. */
  readonly ticketKeys?: Buffer | undefined;
}

/** What all kinds of listeners have in common: idle → listening → stopped. */
export interface ListeningSocket {
  readonly host: string;
  /** The port it listens on, or did; 0 before. */
  readonly port: number;
  /** Starts to listen; rejects when the address cannot be had. */
  listen(): Promise<void>;
  /** New handshakes use `tls`; connections that stand keep what they have. */
  reload(tls: ListenerTls): void;
  /** Accepts nothing more; open connections live on. */
  stop(): void;
}

/** Where to listen, and what to ask of whoever knocks. */
export interface ListenerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Other processes listen there, too: the system spreads connections over them. */
  readonly reusePort?: boolean;
  /** TLS when given; clear TCP when not. */
  readonly tls: ListenerTls | undefined;
  /** How long a TLS handshake may take. */
  readonly handshakeMs: number;
  /** Asked before a handshake; who is not admitted is disconnected without a word. */
  readonly admissions: Admissions;
  /** For proxies that say in a header of their own whose connection they pass on; none by default. */
  readonly proxyProtocol?: ProxyProtocol | undefined;
  /** A connection that may speak MSRP now, after its handshake, and where it comes from. */
  readonly accepted: (socket: Socket | TLSSocket, admission: Admission, remoteAddress: string) => void;
}

/** Detects peers that vanished without a word (RFC 4975 §7.1 leaves it to the transport). */
const KEEP_ALIVE_MS = 60_000;

/** TLS as RFC 8996 leaves it: 1.2 and 1.3. A certificate is asked for but not demanded (RFC 4976 §6.1). */
export function tlsOptions(tls: ListenerTls): TlsOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    minVersion: tlsDefaults.minVersion,
    ciphers: tls.ciphers ?? tlsDefaults.ciphers,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    requestCert: true,
    rejectUnauthorized: false,
    // Authentication is Digest on a connection; a resumed one has to do it again.
    sessionTimeout: 300,
    ...(tls.ticketKeys === undefined ? {} : { ticketKeys: tls.ticketKeys }),
  };
}

/** One listening socket of MSRP over TCP or TLS. */
export class Listener implements ListeningSocket {
  readonly #options: ListenerOptions;
  readonly #server: Server | TlsServer;
  #port = 0;
  readonly #doorkeeper: Doorkeeper;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#doorkeeper = new Doorkeeper(options);
    const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, allowHalfOpen: true };
    if (options.tls === undefined) {
      this.#server = createServer(socketOptions, (socket) => this.#hand(socket));
    } else {
      const handshake = { handshakeTimeout: options.handshakeMs };
      this.#server = createTlsServer({ ...socketOptions, ...handshake, ...tlsOptions(options.tls) }, (socket) =>
        this.#hand(socket),
      );
      // A failed handshake is the peer's affair; one that takes too long would stay if nobody ended it.
      this.#server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy());
    }
    this.#doorkeeper.watch(this.#server);
  }

  get isSecure(): boolean {
    return this.#options.tls !== undefined;
  }

  get host(): string {
    return this.#options.host;
  }

  async listen(): Promise<void> {
    const { host, port, reusePort = false } = this.#options;
    this.#server.listen({ host, port, reusePort, backlog: 1024 });
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    this.#server.on('error', () => {});
  }

  get port(): number {
    return this.#port;
  }

  reload(tls: ListenerTls): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(tlsOptions(tls));
  }

  stop(): void {
    this.#server.close();
  }

  #hand(socket: Socket | TLSSocket): void {
    const visitor = this.#doorkeeper.visitorOf(socket);
    if (visitor === undefined || socket.destroyed) socket.destroy();
    else this.#options.accepted(socket, visitor.admission, visitor.remoteAddress);
  }
}
