/** Relays and scripted nodes under names of their own, with certificates for them; every name leads to this machine. */
import type { ManualClock } from 'msrp/base';
import type { Certificate } from '../../../msrp/test/certificates.ts';
import { answerDigest } from '../digest-answer.ts';
import { connect, type Endpoint, type Listening, listen, type Message, request } from '../endpoint.ts';
import { challengesOf } from './dialogue.ts';
import { authority, type Overrides, PASSWORDS, startRelay, type TestRelay } from './harness.ts';

/** A relay of this project that is part of a chain. */
export type ChainRelay = TestRelay<ManualClock> & { readonly hostname: string };

const closers: (() => Promise<void>)[] = [];

/** Closes everything that was started here; for `afterEach`. */
export async function closeChain(): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close();
}

const issued = new Map<string, Promise<Certificate>>();

/** The one certificate for these names, by the authority that everybody in these tests trusts. */
export function certificateFor(...dnsNames: readonly string[]): Promise<Certificate> {
  const known = issued.get(dnsNames.join()) ?? authority.issue({ dnsNames });
  issued.set(dnsNames.join(), known);
  return known;
}

/** Starts a relay called `hostname`. */
export async function chainRelay(hostname: string, overrides: Overrides = {}): Promise<ChainRelay> {
  const certificate = await certificateFor(hostname);
  const tls = { ...certificate, ca: authority.ca };
  const relay = await startRelay({ hostname, tls, ...overrides }, async () => ['127.0.0.1']);
  closers.push(() => relay.close());
  return { ...relay, hostname };
}

/** A scripted node that waits for connections and asks for certificates, as relays do. */
export async function listeningRelay(name: string, certificate?: Certificate): Promise<Listening> {
  const tls = { requestCert: true, rejectUnauthorized: false, ca: authority.ca };
  const listening = await listen({ certificate: certificate ?? (await certificateFor(name)), name, tls });
  closers.push(() => listening.close());
  return listening;
}

/** A scripted node that connects to `to` with a certificate; none when it is undefined. */
export function connectedRelay(to: ChainRelay, certificate: Certificate | undefined): Promise<Endpoint> {
  const trust = { ca: authority.ca, servername: to.hostname };
  return connect({ port: to.tlsPort, ...trust, ...(certificate === undefined ? {} : { certificate }) });
}

/** What an AUTH on behalf of a client says. */
export interface AuthOnBehalf {
  /** The whole To-Path. */
  readonly target: string;
  readonly fromPath: string;
  readonly user?: keyof typeof PASSWORDS;
  readonly password?: string;
}

/** The dialogue of an AUTH, with any From-Path: the answer to the first one unless that is a challenge, else to the second. */
export async function authOnBehalf(endpoint: Endpoint, wish: AuthOnBehalf): Promise<Message> {
  const { target, fromPath, user = 'alice' } = wish;
  const paths = { toPath: target, fromPath };
  const asked = await endpoint.ask(request('AUTH', paths));
  if (asked.status !== 401) return asked;
  const digestUri = target.split(' ').at(-1) ?? target;
  const password = wish.password ?? PASSWORDS[user];
  const answer = answerDigest({ user, password, algorithm: 'SHA-256', challenges: challengesOf(asked), digestUri });
  return await endpoint.ask(request('AUTH', { ...paths, extra: [['Authorization', answer.authorization]] }));
}

/** A client's way through one relay after the other: its Use-Path ends at the last of them. */
export async function clientThrough(
  relays: readonly ChainRelay[],
  user: keyof typeof PASSWORDS = 'alice',
): Promise<{ readonly endpoint: Endpoint; readonly usePath: string; readonly sdpPath: string }> {
  const [first] = relays;
  if (first === undefined) throw new Error('a chain has relays');
  const endpoint = await first.connect();
  let usePath = '';
  for (const { target } of relays) {
    const toPath = usePath === '' ? target : `${usePath} ${target}`;
    usePath = await endpoint.auth({ user, password: PASSWORDS[user], target: toPath });
  }
  return { endpoint, usePath, sdpPath: [...usePath.split(' ').toReversed(), endpoint.uri].join(' ') };
}
