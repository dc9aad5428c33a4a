/** A network in memory: channels in pairs, and far ends that say what a test tells them. No octet waits for time to pass. */

import { type Message, readMessage } from '../../../relay/test/message.ts';
import { MsrpError } from '../../src/base/index.ts';
import type { Channel, ChannelEvents, DialWish, Endpoint, Network } from '../../src/client/index.ts';
import { formatUri, type MsrpUri } from '../../src/wire/index.ts';

/** What one end of a channel looks like to whoever holds it. */
export interface ChannelTraits {
  readonly isSecure?: boolean;
  /** What the other end has shown. */
  readonly peerCertificate?: Uint8Array | undefined;
}

/** One end of a connection in memory. Octets arrive in a later microtask, those of one `write` together. */
export class MemoryChannel implements Channel {
  readonly isSecure: boolean;
  readonly writesWholeChunks = false;
  readonly peerCertificate: Uint8Array | undefined;
  waitingOctets = 0;
  /** How this end was left: in order, at once, or not yet. */
  left: 'ended' | 'destroyed' | undefined;
  /** The other end; itself until there is one. */
  #other: MemoryChannel = this;
  #told: ChannelEvents | undefined;
  #arrived: Uint8Array[] = [];
  #isPaused = false;
  #isClosed = false;

  private constructor({ isSecure = true, peerCertificate }: ChannelTraits) {
    this.isSecure = isSecure;
    this.peerCertificate = peerCertificate;
  }

  /** Both ends of a new connection. */
  static pair(traits: ChannelTraits = {}, otherTraits: ChannelTraits = traits): [MemoryChannel, MemoryChannel] {
    const [one, other] = [new MemoryChannel(traits), new MemoryChannel(otherTraits)];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  start(events: ChannelEvents): void {
    this.#told = events;
    queueMicrotask(() => (this.#isClosed ? events.closed(undefined) : this.#deliver()));
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.left !== undefined || this.#isClosed) return;
    const octets = Buffer.concat(parts);
    this.waitingOctets += octets.length;
    this.#other.#arrive(octets);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#deliver());
  }

  end(): void {
    this.left ??= 'ended';
    queueMicrotask(() => this.#other.#deliver());
  }

  destroy(): void {
    this.left ??= 'destroyed';
    this.fail(undefined);
  }

  /** The connection breaks: what is on its way is lost. */
  fail(error: Error | undefined): void {
    this.#close(error);
    this.#other.#close(error);
  }

  #arrive(octets: Uint8Array): void {
    this.#arrived.push(octets);
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const writer = this.#other;
    while (this.#told !== undefined && !this.#isClosed && !this.#isPaused) {
      const octets = this.#arrived.shift();
      if (octets === undefined) break;
      writer.waitingOctets -= octets.length;
      this.#told.octets(octets);
      if (writer.left === undefined) writer.#told?.drained();
    }
    const isAllRead = this.#told !== undefined && this.#arrived.length === 0;
    if (isAllRead && writer.left === 'ended') this.fail(undefined);
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    queueMicrotask(() => this.#told?.closed(error));
  }
}

/** The other end of a channel, in the hands of a test. */
export class FarEnd {
  readonly channel: MemoryChannel;
  /** Everything that came, as one character an octet. */
  text = '';
  /** Whether the connection is over. */
  isClosed = false;
  readonly #inbox: Message[] = [];
  readonly #waiting: ((message: Message) => void)[] = [];
  #octets: Buffer = Buffer.alloc(0);

  constructor(channel: MemoryChannel) {
    this.channel = channel;
    channel.start({
      octets: (octets) => this.#onOctets(octets),
      drained: () => undefined,
      closed: () => (this.isClosed = true),
    });
  }

  /** Messages that came and were not asked for yet. */
  get inbox(): readonly Message[] {
    return this.#inbox;
  }

  /** The next message. */
  next(): Promise<Message> {
    const message = this.#inbox.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Says these octets; a string is one octet a character. */
  send(octets: string | Uint8Array): void {
    this.channel.write([typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets]);
  }

  #onOctets(octets: Uint8Array): void {
    this.text += Buffer.from(octets).toString('latin1');
    this.#octets = Buffer.concat([this.#octets, octets]);
    while (this.#octets.length > 0) {
      const result = readMessage(this.#octets);
      if (!('message' in result)) return;
      this.#octets = this.#octets.subarray(result.message.raw.length);
      const taker = this.#waiting.shift();
      if (taker === undefined) this.#inbox.push(result.message);
      else taker(result.message);
    }
  }
}

/** One dialling, as it was wished for. */
export interface Dialled extends DialWish {
  readonly uri: string;
}

/** A network of nodes that a test names; all others cannot be reached. */
export class MemoryNetwork implements Network {
  /** Every dialling so far. */
  readonly dialled: Dialled[] = [];
  readonly #nodes = new Map<string, () => MemoryChannel | Promise<MemoryChannel>>();

  /** Makes the node at `authority` answer with the channel that `open` gives. */
  node(authority: string, open: () => MemoryChannel | Promise<MemoryChannel>): void {
    this.#nodes.set(authority, open);
  }

  /** Puts an endpoint at `authority`: it accepts whoever dials. */
  endpoint(authority: string, endpoint: Endpoint, traits: ChannelTraits = {}, accepted: ChannelTraits = traits): void {
    this.node(authority, () => {
      const [near, far] = MemoryChannel.pair(traits, accepted);
      endpoint.accept(far);
      return near;
    });
  }

  /** Puts a scripted node at `authority`. @returns its ends of the connections to it, in order. */
  script(authority: string, traits: ChannelTraits = {}): FarEnd[] {
    const ends: FarEnd[] = [];
    this.node(authority, () => {
      const [near, far] = MemoryChannel.pair(traits);
      ends.push(new FarEnd(far));
      return near;
    });
    return ends;
  }

  async dial(uri: MsrpUri, wish: DialWish): Promise<Channel> {
    this.dialled.push({ uri: formatUri(uri), ...wish });
    const open = this.#nodes.get(uri.port === undefined ? uri.host : `${uri.host}:${uri.port}`);
    if (open === undefined) throw new MsrpError('MSRP_DIAL_FAILED', `nobody is at ${uri.host}`);
    return await open();
  }
}

/** Everything that is under way in memory has happened when this settles: nothing there takes longer than a turn. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
