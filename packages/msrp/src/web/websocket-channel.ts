/** A WebSocket as the channel of an endpoint: each message one request or response (RFC 7977 §5.1). */
import type { Channel, ChannelEvents } from '../client/channel.ts';

/** A WebSocket does not tell when it has written something; it is asked so often while something waits. */
const LOOK_MS = 5;

/**
 * A WebSocket cannot be told to read slower: what comes while nobody takes it is kept. Senders that wait for answers stop
 * by themselves; one that goes beyond this loses its connection.
 */
const MAX_KEPT_OCTETS = 16_777_216;

/** Owns its WebSocket, which is open and hands out ArrayBuffers. */
export class WebSocketChannel implements Channel {
  readonly isSecure: boolean;
  readonly writesWholeChunks = true;
  readonly peerCertificate = undefined;
  readonly #webSocket: WebSocket;
  #events: ChannelEvents | undefined;
  readonly #kept: Uint8Array[] = [];
  #keptOctets = 0;
  #isPaused = true;
  #isLooking = false;

  constructor(webSocket: WebSocket, isSecure: boolean) {
    this.#webSocket = webSocket;
    this.isSecure = isSecure;
    webSocket.addEventListener('message', ({ data }) => this.#onMessage(data));
  }

  get waitingOctets(): number {
    return this.#webSocket.bufferedAmount;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    this.#webSocket.addEventListener('close', ({ code, reason }) => {
      const isInOrder = code === 1000 || code === 1005;
      events.closed(isInOrder ? undefined : new Error(`the WebSocket was closed: ${code} ${reason}`));
    });
    this.resume();
  }

  write(parts: readonly Uint8Array[]): void {
    const message = new Uint8Array(parts.reduce((octets, part) => octets + part.length, 0));
    let at = 0;
    for (const part of parts) {
      message.set(part, at);
      at += part.length;
    }
    this.#webSocket.send(message);
    this.#look();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused) {
      const octets = this.#kept.shift();
      if (octets === undefined) return;
      this.#keptOctets -= octets.length;
      this.#events?.octets(octets);
    }
  }

  end(): void {
    this.#webSocket.close(1000);
  }

  destroy(): void {
    this.#webSocket.close();
  }

  #onMessage(data: unknown): void {
    // A text counts as its octets.
    const octets = data instanceof ArrayBuffer ? new Uint8Array(data) : new TextEncoder().encode(String(data));
    if (!this.#isPaused && this.#kept.length === 0) {
      this.#events?.octets(octets);
      return;
    }
    this.#kept.push(octets);
    this.#keptOctets += octets.length;
    if (this.#keptOctets > MAX_KEPT_OCTETS) this.#webSocket.close(4000, 'more than is read');
  }

  #look(): void {
    if (this.#isLooking || this.#webSocket.bufferedAmount === 0) return;
    this.#isLooking = true;
    setTimeout(() => {
      this.#isLooking = false;
      if (this.#webSocket.readyState !== WebSocket.OPEN) return;
      this.#events?.drained();
      this.#look();
    }, LOOK_MS);
  }
}
