/**
 * The red team's room: a relay as strict as it comes, nodes that it may reach, one inside that it must not, and two
 * bystanders. Whatever is tried there, the same is looked at afterwards: who was dialled, looked up, told, disturbed.
 */
import net from 'node:net';
import type tls from 'node:tls';
import type { ManualClock } from 'msrp/base';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Certificate } from '../../../msrp/test/certificates.ts';
import { type NameServer, startNameServer, type Zone } from '../../../msrp/test/node/name-server.ts';
import {
  type ConnectOptions,
  connect,
  type Endpoint,
  type Listening,
  listen,
  type Message,
  responseTo,
  sendRequest,
} from '../endpoint.ts';
import { certificateFor } from './chain.ts';
import { type AuthWish, authenticate, fence } from './dialogue.ts';
import { authority, type Overrides, PASSWORDS, startRelay, type TestRelay } from './harness.ts';

/** The relay under attack. */
export const RELAY = 'relay.example.org';

/** Whoever must not be bothered: reachable, permitted by policy, and nobody with the right to has asked for it. */
export const VICTIM = 'victim.example.net';

/** Where the world outside is: this machine listens on all loopback addresses, and policy admits these alone. */
const OUTSIDE = '127.8.0.0/16';
const [VICTIM_ADDRESS, NODE_ADDRESS, INSIDE_ADDRESS] = ['127.8.0.1', '127.8.0.2', '127.0.0.1'];

/** What came of a request: its status, or why it has none. */
export type Outcome = number | 'closed' | 'silence' | 'delivered';

/** Something that somebody tries, and all that may come of it. */
export interface Attempt {
  /** Goes on where the name of the group ends; with the ids of the requirements that forbid it. */
  readonly title: string;
  /** In what the relay differs from the strict one. */
  readonly relay?: Overrides;
  readonly act: (room: Room) => Promise<Outcome | readonly Outcome[]>;
  /** What `act` gives. */
  readonly answer: Outcome | readonly Outcome[];
  /** Every node that the relay tries to connect to, by name, in order; nobody when left out. */
  readonly dials?: readonly string[];
  /** Every name it looks up; none when left out. */
  readonly looksUp?: readonly string[];
  /** The REPORTs that it makes, as the snapshot counts them; none when left out. */
  readonly reports?: Readonly<Record<string, number>>;
}

/** A client that has authenticated. */
export interface Client {
  readonly endpoint: Endpoint;
  readonly usePath: string;
}

/** Everything that an attempt may use. Connections must be opened here, or they count as the relay's own. */
export interface Room {
  readonly relay: TestRelay<ManualClock>;
  /** The DNS of this world; may be changed. */
  readonly zone: Zone;
  readonly victim: Listening;
  /** A node on the relay's own side: of the same port as the victim, and denied by default. */
  readonly inside: Listening;
  /** A bystander, its session and whoever talks with it. */
  readonly bob: Client;
  readonly friend: Endpoint;
  /** A connection to the relay, over TLS unless `secure` is false. */
  connect(options?: Partial<ConnectOptions>): Promise<Endpoint>;
  /** A client on a connection of its own. */
  client(wish?: AuthWish): Promise<Client>;
  /** Another node outside, with a good certificate for its name; DNS knows it, unless it knew the name before. */
  node(name: string, options?: NodeOptions): Promise<Listening>;
}

/** In what a node differs from a good one. */
export interface NodeOptions {
  /** What it shows; null for a node that speaks in clear. */
  readonly certificate?: Certificate | null;
  readonly tls?: tls.TlsOptions;
  readonly port?: number;
}

/** One test for each attempt; all that must not happen is looked at after each of them. */
export function attempts(group: string, rows: readonly Attempt[]): void {
  describe(group, () => {
    for (const row of rows) {
      it(row.title, async () => {
        const room = await openRoom(row.relay);
        expect(await row.act(room)).toEqual(row.answer);
        await room.expectPeace();
        expect(room.dialled()).toEqual(row.dials ?? []);
        expect(room.lookedUp()).toEqual(row.looksUp ?? []);
        expect(room.relay.relay.snapshot().reports).toEqual(row.reports ?? {});
        // On 127.0.0.1 others of this machine may lose their way to it: what counts is that nobody here went there.
        expect(room.dialled()).not.toContain(`${INSIDE_ADDRESS}:${room.inside.port}`);
        expect(room.victim.touchedCount()).toBe(room.dialled().filter((node) => node === VICTIM).length);
      });
    }
  });
}

/** The octets of a SEND. */
export function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', ...more });
}

/** What comes of a request that has to be answered, or to cost its connection. */
export async function outcomeOf(from: Endpoint, octets: Buffer): Promise<Outcome> {
  const answer = await from.ask(octets).catch((error: unknown) => {
    if (error instanceof Error && error.message === 'the connection was closed') return undefined;
    throw error;
  });
  return answer?.status ?? 'closed';
}

/** The outcome of a request that must also cost its connection. */
export async function outcomeAndEnd(from: Endpoint, octets: Buffer): Promise<Outcome> {
  const outcome = await outcomeOf(from, octets);
  await from.closed;
  return outcome;
}

/** The status of a SEND that was admitted, and of the REPORT that follows when its next hop turns out to be none. */
export async function statusAndReport(from: Endpoint, octets: Buffer): Promise<readonly Outcome[]> {
  const { status = 0 } = await from.ask(octets);
  const report = await from.next(isReport);
  return [status, Number(report.header('Status')?.split(' ')[1])];
}

/** Whether it is a REPORT. */
export function isReport({ method }: Message): boolean {
  return method === 'REPORT';
}

/** Takes the next SEND that comes to a node, and answers it with 200. */
export async function takeSend(at: Listening | Endpoint): Promise<Message> {
  const endpoint = 'accept' in at ? await at.accept() : at;
  const arrived = await endpoint.next(({ method }) => method === 'SEND');
  void endpoint.send(responseTo(arrived, 200));
  return arrived;
}

/** A room while it is used by `attempts`: what the relay did, and whether others are left in peace. */
interface Watched extends Room {
  dialled(): string[];
  lookedUp(): string[];
  expectPeace(): Promise<void>;
}

/** It is closed when the test is over, whatever came of it. */
async function openRoom(overrides: Overrides = {}): Promise<Watched> {
  const zone: Zone = { [VICTIM]: { A: [VICTIM_ADDRESS] } };
  const nameServer = await startNameServer(zone);
  const inside = await listen({ host: INSIDE_ADDRESS });
  const certificate = await certificateFor(VICTIM);
  const victim = await listen({ host: VICTIM_ADDRESS, port: inside.port, name: VICTIM, certificate, tls: ASKING });
  const relay = await startRelay({
    hostname: RELAY,
    tls: { ...(await certificateFor(RELAY)), ca: authority.ca },
    auth: {},
    nextHops: { allow: [OUTSIDE] },
    resolver: [nameServer.address],
    ...overrides,
  });
  const witness = witnessDials();
  const nodes: Listening[] = [victim, inside];
  onTestFinished(async () => {
    witness.stop();
    await relay.close();
    for (const node of nodes) await node.close();
    await nameServer.stop();
  });
  const names = new Map([[`${VICTIM_ADDRESS}:${victim.port}`, VICTIM]]);
  const opened: Endpoint[] = [];
  const open = async (options: Partial<ConnectOptions> = {}) => {
    const { secure = true } = options;
    const port = secure ? relay.tlsPort : relay.tcpPort;
    const trust = secure ? { ca: authority.ca, servername: RELAY } : {};
    const endpoint = await witness.ours(() => connect({ port, secure, ...trust, ...options }));
    opened.push(endpoint);
    return endpoint;
  };
  const client = async (wish: AuthWish = {}) => {
    const endpoint = await open();
    const granted = await authenticate(relay, endpoint, wish);
    return { endpoint, usePath: granted.header('Use-Path') ?? '' };
  };
  const bob = await client({ user: 'bob', password: PASSWORDS.bob });
  const friend = await open();
  await exchange(bob, friend);
  return {
    ...{ relay, zone, victim, inside, bob, friend, connect: open, client },
    async node(name, { certificate: shown, tls: more, port = 0 } = {}) {
      const own = { certificate: shown ?? (await certificateFor(name)), tls: { ...ASKING, ...more } };
      const node = await listen({ host: NODE_ADDRESS, port, name, ...(shown === null ? {} : own) });
      zone[name] ??= { A: [NODE_ADDRESS] };
      names.set(`${NODE_ADDRESS}:${node.port}`, name);
      nodes.push(node);
      return node;
    },
    dialled: () => witness.dialled.map((place) => names.get(place) ?? place),
    lookedUp: () => namesAsked(nameServer),
    async expectPeace() {
      await exchange(bob, friend);
      for (const endpoint of opened) await expectNothingFor(relay, endpoint);
    },
  };
}

/** As relays listen: they ask for certificates and let everybody in. */
const ASKING = { requestCert: true, rejectUnauthorized: false, ca: authority.ca };

/** Sees every connection that this process opens, over TLS or not; beyond this machine none gets. */
function witnessDials() {
  const { connect: original } = net.Socket.prototype;
  let isOurs = false;
  const dialled: string[] = [];
  const spy = vi.spyOn(net.Socket.prototype, 'connect').mockImplementation(function (
    this: net.Socket,
    ...given: unknown[]
  ) {
    const [first] = given.flat() as { readonly host?: string; readonly port?: number }[];
    const host = first?.host ?? '';
    if (!isOurs) dialled.push(`${host}:${first?.port}`);
    if (net.isIPv4(host) && host.startsWith('127.')) return Reflect.apply(original, this, given);
    return this.destroy(new Error(`${host} is not on this machine`));
  });
  return {
    /** `address:port` of each connection that the relay has begun to open. */
    dialled,
    /** What `open` does before it first waits is not the relay's doing. */
    ours<T>(open: () => T): T {
      isOurs = true;
      try {
        return open();
      } finally {
        isOurs = false;
      }
    },
    stop: () => spy.mockRestore(),
  };
}

/** The names of all questions, each once. */
function namesAsked({ questions }: NameServer): string[] {
  return [...new Set(questions.map((question) => question.split(' ')[1] ?? ''))].toSorted();
}

/** Each says something to the other, through the relay. */
async function exchange(bob: Client, friend: Endpoint): Promise<void> {
  const inward = send(friend, `${bob.usePath} ${bob.endpoint.uri}`);
  const outward = send(bob.endpoint, `${bob.usePath} ${friend.uri}`);
  expect((await friend.ask(inward)).status).toBe(200);
  expect((await takeSend(bob.endpoint)).header('From-Path')).toBe(`${bob.usePath} ${friend.uri}`);
  expect((await bob.endpoint.ask(outward)).status).toBe(200);
  expect((await takeSend(friend)).header('From-Path')).toBe(`${bob.usePath} ${bob.endpoint.uri}`);
}

/** Nothing that nobody has taken came to it, and nothing comes. */
async function expectNothingFor(relay: TestRelay<ManualClock>, endpoint: Endpoint): Promise<void> {
  const silence = endpoint.expectSilence(fence(relay, endpoint));
  const isOver = await Promise.race([silence, endpoint.closed.then(() => true)]).catch((error: unknown) => {
    if (endpoint.socket.destroyed) return true;
    throw error;
  });
  if (isOver === true) await expect(endpoint.next()).rejects.toThrow('closed');
}
