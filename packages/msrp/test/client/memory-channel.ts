/** A channel without a network: what is written reaches the other end at once, or as a test lets it go. */
import type { Channel, ChannelEvents } from '../../src/client/channel.ts';

/** What a test may choose of a channel. */
export interface ChannelTraits {
  readonly isSecure?: boolean;
  readonly writesWholeChunks?: boolean;
  readonly peerCertificate?: Uint8Array;
}

/** One end of a connection; the other end is the test. */
export class MemoryChannel implements Channel {
  readonly isSecure: boolean;
  readonly writesWholeChunks: boolean;
  readonly peerCertificate: Uint8Array | undefined;
  /** How the endpoint has ended it. */
  ending: 'end' | 'destroy' | undefined;
  isPaused = false;
  /** What each single write held. */
  readonly writes: Buffer[] = [];
  readonly #onOctets: (octets: Buffer) => void;
  #events: ChannelEvents | undefined;
  #waiting = Buffer.alloc(0);
  #isHeld = false;
  #isOver = false;

  /** @param onOctets - is given what reaches the other end. */
  constructor(onOctets: (octets: Buffer) => void, traits: ChannelTraits = {}) {
    this.#onOctets = onOctets;
    this.isSecure = traits.isSecure ?? true;
    this.writesWholeChunks = traits.writesWholeChunks ?? false;
    this.peerCertificate = traits.peerCertificate;
  }

  get waitingOctets(): number {
    return this.#waiting.length;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
  }

  write(parts: readonly Uint8Array[]): void {
    if (this.ending !== undefined) return;
    const octets = Buffer.concat(parts);
    this.writes.push(octets);
    this.#waiting = Buffer.concat([this.#waiting, octets]);
    if (this.#isHeld) return;
    this.#deliver(this.#waiting.length);
    queueMicrotask(() => this.#events?.drained());
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.ending ??= 'end';
  }

  destroy(): void {
    this.ending = 'destroy';
    this.lose();
  }

  // What follows is for the test.

  /** From now on what is written waits. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Lets `octets` of what waits go, and says so. */
  drain(octets: number): void {
    this.#deliver(octets);
    this.#events?.drained();
  }

  /** Lets everything go that waits or comes. */
  release(): void {
    this.#isHeld = false;
    this.drain(this.#waiting.length);
  }

  /** Octets from the other end. */
  deliver(octets: Buffer): void {
    if (!this.#isOver) this.#events?.octets(octets);
  }

  /** The connection is gone. */
  lose(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events?.closed(error);
  }

  #deliver(octets: number): void {
    const leaving = this.#waiting.subarray(0, octets);
    this.#waiting = this.#waiting.subarray(octets);
    if (leaving.length > 0) this.#onOctets(leaving);
  }
}
