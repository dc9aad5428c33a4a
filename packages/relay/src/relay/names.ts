/** Which URIs name this relay. */

import { formatUri, type MsrpUri, makeSessionId, nodeKey } from 'msrp/wire';
import { flat } from '../transport/flat.ts';

/** One listener, as URIs see it. */
export interface ListeningPlace {
  readonly scheme: 'msrp' | 'msrps';
  readonly port: number;
  /** The listener's address when it is a loopback one: such a URI may name it by address. */
  readonly loopbackAddress: string | undefined;
}

/**
 * The relay's own names: every name with every listener's scheme and port, and the addresses of loopback
 * listeners. For AUTH also a name or domain without port, which SRV records led here (RFC 4976 §8).
 */
export class OwnNames {
  readonly #hostname: string;
  readonly #owner: string;
  readonly #nodes = new Set<string>();
  #securePort: number | undefined;
  #hasWebSocket = false;
  readonly #hosts: ReadonlySet<string>;
  readonly #domains: ReadonlySet<string>;

  constructor(hostname: string, aliases: readonly string[], domains: readonly string[], owner: string) {
    this.#hostname = hostname.toLowerCase();
    this.#owner = owner;
    this.#hosts = new Set([hostname, ...aliases].map((name) => name.toLowerCase()));
    this.#domains = new Set([...this.#hosts, ...domains.map((name) => name.toLowerCase())]);
  }

  /** Hosts of its URIs, which its certificate carries. */
  get hosts(): string[] {
    return [...this.#hosts];
  }

  /** A listener is ready. */
  add(place: ListeningPlace): void {
    const hosts = place.loopbackAddress === undefined ? this.#hosts : [...this.#hosts, place.loopbackAddress];
    for (const host of hosts) this.#nodes.add(`${place.scheme}://${host}:${place.port};tcp`);
  }

  /** There is a WebSocket listener. The port in the URI of one is that of a proxy perhaps: a host that is ours is enough. */
  addWebSocket(): void {
    this.#hasWebSocket = true;
  }

  /** New URIs of sessions on connections that this relay opened name this port from now on. */
  useSecurePort(port: number | undefined): void {
    this.#securePort = port;
  }

  /** Whether `uri` names a listener of this relay, or did before; with a final dot it is the same host, as in DNS and certificates. */
  isOwn(uri: MsrpUri): boolean {
    return this.#nodes.has(nodeKey(uri.host.endsWith('.') ? { ...uri, host: withoutFinalDot(uri.host) } : uri));
  }

  /** Whether `uri` may be the target of an AUTH to this relay. */
  isAuthTarget(uri: MsrpUri): boolean {
    if (uri.transport === 'ws') return this.#hasWebSocket && this.#domains.has(withoutFinalDot(uri.host));
    if (uri.port !== undefined) return this.isOwn(uri);
    return uri.transport === 'tcp' && this.#domains.has(withoutFinalDot(uri.host));
  }

  /**
   * A new session URI for a client of the listener on `listenerPort`; nobody can guess it (RFC 4976 §6.3). Port 0, of a connection
   * that this relay opened itself or that came by WebSocket, gives the first TLS listener's.
   */
  mint(scheme: 'msrp' | 'msrps', listenerPort: number): { readonly uri: string; readonly secret: string } {
    // It is a key for as long as the session lives: not one of two pieces.
    const secret = flat(makeSessionId());
    const sessionId = `${this.#owner}.${secret}`;
    const port = listenerPort === 0 ? this.#securePort : listenerPort;
    return { uri: formatUri({ scheme, host: this.#hostname, port, sessionId, transport: 'tcp' }), secret };
  }
}

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
