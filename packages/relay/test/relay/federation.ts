/**
 * The scenario of RFC 4976 §5.1: client A behind relays B and C of one domain, client F behind E and D of another. Every
 * relay asks a DNS server for the others; C is found by the SRV record of its domain, D by an IPv6 address.
 */
import type { Clock } from 'msrp/base';
import { onTestFinished } from 'vitest';
import { type NameServer, startNameServer, type Zone } from '../../../msrp/test/node/name-server.ts';
import { connect } from '../endpoint.ts';
import { certificateFor } from './chain.ts';
import { authority, type Overrides, PASSWORDS, startRelayWith, type TestRelay } from './harness.ts';
import { type Link, openLink } from './link.ts';
import { Party } from './party.ts';

export const RELAYS = ['B', 'C', 'D', 'E'] as const;
export type RelayName = (typeof RELAYS)[number];

/** The domain whose SRV record leads to C. */
export const DOMAIN_OF_C = 'one.example';

export const HOSTS = {
  B: 'b.one.example',
  C: 'c.one.example',
  D: 'd.two.example',
  E: 'e.two.example',
} as const;

const ADDRESSES = { B: '127.0.0.1', C: '127.0.0.1', D: '::1', E: '127.0.0.1' } as const;

/** The relays that speak to each other, both ways. */
const NEIGHBOURS = [
  ['B', 'C'],
  ['C', 'D'],
  ['D', 'E'],
] as const;

/** How the federation is set up. */
export interface FederationOptions<C extends Clock> {
  readonly clock: C;
  /** Puts links between the relays; without them they connect to each other directly. */
  readonly isLinked?: boolean;
  /** What is special in the configuration of a relay. */
  readonly overrides?: Partial<Record<RelayName, Overrides>>;
}

/** How a client authenticates. */
export interface ClientOptions {
  readonly user?: keyof typeof PASSWORDS;
  /** Asked of some of its relays: for how many seconds the session is to live. */
  readonly expires?: Partial<Record<RelayName, number>>;
}

/** Four relays that run. */
export class Federation<C extends Clock> {
  readonly clock: C;
  readonly relays: Readonly<Record<RelayName, TestRelay<C>>>;
  /** What each relay asks. */
  readonly nameServers: Readonly<Record<RelayName, NameServer>>;
  /** Links by both names: `BC` is what B connects to C by. */
  readonly #links: ReadonlyMap<string, Link>;

  constructor(
    clock: C,
    relays: Readonly<Record<RelayName, TestRelay<C>>>,
    nameServers: Readonly<Record<RelayName, NameServer>>,
    links: ReadonlyMap<string, Link>,
  ) {
    this.clock = clock;
    this.relays = relays;
    this.nameServers = nameServers;
    this.#links = links;
  }

  /** The links between two relays, both directions. */
  between(one: RelayName, other: RelayName): readonly Link[] {
    return [this.#links.get(one + other), this.#links.get(other + one)].filter((link) => link !== undefined);
  }

  /** A client that has authenticated at these relays, the first of which it is connected to. */
  async client(names: readonly [RelayName, ...RelayName[]], options: ClientOptions = {}): Promise<Party> {
    const { user = 'alice', expires = {} } = options;
    const [first] = names;
    const { tlsPort } = this.relays[first];
    const endpoint = await connect({
      host: ADDRESSES[first],
      port: tlsPort,
      ca: authority.ca,
      servername: HOSTS[first],
    });
    onTestFinished(() => void endpoint.socket.destroy());
    let usePath = '';
    for (const name of names) {
      // Whoever is not connected to C asks for its domain.
      const target = name === 'C' && usePath !== '' ? `msrps://${DOMAIN_OF_C};tcp` : this.relays[name].target;
      const wish = expires[name] === undefined ? {} : { expires: expires[name] };
      usePath = await endpoint.auth({
        user,
        password: PASSWORDS[user],
        algorithm: user === 'alice' ? 'SHA-256' : 'MD5',
        target: usePath === '' ? target : `${usePath} ${target}`,
        ...wish,
      });
    }
    return new Party(endpoint, usePath);
  }

  /** A and F of the scenario. */
  async pair(a: ClientOptions = {}, f: ClientOptions = {}): Promise<{ readonly a: Party; readonly f: Party }> {
    return {
      a: await this.client(['B', 'C'], { user: 'alice', ...a }),
      f: await this.client(['E', 'D'], { user: 'bob', ...f }),
    };
  }

  /** Open transactions of each relay. */
  get transactions(): number[] {
    return RELAYS.map((name) => this.relays[name].relay.snapshot().transactions);
  }
}

/** Starts the relays. Everything ends with the test. */
export async function openFederation<C extends Clock>(options: FederationOptions<C>): Promise<Federation<C>> {
  const { clock, isLinked = false, overrides = {} } = options;
  const zones: Record<RelayName, Zone> = { B: {}, C: {}, D: {}, E: {} };
  const nameServers: Partial<Record<RelayName, NameServer>> = {};
  const relays: Partial<Record<RelayName, TestRelay<C>>> = {};
  for (const name of RELAYS) {
    const server = await startNameServer(zones[name]);
    onTestFinished(() => server.stop());
    nameServers[name] = server;
    const relay = await startRelay(name, clock, server, overrides[name]);
    onTestFinished(() => relay.close());
    relays[name] = relay;
  }
  const started = relays as Record<RelayName, TestRelay<C>>;
  const links = isLinked ? await linksBetween(started) : new Map<string, Link>();
  for (const [one, other] of NEIGHBOURS) {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const link = links.get(from + to);
      const address = link?.host ?? ADDRESSES[to];
      zones[from][HOSTS[to]] = address.includes(':') ? { AAAA: [address] } : { A: [address] };
    }
  }
  zones.B[`_msrps._tcp.${DOMAIN_OF_C}`] = { SRV: [{ port: started.C.tlsPort, target: HOSTS.C }] };
  return new Federation(clock, started, nameServers as Record<RelayName, NameServer>, links);
}

async function startRelay<C extends Clock>(
  name: RelayName,
  clock: C,
  server: NameServer,
  overrides: Overrides = {},
): Promise<TestRelay<C>> {
  const domains = name === 'C' ? [DOMAIN_OF_C] : [];
  const certificate = await certificateFor(HOSTS[name], ...domains);
  return startRelayWith(clock, {
    hostname: HOSTS[name],
    domains,
    listen: [`tls://${ADDRESSES[name].includes(':') ? `[${ADDRESSES[name]}]` : ADDRESSES[name]}:0`],
    tls: { ...certificate, ca: authority.ca },
    resolver: [server.address],
    nextHops: { allow: ['loopback'] },
    ...overrides,
  });
}

/** Each has an address of its own, and the port of the relay that it leads to. */
async function linksBetween<C extends Clock>(relays: Record<RelayName, TestRelay<C>>): Promise<Map<string, Link>> {
  const links = new Map<string, Link>();
  for (const [one, other] of NEIGHBOURS) {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const target = { host: ADDRESSES[to], port: relays[to].tlsPort };
      const link = await openLink(`127.0.1.${links.size + 1}`, target);
      onTestFinished(() => link.close());
      links.set(from + to, link);
    }
  }
  return links;
}
