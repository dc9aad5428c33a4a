/** Kamailio and this relay beside each other, both as docs/interop.md says, and clients of both. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManualClock } from 'msrp/base';
import type { NameQueries } from 'msrp/node';
import { pino } from 'pino';
import { onTestFailed, onTestFinished } from 'vitest';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { buildRelay } from '../../src/app/build.ts';
import { loadConfig } from '../../src/app/config.ts';
import type { RunningRelay } from '../../src/app/running-relay.ts';
import { UserDatabase } from '../../src/auth/user-database.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { answerDigest } from '../digest-answer.ts';
import { connect, type Endpoint, type Message, request } from '../endpoint.ts';
import { challengesOf } from '../relay/dialogue.ts';
import { documentedFile, type Replacements } from './documented.ts';
import { type Kamailio, startKamailio } from './kamailio.ts';

/** The only name that Kamailio finds on any machine; to this relay all names lead here. */
const RELAY = 'localhost';
const KAMAILIO = 'kamailio.example.net';
const PASSWORD = 'secret';

const authority = await createAuthority();
const relayCertificate = await authority.issue({ dnsNames: [RELAY] });
const kamailioCertificate = await authority.issue({ dnsNames: [KAMAILIO] });

/** That of an endpoint on this machine. */
export const peerCertificate = relayCertificate;

/** What is to be different from the documented files. */
export interface KamailioChanges {
  readonly cfg?: Replacements;
  readonly tls?: Replacements;
}

/** A client that has authenticated, and the path to it: its relays, outermost first, and its own URI. */
export interface Client {
  readonly endpoint: Endpoint;
  /** As granted. */
  readonly usePath: string;
  /** What a peer writes into its To-Path. */
  readonly path: string;
}

/** This relay, and where to find it. */
export interface Ours {
  readonly relay: RunningRelay;
  readonly clock: ManualClock;
  readonly target: string;
  readonly port: number;
}

/** Kamailio with the documented configuration, changed as told, until the test is over; when it fails, the log is printed. */
export async function documentedKamailio({ cfg = {}, tls = {} }: KamailioChanges = {}): Promise<Kamailio> {
  const kamailio = await startKamailio(({ tlsPort, tcpPort, folder }) => ({
    'kamailio.cfg': documentedFile('kamailio.cfg', {
      ...cfg,
      '192.0.2.20:2855': `127.0.0.1:${tlsPort}`,
      '192.0.2.20:2856': `127.0.0.1:${tcpPort}`,
      [`${KAMAILIO}:2855`]: `${KAMAILIO}:${tlsPort}`,
      '/etc/kamailio': folder,
    }),
    'tls.cfg': documentedFile('tls.cfg', { ...tls, '/etc/kamailio': folder }),
    'cert.pem': kamailioCertificate.cert,
    'key.pem': kamailioCertificate.key,
    'ca.pem': authority.ca,
  }));
  onTestFailed(() => void process.stderr.write(kamailio.log()));
  onTestFinished(() => kamailio.stop());
  return kamailio;
}

/** This relay with the documented configuration, changed as told, until the test is over; its timers go by a clock that stands still. */
export async function documentedRelay(changes: Replacements = {}, dnsNames?: readonly string[]): Promise<Ours> {
  const certificate = dnsNames === undefined ? relayCertificate : await authority.issue({ dnsNames });
  const folder = temporaryFolder({
    'cert.pem': certificate.cert,
    'key.pem': certificate.key,
    'ca.pem': authority.ca,
  });
  const file = join(folder, 'msrp-relay.yaml');
  const shown = {
    'hostname: relay.example.org': `hostname: ${RELAY}`,
    '192.0.2.10:2855': '127.0.0.1:0',
    '192.0.2.20': '127.0.0.1',
    '/etc/msrp-relay': folder,
  };
  writeFileSync(file, documentedFile('msrp-relay.yaml', { ...changes, ...shown }));
  const users = new UserDatabase(join(folder, 'users.db'));
  users.add('alice', RELAY, PASSWORD);
  users.close();
  const clock = new ManualClock(Date.now());
  const relay = await buildRelay(loadConfig(file, {}, clock), {
    clock,
    logger: pino({ level: 'silent' }),
    nameQueries,
  });
  onTestFinished(() => relay.close());
  const port = Number(relay.listening[0]?.split(':').at(-1));
  return { relay, clock, port, target: `msrps://${RELAY}:${port};tcp` };
}

/** All names lead here. */
const nameQueries: NameQueries = {
  addresses: async () => ({ value: ['127.0.0.1'], lifetimeMs: 0 }),
  services: async () => ({ value: [], lifetimeMs: 0 }),
  cancel: () => {},
};

/** The URI that AUTHs to Kamailio go to. */
export function targetOf({ tlsPort }: Kamailio): string {
  return `msrps://${KAMAILIO}:${tlsPort};tcp`;
}

/** A client at Kamailio, in clear or over TLS. */
export async function clientOfKamailio(kamailio: Kamailio, secure = false): Promise<Client> {
  const port = secure ? kamailio.tlsPort : kamailio.tcpPort;
  const endpoint = await connect({ port, ...(secure ? { ca: authority.ca, servername: KAMAILIO } : {}) });
  return authenticated(endpoint, 'bob', targetOf(kamailio));
}

/** Anybody, over TLS, at this relay. */
export function connectToOurs({ port }: Ours): Promise<Endpoint> {
  return connect({ port, ca: authority.ca, servername: RELAY });
}

/** A client over TLS at this relay. */
export async function clientOfOurs(ours: Ours): Promise<Client> {
  return authenticated(await connectToOurs(ours), 'alice', ours.target);
}

/** Goes through the AUTH dialogue. Unlike `Endpoint.auth` it wants no proof of the password: Kamailio gives none. */
export async function authenticated(endpoint: Endpoint, user: string, toPath: string): Promise<Client> {
  const granted = await grant(endpoint, user, toPath);
  const usePath = granted.header('Use-Path');
  if (usePath === undefined) throw new Error(`expected a Use-Path, got ${granted.raw.toString('latin1')}`);
  return { endpoint, usePath, path: [...usePath.split(' ').toReversed(), endpoint.uri].join(' ') };
}

/** The answer to an AUTH with credentials. */
export async function grant(endpoint: Endpoint, user: string, toPath: string, expires?: string): Promise<Message> {
  const paths = { toPath, fromPath: endpoint.uri };
  const asked = await endpoint.ask(request('AUTH', paths));
  if (asked.status !== 401) throw new Error(`expected a challenge, got ${asked.raw.toString('latin1')}`);
  const digestUri = toPath.split(' ').at(-1) ?? '';
  const { authorization } = answerDigest({
    user,
    password: PASSWORD,
    algorithm: 'MD5',
    challenges: challengesOf(asked),
    digestUri,
  });
  const wish = expires === undefined ? [] : [['Expires', expires] as const];
  return endpoint.ask(request('AUTH', { ...paths, extra: [...wish, ['Authorization', authorization]] }));
}
