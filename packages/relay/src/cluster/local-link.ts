/** Streams between the workers of one machine: Unix sockets in a directory that is theirs alone. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { type Clock, MsrpError } from 'msrp/base';
import type { CarriedConnection, OtherWorkers } from '../relay/ports.ts';
import { formatPreamble, PreambleReader } from './preamble.ts';

/** How long another worker may take to say what its stream stands for. */
const PREAMBLE_MS = 5000;

/** Which worker this is. */
export interface WorkerPlace {
  /** Its name, the first part of its session-ids. */
  readonly owner: string;
  /** How many workers there are: their names are the numbers from 0. */
  readonly count: number;
  /** Where each listens on `<owner>.sock`. Nobody else may look into it: who can connect there is believed. */
  readonly directory: string;
}

/** A stream that another worker has opened, and the connection that it stands for. */
export type AcceptStream = (stream: Socket, connection: CarriedConnection) => void;

/** This worker's door to the others, and its way to theirs. */
export class LocalLink implements OtherWorkers {
  readonly #place: WorkerPlace;
  readonly #others: ReadonlySet<string>;
  readonly #clock: Clock;
  readonly #accepted: AcceptStream;
  readonly #server: Server;
  /** Streams that have not said yet what they stand for. */
  readonly #nameless = new Set<Socket>();

  constructor(place: WorkerPlace, clock: Clock, accepted: AcceptStream) {
    this.#place = place;
    const owners = Array.from({ length: place.count }, (_, number) => String(number));
    this.#others = new Set(owners.filter((owner) => owner !== place.owner));
    this.#clock = clock;
    this.#accepted = accepted;
    this.#server = createServer({ allowHalfOpen: true }, (stream) => this.#hear(stream));
  }

  /** Opens the door; what a worker of this name has left there when it died is in nobody's way. */
  async listen(): Promise<void> {
    const door = this.#doorOf(this.#place.owner);
    await rm(door, { force: true });
    this.#server.listen({ path: door, backlog: 1024 });
    await once(this.#server, 'listening');
    this.#server.on('error', () => {});
  }

  /** Accepts no more streams; those that are open live on. */
  stop(): void {
    if (this.#server.listening) this.#server.close();
    for (const stream of this.#nameless) stream.destroy();
  }

  has(owner: string): boolean {
    return this.#others.has(owner);
  }

  async open(owner: string, { origin, ...connection }: CarriedConnection): Promise<Socket> {
    // Only known names ever become part of a path.
    if (!this.has(owner)) throw new MsrpError('MSRP_DIAL_FAILED', 'there is no such worker');
    const stream = connect({ path: this.#doorOf(owner), allowHalfOpen: true });
    try {
      await once(stream, 'connect');
    } catch (cause) {
      throw new MsrpError('MSRP_DIAL_FAILED', `worker ${owner} cannot be reached`, { cause });
    }
    stream.write(formatPreamble({ origin: { ...origin, worker: this.#place.owner }, ...connection }));
    return stream;
  }

  #doorOf(owner: string): string {
    return path.join(this.#place.directory, `${owner}.sock`);
  }

  #hear(stream: Socket): void {
    const reader = new PreambleReader();
    const timer = this.#clock.after(PREAMBLE_MS, () => stream.destroy());
    const forget = () => {
      timer.cancel();
      this.#nameless.delete(stream);
    };
    const hear = (octets: Uint8Array) => {
      const end = reader.read(octets);
      if (end === undefined) return;
      forget();
      stream.off('data', hear).off('end', leave).off('error', leave).off('close', forget);
      if (end.kind === 'garbled' || !this.has(end.connection.origin.worker ?? '')) {
        stream.on('error', () => {});
        stream.destroy();
        return;
      }
      stream.pause();
      if (end.rest.length > 0) stream.unshift(end.rest);
      this.#accepted(stream, end.connection);
      stream.resume();
    };
    const leave = () => stream.destroy();
    this.#nameless.add(stream);
    stream.on('data', hear).on('end', leave).on('error', leave).on('close', forget);
  }
}
