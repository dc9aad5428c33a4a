/** The composition root: configuration to a relay with everything wired together. */
import type { RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type NameQueries, nameQueries, provenNames, Resolver, tlsDefaults } from 'msrp/node';
import { formatUri, parseUri } from 'msrp/wire';
import { Traces } from '../admin/traces.ts';
import { LocalLink } from '../cluster/local-link.ts';
import { Blocks } from '../relay/blocks.ts';
import { type DiallerTls, NextHopDialler } from '../relay/dialler.ts';
import { OwnNames } from '../relay/names.ts';
import { NextHopPolicy } from '../relay/next-hop-policy.ts';
import { Operation } from '../relay/operation.ts';
import type { Limits, RelayOptions } from '../relay/options.ts';
import { Relay } from '../relay/relay.ts';
import { RelayPolicy } from '../relay/relay-policy.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import { takeSnapshot } from '../relay/take-snapshot.ts';
import { type Admission, Admissions } from '../transport/admissions.ts';
import type { ConnectionOrigin } from '../transport/connection-origin.ts';
import type { HandshakeToken } from '../transport/handshake-token.ts';
import { Histogram } from '../transport/histogram.ts';
import { Listener, type ListenerTls, type ListeningSocket } from '../transport/listener.ts';
import { Memory } from '../transport/memory.ts';
import { Pauses } from '../transport/pauses.ts';
import { ReadBuffers } from '../transport/read-buffers.ts';
import { Slab } from '../transport/slab.ts';
import { Stores } from '../transport/stores.ts';
import { Turn } from '../transport/turn.ts';
import { WebSocketListener } from '../transport/websocket-listener.ts';
import type { Config } from './config.ts';
import { reason } from './config-file.ts';
import { isDnsName } from './config-values.ts';
import { CurrentAuthenticator } from './current-authenticator.ts';
import { handshakeAuthOf, proxyProtocolOf } from './doors.ts';
import { collectNew } from './garbage.ts';
import { ListenerChunks } from './listener-chunks.ts';
import { type ListenerChange, Listeners } from './listeners.ts';
import { keysForRestart } from './live-keys.ts';
import { LogObserver } from './log-observer.ts';
import { relayUri, servePage } from './page.ts';
import type { BuildRelay, PreparedChange, RelayContext, RunningRelay } from './running-relay.ts';
import { ticketKeysOf } from './ticket-keys.ts';

/** How long the last octets of a connection that ends may take. */
const END_MS = 5000;

/** How long a TLS handshake may take. */
const HANDSHAKE_MS = 30_000;

/** Builds the relay and opens its listeners. */
export const buildRelay: BuildRelay<RunningRelay> = async (config, context) => {
  const blocks = new Blocks();
  const authenticator = await CurrentAuthenticator.open(config, context, blocks);
  const running = new WiredRelay(config, context, authenticator, blocks);
  try {
    await running.listen();
  } catch (cause) {
    await running.close();
    throw cause;
  }
  return running;
};

/** A relay and its listeners. */
class WiredRelay implements RunningRelay {
  /** That it was started with, and that was read last. */
  readonly #config: Config;
  #lastConfig: Config;
  readonly #context: RelayContext;
  readonly #names: OwnNames;
  readonly #authenticator: CurrentAuthenticator;
  readonly #admissions: Admissions;
  readonly #parserLimits: { maxHeadOctets: number; maxHeadLines: number };
  readonly #chunk: { maxOctets: number; lingerMs: number };
  readonly #resolver: Resolver;
  readonly #dialler: NextHopDialler;
  readonly #relays: RelayPolicy;
  readonly #relay: Relay;
  readonly #listeners: Listeners;
  readonly #link: LocalLink | undefined;
  readonly #options: RelayOptions;
  readonly #blocks: Blocks;
  readonly operation: Operation;
  readonly traces = new Traces();

  constructor(config: Config, context: RelayContext, authenticator: CurrentAuthenticator, blocks: Blocks) {
    const { clock } = context;
    this.#config = config;
    this.#lastConfig = config;
    this.#context = context;
    const options = relayOptions(config, context.worker?.owner ?? '0');
    this.#options = options;
    this.#parserLimits = parserLimits(config);
    this.#chunk = { ...config.chunk };
    this.#names = new OwnNames(config.hostname, config.aliases, authDomains(config), options.owner);
    this.#authenticator = authenticator;
    this.#blocks = blocks;
    const memory = new Memory(config.flow.memoryOctets);
    this.#admissions = new Admissions(config.limits, memory, {
      isBlocked: (address) => this.#blocks.hasAddress(address),
      makeRoom: () => this.#relay.makeRoom(),
    });
    const { allow, deny, cleartext, verifyEndpoints } = config.nextHops;
    const policy = new NextHopPolicy({ allow, deny });
    this.#resolver = new Resolver({ clock, queries: this.#queriesOf(config) });
    this.#dialler = new NextHopDialler({
      clock,
      resolver: this.#resolver,
      policy: { admits: (host, address) => !this.#blocks.hasAddress(address) && policy.admits(host, address) },
      allowsCleartext: cleartext,
      verifiesEndpoints: verifyEndpoints,
      tls: diallerTls(config),
    });
    this.#link = this.#linkOf(context);
    const stores = new Stores();
    this.#relays = new RelayPolicy(config.relays, config.relays.requireCertificate);
    this.#relay = new Relay({
      clock,
      options,
      names: this.#names,
      authenticator: this.#authenticator,
      dialler: this.#dialler,
      relays: this.#relays,
      workers: this.#link,
      observer: new LogObserver(context.logger, this.traces),
      connections: {
        clock,
        turn: new Turn(clock),
        slab: new Slab(stores),
        stores,
        parserLimits: this.#parserLimits,
        marks: config.flow,
        memory,
        readBuffers: new ReadBuffers(collectNew),
        queueTimes: new Histogram(),
        pauses: new Pauses(clock),
        chunk: this.#chunk,
        endMs: END_MS,
      },
    });
    this.operation = new Operation(this.#relay, this.#blocks, clock);
    this.#listeners = new Listeners({ names: this.#names, make: (endpoint) => this.#listener(endpoint), hostInUri });
  }

  get listening(): readonly string[] {
    return this.#listeners.listening;
  }

  get state(): 'running' | 'draining' | 'closed' {
    return this.#relay.state;
  }

  readonly snapshot = (): RelaySnapshot => {
    const ofRelay = takeSnapshot(this.#relay);
    const { refusedCount: connection, blockedCount: blocked } = this.#admissions;
    const { refusedTokens: token } = this.#authenticator;
    const refused = { ...ofRelay.refused, connection, ...(blocked > 0 && { blocked }), ...(token > 0 && { token }) };
    return { ...ofRelay, refused, lookups: this.#authenticator.lookups };
  };

  async listen(): Promise<void> {
    await this.#link?.listen();
    (await this.#listeners.prepare(this.#config.listen)).commit();
  }

  async reload(config: Config): Promise<string[]> {
    return (await this.prepare(config)).commit();
  }

  async prepare(config: Config): Promise<PreparedChange> {
    const listeners = await this.#listeners.prepare(config.listen);
    try {
      const users = await this.#authenticator.prepare(config);
      return {
        commit: async () => {
          await users.commit();
          return this.#commit(config, listeners);
        },
        undo: async () => {
          listeners.undo();
          await users.undo();
        },
      };
    } catch (cause) {
      listeners.undo();
      throw cause;
    }
  }

  async #commit(config: Config, listeners: ListenerChange): Promise<string[]> {
    this.#lastConfig = config;
    const stopped = listeners.commit();
    const { opened } = listeners;
    if (opened.length + stopped.length > 0) this.#context.logger.info({ opened, stopped }, 'listeners changed');
    for (const listener of this.#listeners.secure) listener.reload(this.#listenerTls(config));
    this.#resolver.reload(this.#queriesOf(config));
    this.#dialler.reload(diallerTls(config));
    Object.assign(this.#chunk, config.chunk);
    Object.assign(this.#options, { cutOffFlag: config.chunk.cutOffFlag });
    this.tune(config);
    this.#relays.replace(config.relays);
    await this.#revokeWhoMayNotUse();
    return keysForRestart(this.#config, config);
  }

  tune(config: Pick<Config, 'rates' | 'limits'>): void {
    this.#relay.rates.limits = config.rates;
    this.#admissions.limits = config.limits;
    Object.assign(this.#options.limits, relayLimits(config));
    Object.assign(this.#parserLimits, parserLimits(config));
  }

  async settle(deadlineMs: number): Promise<void> {
    this.#listeners.stop();
    await this.#relay.drain(deadlineMs);
  }

  giveUp(): void {
    this.#relay.giveUp();
  }

  async drain(deadlineMs: number): Promise<void> {
    await this.settle(deadlineMs);
    await this.close();
  }

  async close(): Promise<void> {
    this.#listeners.stop();
    this.#link?.stop();
    this.#relay.close();
    this.#resolver.close();
    await this.#authenticator.close();
  }

  /** With the certificate of the configuration that was read last. */
  #listener(endpoint: Config['listen'][number]): ListeningSocket {
    const { scheme, host, port } = endpoint;
    const tls = scheme === 'tls' || scheme === 'wss' ? this.#listenerTls(this.#lastConfig) : undefined;
    const reusePort = this.#context.worker !== undefined;
    const proxyProtocol = proxyProtocolOf(this.#lastConfig, endpoint, this.#context);
    const waits = { handshakeMs: HANDSHAKE_MS, admissions: this.#admissions };
    const shared = { host, port, reusePort, tls, proxyProtocol, ...waits };
    const chunks = new ListenerChunks(endpoint);
    if (scheme === 'ws' || scheme === 'wss') {
      return new WebSocketListener({
        ...shared,
        clock: this.#context.clock,
        rules: this.#lastConfig.webSocket,
        page: this.#page(),
        auth: handshakeAuthOf(this.#lastConfig, this.#authenticator, this.#context),
        accepted: (stream, admission, remoteAddress, token) => {
          const chunk = chunks.of(this.#lastConfig.chunk);
          const origin = { transport: scheme, direction: 'accepted', remoteAddress, localPort: 0, chunk } as const;
          this.#accept(stream, admission, origin, [], token);
        },
      });
    }
    const listener: Listener = new Listener({
      ...shared,
      accepted: (socket, admission, remoteAddress) => {
        const { port: localPort } = listener;
        const chunk = chunks.of(this.#lastConfig.chunk);
        const origin = { transport: scheme, direction: 'accepted', remoteAddress, localPort, chunk } as const;
        this.#accept(socket, admission, origin, provenNames(socket, this.#context.clock.nowMs()));
      },
    });
    return listener;
  }

  #listenerTls(config: Config): ListenerTls {
    const tls = listenerTls(config);
    const { ticketSecret } = this.#context;
    return ticketSecret === undefined ? tls : { ...tls, ticketKeys: ticketKeysOf(ticketSecret, tls) };
  }

  #linkOf({ worker, clock }: RelayContext): LocalLink | undefined {
    if (worker === undefined) return undefined;
    return new LocalLink(worker, clock, (stream, connection) => {
      if (this.#relay.state === 'closed') stream.destroy();
      else this.#relay.acceptCarried(connection).connection.open(stream);
    });
  }

  #page(): RequestListener | undefined {
    if (!this.#lastConfig.webSocket.page) return undefined;
    const { logger, rendezvous } = this.#context;
    return servePage({
      settings: () => ({ relay: relayUri(this.#config.hostname, this.listening) }),
      rendezvous,
      failed: (cause) => logger.error({ reason: reason(cause) }, 'there is no web page to serve'),
    });
  }

  #queriesOf({ resolver }: Config): NameQueries {
    return this.#context.nameQueries ?? nameQueries(resolver);
  }

  /** A relay that is not welcome any more, or a user who is gone, loses what was granted (RFC 4976 §6.3). One a turn: messages do not wait for all of them. */
  async #revokeWhoMayNotUse(): Promise<void> {
    const ofRelays = this.#relay.sessions.revokeRelays((name) => this.#relays.admits(name));
    if (ofRelays > 0) this.#context.logger.info({ sessions: ofRelays }, 'sessions of relays revoked');
    for (const { user, login, token } of this.#relay.sessions.owners) {
      if (!(await this.#authenticator.mayUse({ user, login, token }))) {
        const sessions = this.#relay.sessions.revoke(login);
        this.#context.logger.info({ user, sessions }, 'sessions revoked');
      }
      await setImmediate();
    }
  }

  #accept(
    socket: Duplex,
    admission: Admission,
    origin: ConnectionOrigin,
    certifiedNames: readonly string[],
    token?: HandshakeToken,
  ): void {
    // Its handshake was still going on when the listener stopped.
    if (this.#relay.state !== 'running') {
      socket.destroy();
      return;
    }
    const hop = this.#relay.accept(origin);
    hop.admission = admission;
    hop.certifiedNames = certifiedNames;
    hop.token = token;
    hop.connection.open(socket);
    this.#context.logger.debug({ from: origin.remoteAddress }, 'connection accepted');
  }
}

/** The rules' own options, out of the configuration. */
function relayOptions(config: Config, owner: string): RelayOptions {
  const { chunk, flow, timers } = config;
  return {
    owner,
    cutOffFlag: chunk.cutOffFlag,
    expires: config.expires,
    limits: relayLimits(config),
    rates: config.rates,
    flow: {
      windowOctets: flow.windowOctets,
      sessionOctets: flow.sessionOctets,
      holdResponseMs: flow.holdResponseMs,
      pauseMaxMs: flow.pauseMaxMs,
      stallMs: flow.stallTimeoutMs,
    },
    authFailures: config.auth.failures,
    allowCleartextAuth: config.auth.allowCleartext,
    probationMs: timers.probationMs,
    partialMs: timers.partialMs,
    blockMethods: new Set(config.blockMethods),
  };
}

function relayLimits({ limits }: Pick<Config, 'limits'>): Limits {
  const { sessionsPerUser, connections: dialled, transactions, pathUris, messageOctets } = limits;
  return { sessionsPerUser, dialled, transactions, pathUris, messageOctets };
}

function parserLimits({ limits }: Pick<Config, 'limits'>) {
  return { maxHeadOctets: limits.headOctets, maxHeadLines: limits.headLines };
}

function listenerTls({ tls, relays }: Config): ListenerTls {
  return { cert: tls.cert ?? '', key: tls.key ?? '', ca: relays.ca ?? tls.ca, ciphers: cipherSuites(tls) };
}

function diallerTls({ tls, relays }: Config): DiallerTls {
  return { cert: tls.cert, key: tls.key, ca: tls.ca, relaysCa: relays.ca, ciphers: cipherSuites(tls) };
}

/** CN-05: the suite that RFC 4975 §14.2 demands comes last, and only if wished. */
function cipherSuites({ rsaCbcSuite }: Config['tls']): string {
  return rsaCbcSuite ? `${tlsDefaults.ciphers}:AES128-SHA` : tlsDefaults.ciphers;
}

/** Names of SRV records that lead here. */
function authDomains({ domains, realm }: Config): string[] {
  return [...domains, ...(isDnsName(realm.toLowerCase()) ? [realm] : [])];
}

/** A host as a parsed URI has it: an IPv6 address in brackets, in its shortest form. */
function hostInUri(host: string): string {
  return parseUri(formatUri({ scheme: 'msrp', host, port: 1, transport: 'tcp' }))?.host ?? host;
}
