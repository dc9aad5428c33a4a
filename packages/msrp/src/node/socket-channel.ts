/** A socket of Node as the channel of an endpoint. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Channel, ChannelEvents } from '../client/channel.ts';

/** Whoever takes nothing, or does not end his side, is not waited for any longer when a connection is ended. */
const LINGER_MS = 30_000;

/** TCP, with or without TLS. Takes the socket over, which is open and has not been read. */
export class SocketChannel implements Channel {
  readonly isSecure: boolean;
  readonly writesWholeChunks = false;
  readonly peerCertificate: Uint8Array | undefined;
  readonly #socket: Socket;
  readonly #clock: Clock;

  constructor(socket: Socket, clock: Clock = systemClock) {
    this.#socket = socket;
    this.#clock = clock;
    this.isSecure = socket instanceof TLSSocket;
    // Of no certificate at all Node makes an empty object.
    this.peerCertificate = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : undefined;
    socket.setNoDelay(true);
  }

  get waitingOctets(): number {
    return this.#socket.writableLength;
  }

  start(events: ChannelEvents): void {
    if (this.#socket.closed) return queueMicrotask(() => events.closed(undefined));
    let failure: Error | undefined;
    this.#socket.on('error', (error) => {
      failure = error;
    });
    this.#socket.on('data', (octets) => events.octets(octets as Buffer));
    this.#socket.on('drain', () => events.drained());
    this.#socket.once('close', () => events.closed(failure));
    // What the other end has said everything of may still be answered; but nobody waits for more than that.
    this.#socket.once('end', () => this.end());
    this.#socket.resume();
  }

  write(parts: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
    // The end of the other side comes behind what it has still said.
    this.#socket.resume();
    const linger = this.#clock.after(LINGER_MS, () => this.#socket.destroy());
    this.#socket.once('close', () => linger.cancel());
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
