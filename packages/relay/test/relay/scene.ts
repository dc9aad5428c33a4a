/** Two ends of a session with a relay between them, in either direction: what one sends, the other receives. */
import type { ManualClock } from 'msrp/base';
import { type Endpoint, type Listening, listen, type Message, sendRequest } from '../endpoint.ts';
import { fence, wire } from './dialogue.ts';
import { authority, type Overrides, PASSWORDS, startRelay, type TestRelay } from './harness.ts';

const peerCertificate = await authority.issue({ dnsNames: ['localhost'] });

/** Who sends: the relay's client, or a peer outside that writes to it. */
export type Direction = 'client to peer' | 'peer to client';

export const DIRECTIONS: readonly Direction[] = ['client to peer', 'peer to client'];

/** The parts of a SEND that a scene does not know itself. */
export type SendWish = Omit<Parameters<typeof sendRequest>[0], 'toPath' | 'fromPath'>;

/** What a REPORT made by the relay has to say. */
interface ReportWish {
  readonly messageId: string;
  readonly byteRange: string;
  /** Code and comment. */
  readonly status: string;
}

/** A session that has been opened in one direction; nothing is on its way. */
export interface Scene {
  readonly relay: TestRelay<ManualClock>;
  readonly clock: ManualClock;
  readonly direction: Direction;
  readonly usePath: string;
  readonly client: Endpoint;
  readonly sender: Endpoint;
  readonly receiver: Endpoint;
  readonly toPath: string;
  /** To-Path and From-Path as they arrive at the receiver. */
  readonly arrivedToPath: string;
  readonly arrivedFromPath: string;
  /** The octets of a SEND from the sender to the receiver. */
  send(wish: SendWish): Buffer;
  /** The octets of the response that the sender has to get to `sent`. */
  answer(sent: Buffer, status: string): string;
  /** The octets of a REPORT that the sender has to get; the transaction id is the relay's to choose. */
  report(got: Message, wish: ReportWish): string;
  /** Fails if anything is or comes on the sender's connection that nobody has taken. */
  nothingMore(): Promise<void>;
  close(): Promise<void>;
}

/** How to open a scene. */
export interface SceneOptions {
  readonly direction?: Direction;
  /** TLS on both sides of the relay (the default), or neither. */
  readonly secure?: boolean;
  readonly overrides?: Overrides;
}

/** Opens one: a client that has authenticated, a peer, and one empty SEND that showed the way. */
export async function openScene({ direction = 'client to peer', secure = true, overrides = {} }: SceneOptions = {}) {
  const relay = await startRelay(overrides);
  const { endpoint: client, usePath } = secure ? await relay.client() : await clearClient(relay);
  const peer = await listen({ ...(secure ? { certificate: peerCertificate } : {}), name: 'localhost' });
  const isOutbound = direction === 'client to peer';
  const sender = isOutbound ? client : await relay.connect({ secure });
  const toPath = `${usePath} ${isOutbound ? peer.uri : client.uri}`;
  const opening = sendRequest({ toPath, fromPath: sender.uri, byteRange: '1-0/0', failureReport: 'no' });
  void sender.send(opening);
  const receiver = isOutbound ? await peer.accept() : client;
  await receiver.next();
  return sceneOf({ relay, direction, usePath, client, sender, receiver, toPath, peer });
}

async function clearClient(relay: TestRelay<ManualClock>): Promise<{ endpoint: Endpoint; usePath: string }> {
  const endpoint = await relay.connect({ secure: false });
  const target = `msrp://localhost:${relay.tcpPort};tcp`;
  return { endpoint, usePath: await endpoint.auth({ user: 'alice', password: PASSWORDS.alice, target }) };
}

type Parts = Pick<Scene, 'relay' | 'direction' | 'usePath' | 'client' | 'sender' | 'receiver' | 'toPath'> & {
  readonly peer: Listening;
};

function sceneOf({ peer, ...parts }: Parts): Scene {
  const { relay, usePath, sender, toPath } = parts;
  return {
    ...parts,
    clock: relay.clock,
    arrivedToPath: toPath.slice(usePath.length + 1),
    arrivedFromPath: `${usePath} ${sender.uri}`,
    send: (wish) => sendRequest({ ...wish, toPath, fromPath: sender.uri }),
    answer: (sent, status) => {
      const tid = sent.toString('latin1', 5, sent.indexOf(' ', 5));
      return wire(`MSRP ${tid} ${status}`, `To-Path: ${sender.uri}`, `From-Path: ${usePath}`, `-------${tid}$`);
    },
    report: ({ tid }, { messageId, byteRange, status }) =>
      wire(
        `MSRP ${tid} REPORT`,
        `To-Path: ${sender.uri}`,
        `From-Path: ${usePath}`,
        `Message-ID: ${messageId}`,
        `Byte-Range: ${byteRange}`,
        `Status: 000 ${status}`,
        `-------${tid}$`,
      ),
    nothingMore: () => sender.expectSilence(fence(relay, sender)),
    close: async () => {
      await relay.close();
      await peer.close();
    },
  };
}

/** Waits, without sleeping, until `condition` holds. */
export async function until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > untilMs) throw new Error(`did not happen in ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Octets a to b (from 1) of a to z over and over. */
export function pattern(first: number, last: number): Buffer {
  return Buffer.from(Array.from({ length: last - first + 1 }, (_, index) => 97 + ((first - 1 + index) % 26)));
}
