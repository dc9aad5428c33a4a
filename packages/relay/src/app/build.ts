/** The composition root: configuration to a relay with everything wired together. */
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { type NameQueries, nameQueries, provenNames, Resolver, tlsDefaults } from 'msrp/node';
import { formatUri, parseUri } from 'msrp/wire';
import { type DiallerTls, NextHopDialler } from '../relay/dialler.ts';
import { OwnNames } from '../relay/names.ts';
import { NextHopPolicy } from '../relay/next-hop-policy.ts';
import type { RelayOptions } from '../relay/options.ts';
import { Relay } from '../relay/relay.ts';
import { RelayPolicy } from '../relay/relay-policy.ts';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import { takeSnapshot } from '../relay/take-snapshot.ts';
import { type Admission, Admissions } from '../transport/admissions.ts';
import { Listener, type ListenerTls } from '../transport/listener.ts';
import { Memory } from '../transport/memory.ts';
import { Slab } from '../transport/slab.ts';
import { Turn } from '../transport/turn.ts';
import type { Config } from './config.ts';
import { formatEndpoint, isDnsName, isLoopback } from './config-values.ts';
import { CurrentAuthenticator } from './current-authenticator.ts';
import { keysForRestart } from './live-keys.ts';
import { LogObserver } from './log-observer.ts';
import type { BuildRelay, RelayContext, RunningRelay } from './running-relay.ts';

/** How long the last octets of a connection that ends may take. */
const END_MS = 5000;

/** How long a TLS handshake may take. */
const HANDSHAKE_MS = 30_000;

/** Builds the relay and opens its listeners. */
export const buildRelay: BuildRelay = async (config, context) => {
  const authenticator = await CurrentAuthenticator.open(config, context);
  const running = new WiredRelay(config, context, authenticator);
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
  readonly #config: Config;
  readonly #context: RelayContext;
  readonly #names: OwnNames;
  readonly #authenticator: CurrentAuthenticator;
  readonly #admissions: Admissions;
  readonly #resolver: Resolver;
  readonly #dialler: NextHopDialler;
  readonly #relays: RelayPolicy;
  readonly #relay: Relay;
  readonly #listeners: { readonly listener: Listener; readonly name: string }[] = [];

  constructor(config: Config, context: RelayContext, authenticator: CurrentAuthenticator) {
    const { clock } = context;
    this.#config = config;
    this.#context = context;
    const options = relayOptions(config);
    this.#names = new OwnNames(config.hostname, config.aliases, authDomains(config), options.owner);
    this.#authenticator = authenticator;
    const { connections, connectionsPerAddress, headOctets, headLines } = config.limits;
    const memory = new Memory(config.flow.memoryOctets);
    this.#admissions = new Admissions({ connections, connectionsPerAddress }, memory);
    const { allow, deny, cleartext, verifyEndpoints } = config.nextHops;
    this.#resolver = new Resolver({ clock, queries: this.#queriesOf(config) });
    this.#dialler = new NextHopDialler({
      clock,
      resolver: this.#resolver,
      policy: new NextHopPolicy({ allow, deny }),
      allowsCleartext: cleartext,
      verifiesEndpoints: verifyEndpoints,
      tls: diallerTls(config),
    });
    this.#relays = new RelayPolicy(config.relays, config.relays.requireCertificate);
    this.#relay = new Relay({
      clock,
      options,
      names: this.#names,
      authenticator: this.#authenticator,
      dialler: this.#dialler,
      relays: this.#relays,
      observer: new LogObserver(context.logger),
      connections: {
        clock,
        turn: new Turn(),
        slab: new Slab(),
        parserLimits: { maxHeadOctets: headOctets, maxHeadLines: headLines },
        marks: config.flow,
        memory,
        feedOctets: config.chunk.maxOctets,
        endMs: END_MS,
      },
    });
  }

  get listening(): readonly string[] {
    return this.#listeners.map(({ name }) => name);
  }

  get state(): 'running' | 'draining' | 'closed' {
    return this.#relay.state;
  }

  readonly snapshot = (): RelaySnapshot => {
    const ofRelay = takeSnapshot(this.#relay);
    const refused = { ...ofRelay.refused, connection: this.#admissions.refusedCount };
    return { ...ofRelay, refused, lookups: this.#authenticator.lookups };
  };

  async listen(): Promise<void> {
    for (const { scheme, host, port } of this.#config.listen) {
      const listener = new Listener({
        host,
        port,
        tls: scheme === 'tls' ? listenerTls(this.#config) : undefined,
        handshakeMs: HANDSHAKE_MS,
        admissions: this.#admissions,
        accepted: (socket, admission) => this.#accept(socket, admission, listener),
      });
      await listener.listen();
      this.#names.add({
        scheme: listener.isSecure ? 'msrps' : 'msrp',
        port: listener.port,
        loopbackAddress: isLoopback(host) ? hostInUri(host) : undefined,
      });
      this.#listeners.push({ listener, name: formatEndpoint({ scheme, host, port: listener.port }) });
    }
  }

  async reload(config: Config): Promise<string[]> {
    await this.#authenticator.reload(config);
    for (const { listener } of this.#listeners) if (listener.isSecure) listener.reload(listenerTls(config));
    this.#resolver.reload(this.#queriesOf(config));
    this.#dialler.reload(diallerTls(config));
    this.#relay.rates.limits = config.rates;
    this.#relays.replace(config.relays);
    await this.#revokeWhoMayNotUse();
    return keysForRestart(this.#config, config);
  }

  async drain(deadlineMs: number): Promise<void> {
    for (const { listener } of this.#listeners) listener.stop();
    await this.#relay.drain(deadlineMs);
    await this.close();
  }

  async close(): Promise<void> {
    for (const { listener } of this.#listeners) listener.stop();
    this.#relay.close();
    this.#resolver.close();
    await this.#authenticator.close();
  }

  #queriesOf({ resolver }: Config): NameQueries {
    return this.#context.nameQueries ?? nameQueries(resolver);
  }

  /** A relay that is not welcome any more, or a user who is gone, loses what was granted (RFC 4976 §6.3). One a turn: messages do not wait for all of them. */
  async #revokeWhoMayNotUse(): Promise<void> {
    const ofRelays = this.#relay.sessions.revokeRelays((name) => this.#relays.admits(name));
    if (ofRelays > 0) this.#context.logger.info({ sessions: ofRelays }, 'sessions of relays revoked');
    for (const user of this.#relay.sessions.logins) {
      if (!(await this.#authenticator.mayUse(user))) {
        const sessions = this.#relay.sessions.revoke(user);
        this.#context.logger.info({ user, sessions }, 'sessions revoked');
      }
      await setImmediate();
    }
  }

  #accept(socket: Socket, admission: Admission, listener: Listener): void {
    // Its handshake was still going on when the listener stopped.
    if (this.#relay.state !== 'running') {
      socket.destroy();
      return;
    }
    const hop = this.#relay.accept({
      transport: listener.isSecure ? 'tls' : 'tcp',
      direction: 'accepted',
      remoteAddress: socket.remoteAddress ?? '',
      localPort: listener.port,
    });
    hop.onAuthenticated = admission.exempt;
    hop.certifiedNames = provenNames(socket, this.#context.clock.nowMs());
    hop.connection.open(socket);
    this.#context.logger.debug({ from: socket.remoteAddress }, 'connection accepted');
  }
}

/** The rules' own options, out of the configuration. */
function relayOptions(config: Config): RelayOptions {
  const { chunk, flow, limits, timers } = config;
  return {
    owner: '0',
    maxChunkOctets: chunk.maxOctets,
    lingerMs: chunk.lingerMs,
    cutOffFlag: chunk.cutOffFlag,
    expires: config.expires,
    limits: {
      sessionsPerUser: limits.sessionsPerUser,
      dialled: limits.connections,
      transactions: limits.transactions,
      pathUris: limits.pathUris,
      messageOctets: limits.messageOctets,
    },
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
