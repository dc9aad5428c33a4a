/** An MSRP endpoint: its sessions, and the connections that they share (RFC 4975 §5.4, RFC 6135). */
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import { makeIdent, makeSessionId } from '../wire/ident.ts';
import { formatUri, type MsrpUri, nodeKey, parseUri, sameUri } from '../wire/uri.ts';
import type { Channel, Network } from './channel.ts';
import { Connection, type RequestHandler } from './connection.ts';
import { badFingerprint, matchesFingerprint } from './fingerprint.ts';
import { assertRelayTargets, RelayConnection, type RelayTarget } from './relay-connection.ts';
import { Session, type SessionContext } from './session.ts';
import type { Peer, SessionOptions } from './session-options.ts';

/** What an endpoint is made from. */
export interface EndpointOptions {
  readonly network: Network;
  readonly clock?: Clock | undefined;
}

/** Where this endpoint can be reached: the authority of its own URIs. */
export interface OwnAddress {
  readonly scheme: 'msrp' | 'msrps';
  readonly host: string;
  readonly port: number;
}

/** How a session without relays is made. */
export interface DirectSessionOptions extends SessionOptions {
  /** Where the peer may connect to. Without it this side has to be the active one. */
  readonly address?: OwnAddress | undefined;
}

/** A connection without sessions is kept for so long: to own relays, to others, and from strangers. RFC 4976 §5.4. */
const IDLE_MS = { relay: 3_600_000, peer: 300_000, stranger: 30_000 } as const;

type Kind = keyof typeof IDLE_MS;

/** What an endpoint knows of one connection. */
interface Entry {
  readonly kind: Kind;
  /** Under what it is found, if it is to be found. */
  readonly node: string | undefined;
  idle: Timer | undefined;
}

/** Sessions of one user or program. Everything it opens goes when it is closed. */
export class Endpoint {
  readonly #network: Network;
  readonly #clock: Clock;
  /** By the session-id of this endpoint's own URI. */
  readonly #sessions = new Map<string, Session>();
  readonly #connections = new Map<Connection, Entry>();
  /** Connections to peers, made or in the making, by node. */
  readonly #toNodes = new Map<string, Promise<Connection>>();
  /** Aborted when the endpoint is closed: whoever is being dialled is left. */
  readonly #ending = new AbortController();

  constructor(options: EndpointOptions) {
    this.#network = options.network;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Connects to a relay that acts for this endpoint; with several, to the first, and through it to the next. User and
   * password may be missing where the handshake of a WebSocket authenticates.
   *
   * @throws MsrpError `MSRP_INSECURE` (a relay URI that is not `msrps:`), `MSRP_BAD_URI`, `MSRP_AUTH_FAILED` (user or password
   *   without the other), or what dialling throws.
   */
  async connectRelay(
    relays: RelayTarget | readonly RelayTarget[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RelayConnection> {
    const targets = 'uri' in relays ? [relays] : relays;
    assertRelayTargets(targets);
    const uri = parseUri(targets[0]?.uri ?? '');
    if (uri === undefined) throw new MsrpError('MSRP_BAD_URI', 'no relay');
    const connection = this.#add(await this.#dial(uri, true, options.signal), 'relay');
    // Nobody can dial a client behind a relay; the name stays the same for its connection (RFC 7977 §8).
    const host = `${makeIdent().toLowerCase()}.invalid`;
    const transport = connection.channel.writesWholeChunks ? 'ws' : 'tcp';
    return new RelayConnection(targets, {
      clock: this.#clock,
      connection,
      newUri: () => ownUri({ scheme: 'msrps', host, port: 2855 }, transport),
      newSession: (own, usePath, refresh, options) => this.#newSession(own, usePath, connection, refresh, options),
    });
  }

  /** A session without relays. */
  createSession(options: DirectSessionOptions = {}): Session {
    this.#assertOpen();
    const address = options.address ?? { scheme: 'msrps', host: `${makeIdent().toLowerCase()}.invalid`, port: 2855 };
    return this.#newSession(ownUri(address), '', undefined, undefined, options);
  }

  /** Takes a connection that a peer has opened: its first request shows which session it is for (RFC 4975 §5.4). */
  accept(channel: Channel): void {
    if (this.#ending.signal.aborted) channel.destroy();
    else this.#add(channel, 'stranger');
  }

  /** Closes all sessions and connections. */
  close(): void {
    this.#ending.abort(closed());
    for (const session of [...this.#sessions.values()]) session.close();
    for (const connection of [...this.#connections.keys()]) connection.close();
  }

  #newSession(
    uri: string,
    usePath: string,
    connection: Connection | undefined,
    refresh: SessionContext['refresh'],
    options: SessionOptions,
  ): Session {
    const sessionId = parseUri(uri)?.sessionId ?? '';
    const session = new Session(
      {
        clock: this.#clock,
        uri,
        usePath,
        connection,
        reach: (peer, first) => this.#reach(peer, first),
        bound: (bound) => this.#wakeUp(bound),
        ended: (ending) => {
          this.#sessions.delete(sessionId);
          if (ending.connection !== undefined) this.#restIfIdle(ending.connection);
        },
        refresh,
      },
      options,
    );
    this.#sessions.set(sessionId, session);
    if (connection !== undefined) this.#wakeUp(connection);
    return session;
  }

  #add(channel: Channel, kind: Kind, node?: string): Connection {
    const directory = {
      sessionFor: (uri: string, arrivedOn: Connection) => this.#sessionFor(uri, arrivedOn),
      lost: (lost: Connection, error: MsrpError) => this.#lost(lost, error),
    };
    const connection: Connection = new Connection(channel, directory, this.#clock);
    this.#connections.set(connection, { kind, node, idle: undefined });
    this.#restIfIdle(connection);
    return connection;
  }

  #sessionFor(text: string, connection: Connection): RequestHandler | number {
    const uri = parseUri(text);
    if (uri === undefined) return 400;
    const session = this.#sessions.get(uri.sessionId ?? '');
    const own = session === undefined ? undefined : parseUri(session.uri);
    if (session === undefined || own === undefined || !sameUri(uri, own)) return 481;
    if (session.connection === undefined) {
      if (!session.trusts(connection)) {
        connection.destroy(badFingerprint());
        return 403;
      }
      session.bind(connection);
    }
    return session.connection === connection ? session.incoming : 506;
  }

  /** The connection to the peer's first node: sessions share it, and one dialling (RFC 4975 §5.4). */
  #reach({ fingerprint }: Peer, first: string): Promise<Connection> {
    const uri = parseUri(first);
    // Only relays are found by their domain (RFC 4976 §8).
    if (uri?.port === undefined) throw new MsrpError('MSRP_BAD_PATH', 'the first URI of the path has no port');
    const node = fingerprint === undefined ? nodeKey(uri) : `${nodeKey(uri)} ${fingerprint}`;
    const known = this.#toNodes.get(node);
    if (known !== undefined) return known;
    const reaching = this.#dialPeer(uri, fingerprint, node);
    this.#toNodes.set(node, reaching);
    reaching.catch(() => this.#toNodes.delete(node));
    return reaching;
  }

  async #dialPeer(uri: MsrpUri, fingerprint: string | undefined, node: string): Promise<Connection> {
    const channel = await this.#dial(uri, fingerprint === undefined);
    if (fingerprint !== undefined && !matchesFingerprint(channel.peerCertificate, fingerprint)) {
      channel.destroy();
      throw badFingerprint();
    }
    return this.#add(channel, 'peer', node);
  }

  /** @param signal - the caller's; the end of this endpoint ends it, too. */
  async #dial(uri: MsrpUri, checksName: boolean, signal?: AbortSignal): Promise<Channel> {
    this.#assertOpen();
    const ending = this.#ending.signal;
    const either = signal === undefined ? ending : AbortSignal.any([ending, signal]);
    const channel = await this.#network.dial(uri, { checksName, signal: either });
    if (!ending.aborted) return channel;
    channel.destroy();
    throw closed();
  }

  /** A connection that nobody uses is kept for a while. */
  #restIfIdle(connection: Connection): void {
    const entry = this.#connections.get(connection);
    if (entry === undefined || this.#isUsed(connection)) return;
    entry.idle?.cancel();
    entry.idle = this.#clock.after(IDLE_MS[entry.kind], () => {
      if (!this.#isUsed(connection)) connection.close();
    });
  }

  #wakeUp(connection: Connection): void {
    this.#connections.get(connection)?.idle?.cancel();
  }

  #isUsed(connection: Connection): boolean {
    for (const session of this.#sessions.values()) if (session.connection === connection) return true;
    return false;
  }

  #lost(connection: Connection, error: MsrpError): void {
    const entry = this.#connections.get(connection);
    entry?.idle?.cancel();
    if (entry?.node !== undefined) this.#toNodes.delete(entry.node);
    this.#connections.delete(connection);
    for (const session of [...this.#sessions.values()]) if (session.connection === connection) session.fail(error);
  }

  #assertOpen(): void {
    if (this.#ending.signal.aborted) throw closed();
  }
}

function closed(): MsrpError {
  return new MsrpError('MSRP_SESSION_CLOSED', 'the endpoint has been closed');
}

function ownUri({ scheme, host, port }: OwnAddress, transport: 'tcp' | 'ws' = 'tcp'): string {
  return formatUri({ scheme, host, port, sessionId: makeSessionId(), transport });
}
