/** What the tests of the rules say to a relay besides the plain case: AUTHs with any part wrong, and octets line by line. */
import type { Clock } from 'msrp/base';
import { type Algorithm, answerDigest } from '../digest-answer.ts';
import { type Endpoint, type Message, request } from '../endpoint.ts';
import { PASSWORDS, type TestRelay } from './harness.ts';

/** The octets of a message out of its lines, one character an octet. */
export function wire(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n`;
}

/** What came, as one character an octet. */
export function text(message: Message): string {
  return message.raw.toString('latin1');
}

/** The octets of the answer to `asked`, without further headers. */
export function answerTo(asked: Buffer, status: string, toPath: string, fromPath: string): string {
  const tid = asked.toString('latin1', 5, asked.indexOf(' ', 5));
  return wire(`MSRP ${tid} ${status}`, `To-Path: ${toPath}`, `From-Path: ${fromPath}`, `-------${tid}$`);
}

/** A success REPORT. */
export function successReport(from: Endpoint, toPath: string): Buffer {
  const extra = [
    ['Message-ID', 'rW0wKK9Vzt6MU3HcAX'],
    ['Byte-Range', '1-5/5'],
    ['Status', '000 200 OK'],
  ] as const;
  return request('REPORT', { toPath, fromPath: from.uri, extra });
}

/** The values of all WWW-Authenticate headers. */
export function challengesOf(message: Message): string[] {
  return message.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value);
}

/** An AUTH without credentials: it always draws a 401, which comes after everything that was to come earlier. */
export function fence(relay: TestRelay<Clock>, endpoint: Endpoint): Buffer {
  const isSecure = endpoint.uri.startsWith('msrps:');
  const toPath = isSecure ? relay.target : `msrp://localhost:${relay.tcpPort};tcp`;
  return request('AUTH', { toPath, fromPath: endpoint.uri });
}

/** Everything about an AUTH that a test may want to be different. */
export interface AuthWish {
  readonly target?: string;
  readonly fromPath?: string;
  readonly user?: string;
  readonly password?: string;
  readonly algorithm?: Algorithm;
  readonly challenges?: readonly string[];
  readonly nonceCount?: string;
  readonly cnonce?: string;
  /** The value of an Expires header. */
  readonly expires?: string;
  /** Changes the finished Authorization. */
  readonly spoil?: (authorization: string) => string;
}

/** An AUTH with credentials, and the proof that the relay owes for it. */
export interface AuthAttempt {
  readonly octets: Buffer;
  readonly authorization: string;
  readonly rspauth: string;
}

/** The octets of an AUTH with credentials; by default those of alice, all right. */
export function attempt(relay: TestRelay<Clock>, endpoint: Endpoint, wish: AuthWish): AuthAttempt {
  const { target = relay.target, fromPath = endpoint.uri, user = 'alice', password = PASSWORDS.alice } = wish;
  const { algorithm = 'MD5', challenges = [], nonceCount = '00000001', spoil = (same) => same } = wish;
  const digestUri = target.split(' ').at(-1) ?? target;
  const cnonce = wish.cnonce ?? 'a6bc7aace203871d';
  const answer = answerDigest({ user, password, algorithm, challenges, digestUri, nonceCount, cnonce });
  const authorization = spoil(answer.authorization);
  const expires = wish.expires === undefined ? [] : [['Expires', wish.expires] as const];
  const extra = [...expires, ['Authorization', authorization] as const];
  return { octets: request('AUTH', { toPath: target, fromPath, extra }), authorization, rspauth: answer.rspauth };
}

/** Asks for a challenge. */
export async function challenged(relay: TestRelay<Clock>, endpoint: Endpoint): Promise<string[]> {
  return challengesOf(await endpoint.ask(fence(relay, endpoint)));
}

/** The whole dialogue, with whatever comes of the second AUTH. */
export async function authenticate(relay: TestRelay<Clock>, endpoint: Endpoint, wish: AuthWish = {}): Promise<Message> {
  const challenges = wish.challenges ?? (await challenged(relay, endpoint));
  return await endpoint.ask(attempt(relay, endpoint, { ...wish, challenges }).octets);
}

/** Gets `count` sessions on one connection: one challenge, a nonce that counts on. */
export async function manySessions(relay: TestRelay<Clock>, endpoint: Endpoint, count: number): Promise<string[]> {
  const challenges = await challenged(relay, endpoint);
  const usePaths: string[] = [];
  for (let index = 1; index <= count; index += 1) {
    const nonceCount = index.toString(16).padStart(8, '0');
    const granted = await authenticate(relay, endpoint, { challenges, nonceCount });
    usePaths.push(granted.header('Use-Path') ?? '');
  }
  return usePaths;
}

/** How many next hops the relay has dialled or is dialling. */
export function dialledCount(relay: TestRelay<Clock>): number {
  const { connections } = relay.relay.snapshot();
  return (connections['dialled-tls'] ?? 0) + (connections['dialled-tcp'] ?? 0);
}

/** How many connections the relay has accepted and still has. */
export function acceptedCount(relay: TestRelay<Clock>): number {
  const { connections } = relay.relay.snapshot();
  return (connections.tls ?? 0) + (connections.tcp ?? 0);
}

/** A SEND of five octets from one client to another, as it comes to the second through the sessions of both. */
export function arrival(
  tid: string,
  from: { readonly endpoint: Endpoint; readonly usePath: string },
  to: { readonly endpoint: Endpoint; readonly usePath: string },
  headers: readonly string[],
): string {
  return wire(
    `MSRP ${tid} SEND`,
    `To-Path: ${to.endpoint.uri}`,
    `From-Path: ${to.usePath} ${from.usePath} ${from.endpoint.uri}`,
    ...headers,
    'Content-Type: text/plain',
    '',
    'hello',
    `-------${tid}$`,
  );
}
