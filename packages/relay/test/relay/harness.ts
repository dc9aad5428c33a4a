/** A whole relay on free ports of 127.0.0.1, over TLS and clear TCP, for tests of its rules. */
import { type Clock, ManualClock } from 'msrp/base';
import type { Lookup, NameQueries } from 'msrp/node';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { buildRelay } from '../../src/app/build.ts';
import { type Config, configFrom } from '../../src/app/config.ts';
import { emptySource } from '../../src/app/config-file.ts';
import { makeLogger } from '../../src/app/logging.ts';
import type { RunningRelay } from '../../src/app/running-relay.ts';
import { connect, type Endpoint } from '../endpoint.ts';

/** Signs what the relays of these tests show, and is what they trust. */
export const authority = await createAuthority();
const certificate = await authority.issue({ dnsNames: ['localhost'] });

/** The users of every relay in these tests. */
export const PASSWORDS = { alice: 'secret', bob: 'other secret' };

/** Any part of a configuration; what is missing is as in development mode. */
export type Overrides = Readonly<Record<string, unknown>>;

/** A relay under test, and the clock that its timers go by (stopped unless another one was given). */
export interface TestRelay<C extends Clock> {
  readonly relay: RunningRelay;
  readonly clock: C;
  readonly tlsPort: number;
  readonly tcpPort: number;
  /** What it has logged, as text. */
  readonly logged: () => string;
  /** A connection to it: over TLS unless `secure` is false. */
  connect(options?: { readonly secure?: boolean }): Promise<Endpoint>;
  /** A client: a TLS connection that has authenticated, and its Use-Path. */
  client(user?: keyof typeof PASSWORDS): Promise<{ readonly endpoint: Endpoint; readonly usePath: string }>;
  /** The URI that AUTHs go to. */
  readonly target: string;
  close(): Promise<void>;
}

/** Starts a relay whose clock only moves when the test advances it. */
export function startRelay(overrides?: Overrides, lookup?: Lookup): Promise<TestRelay<ManualClock>> {
  return startRelayWith(new ManualClock(Date.now()), overrides, lookup);
}

/** The configuration of a relay under test. */
export function configOf(overrides: Overrides, clock: Clock): Config {
  return configFrom(
    emptySource('test', {
      hostname: 'localhost',
      listen: ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0'],
      tls: { cert: certificate.cert, key: certificate.key, ca: authority.ca },
      auth: { allowCleartext: true },
      credentials: [{ type: 'static', users: PASSWORDS }],
      nextHops: { allow: ['loopback'], cleartext: true },
      ...overrides,
    }),
    {},
    clock,
  );
}

/** Starts a relay that goes by `clock`; `lookup` says where the names of next hops lead. */
export async function startRelayWith<C extends Clock>(
  clock: C,
  overrides: Overrides = {},
  lookup?: Lookup,
): Promise<TestRelay<C>> {
  const lines: string[] = [];
  const config = configOf(overrides, clock);
  // What is kept of the log counts as memory, where a test measures that.
  const logger = makeLogger({ write: (line: string) => void lines.push(line) });
  logger.level = 'log' in overrides ? config.log.level : 'debug';
  const relay = await buildRelay(config, {
    clock,
    logger,
    ...(lookup === undefined ? {} : { nameQueries: queriesBy(lookup) }),
  });
  const [tlsPort = 0, tcpPort = 0] = relay.listening.map((uri) => Number(uri.slice(uri.lastIndexOf(':') + 1)));
  const { hostname } = config;
  const target = `msrps://${hostname}:${tlsPort};tcp`;
  const open = ({ secure = true }: { readonly secure?: boolean } = {}) =>
    connect({ port: secure ? tlsPort : tcpPort, secure, ca: authority.ca, servername: hostname });
  const client = async (user: keyof typeof PASSWORDS = 'alice') => {
    const endpoint = await open();
    const usePath = await endpoint.auth({ user, password: PASSWORDS[user], target });
    return { endpoint, usePath };
  };
  return {
    relay,
    clock,
    tlsPort,
    tcpPort,
    target,
    logged: () => lines.join(''),
    connect: open,
    client,
    close: () => relay.close(),
  };
}

/** Names lead where `lookup` says, and no domain has SRV records. */
function queriesBy(lookup: Lookup): NameQueries {
  return {
    addresses: async (host) => ({ value: await lookup(host), lifetimeMs: 0 }),
    services: async () => ({ value: [], lifetimeMs: 0 }),
    cancel: () => {},
  };
}
