/** A WebSocket as the socket of a connection: each write is one message, and each read (RFC 7977 §5.1). */
import { Duplex } from 'node:stream';
import type { Clock, Timer } from 'msrp/base';
import type { WebSocket } from 'ws';
import { isOneMessage, refusalOf } from './one-message.ts';

/** A peer that does not answer a ping until the next one is due is gone (RFC 7977 §6). */
const PING_MS = 30_000;

const PROTOCOL_ERROR = 1002;

/** Owns its WebSocket. Text messages are octets like binary ones; what is sent is binary. */
export class WebSocketStream extends Duplex {
  readonly #webSocket: WebSocket;
  readonly #clock: Clock;
  #isPaused = false;
  #isAlive = true;
  #ping: Timer | undefined;
  #failure: Error | undefined;

  constructor(webSocket: WebSocket, clock: Clock) {
    super({ readableObjectMode: true });
    this.#webSocket = webSocket;
    this.#clock = clock;
    webSocket.on('message', (octets: Buffer) => this.#onMessage(octets));
    webSocket.on('pong', () => {
      this.#isAlive = true;
    });
    webSocket.on('error', (error) => {
      this.#failure = error;
    });
    webSocket.on('close', () => this.#onClose());
    this.#watch();
  }

  override _read(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#webSocket.resume();
  }

  override _write(octets: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#webSocket.send(octets, { binary: true }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#webSocket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#ping?.cancel();
    this.#webSocket.terminate();
    done(error);
  }

  #onMessage(octets: Buffer): void {
    // It may go on for a moment after it was told to close.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#isAlive = true;
    if (!isOneMessage(octets)) return this.#refuse(octets);
    if (this.push(octets)) return;
    this.#isPaused = true;
    this.#webSocket.pause();
  }

  #refuse(octets: Buffer): void {
    const refusal = refusalOf(octets);
    if (refusal !== undefined) this.#webSocket.send(Buffer.from(refusal, 'latin1'), { binary: true });
    this.#webSocket.close(PROTOCOL_ERROR, 'one MSRP message each');
  }

  #onClose(): void {
    if (this.#failure === undefined) this.push(null);
    this.destroy(this.#failure);
  }

  #watch(): void {
    this.#ping = this.#clock.after(PING_MS, () => {
      // What is not read cannot bring an answer.
      if (!this.#isAlive && !this.#isPaused) {
        this.destroy(new Error('no answer to a ping'));
        return;
      }
      this.#isAlive = false;
      this.#webSocket.ping();
      this.#watch();
    });
  }
}
