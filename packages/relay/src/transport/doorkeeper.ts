/** Lets connections to a server in, or not, and remembers for each what it was let in with. */
import type { Server, Socket } from 'node:net';
import type { Admission, Admissions } from './admissions.ts';

/** Of one server, TCP or on top of it. */
export class Doorkeeper {
  readonly #admissions: Admissions;
  readonly #admitted = new Map<string, Admission>();

  constructor(admissions: Admissions) {
    this.#admissions = admissions;
  }

  /** Stands at the door of `server`: who is not admitted is disconnected without a word, before any handshake. */
  watch(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.#admit(socket));
  }

  /** What the connection below `socket` was let in with; undefined when it is gone. */
  admissionOf(socket: Socket): Admission | undefined {
    return this.#admitted.get(peerOf(socket));
  }

  #admit(socket: Socket): void {
    const { remoteAddress } = socket;
    const admission = remoteAddress === undefined ? undefined : this.#admissions.admit(remoteAddress);
    if (admission === undefined) {
      socket.destroy();
      return;
    }
    const peer = peerOf(socket);
    this.#admitted.set(peer, admission);
    // Closes with the TLS connection on top of it, too.
    socket.once('close', () => {
      this.#admitted.delete(peer);
      admission.release();
    });
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
