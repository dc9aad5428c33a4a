/** A worker in the hands of a test: it listens where others look for it, and answers as it is told to. */
import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Message } from '../endpoint.ts';
import { Endpoint } from '../scripted-connection.ts';

/** A stream that another worker has opened. */
export interface ScriptedStream {
  /** The line that it began with. */
  readonly preamble: string;
  readonly endpoint: Endpoint;
}

/** Tells whoever carried `request` here that nothing more can become of it. */
export function settled({ tid }: Message): Buffer {
  return Buffer.from(`MSRP ${tid} SETTLED\r\n-------${tid}$\r\n`);
}

/** Streams that come to the door of a worker that is not there. */
export class ScriptedWorker {
  readonly streams: ScriptedStream[] = [];
  readonly #arrivals = new EventEmitter();
  readonly #server = createServer((socket) => this.#hear(socket));
  readonly #sockets = new Set<Socket>();

  /** Until the test ends. */
  static async listen(directory: string, owner: string): Promise<ScriptedWorker> {
    const worker = new ScriptedWorker();
    worker.#server.listen(path.join(directory, `${owner}.sock`));
    await once(worker.#server, 'listening');
    onTestFinished(() => worker.die());
    return worker;
  }

  /** The next stream that nobody has taken. */
  async next(): Promise<ScriptedStream> {
    const signal = AbortSignal.timeout(10_000);
    for (;;) {
      const stream = this.streams.shift();
      if (stream !== undefined) return stream;
      await once(this.#arrivals, 'arrival', { signal });
    }
  }

  /** Is gone at once, and all its streams with it. */
  die(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #hear(socket: Socket): void {
    this.#sockets.add(socket);
    let line = '';
    const hear = (octets: Buffer) => {
      line += octets.toString('latin1');
      const end = line.indexOf('\n');
      if (end < 0) return;
      socket.off('data', hear);
      const rest = Buffer.from(line.slice(end + 1), 'latin1');
      if (rest.length > 0) socket.unshift(rest);
      this.streams.push({ preamble: line.slice(0, end), endpoint: new Endpoint(socket, '') });
      this.#arrivals.emit('arrival');
    };
    socket.on('data', hear);
  }
}
