/** Lets connections to a server in, or not, and remembers for each what it was let in with, and where it comes from. */
import type { Server, Socket } from 'node:net';
import type { Admission, Admissions } from './admissions.ts';
import { Networks } from './networks.ts';
import { type ProxyProtocol, readClientAddress } from './proxy-protocol.ts';

/** Somebody who was let in. */
export interface Visitor {
  readonly admission: Admission;
  /** Of the other end, or of whom a proxy has passed on. */
  readonly remoteAddress: string;
}

/** Who is let in, and whose word is taken for whom he brings. */
export interface DoorRules {
  readonly admissions: Admissions;
  /** Undefined: no connection begins with a header of that protocol. */
  readonly proxyProtocol?: ProxyProtocol | undefined;
  /** Proxies that say later whose connection it is: it counts against no address until `Admission.comesFrom` is called. */
  readonly laterBy?: Networks | undefined;
}

/** Of one server, TCP or on top of it. */
export class Doorkeeper {
  readonly #rules: DoorRules;
  readonly #laterBy: Networks;
  readonly #visitors = new Map<string, Visitor>();

  constructor(rules: DoorRules) {
    this.#rules = rules;
    this.#laterBy = rules.laterBy ?? new Networks();
  }

  /** Stands at the door of `server`: who is not admitted is disconnected without a word, before any handshake. */
  watch(server: Server): void {
    const { proxyProtocol } = this.#rules;
    if (proxyProtocol === undefined) {
      server.prependListener('connection', (socket: Socket) => this.#admit(socket, socket.remoteAddress));
      return;
    }
    // What the server does with a connection has to wait until the header was read.
    const handlers = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      const handOver = () => {
        for (const handler of handlers) handler.call(server, socket);
      };
      if (proxyProtocol.proxies.has(socket.remoteAddress ?? '')) this.#admitPassedOn(socket, proxyProtocol, handOver);
      else if (this.#admit(socket, socket.remoteAddress)) handOver();
    });
  }

  /** Who is at the other end of the connection below `socket`; undefined when it is gone. */
  visitorOf(socket: Socket): Visitor | undefined {
    return this.#visitors.get(peerOf(socket));
  }

  #admit(socket: Socket, remoteAddress: string | undefined): boolean {
    if (remoteAddress === undefined) return disconnect(socket);
    const admission = this.#rules.admissions.admit(this.#laterBy.has(remoteAddress) ? undefined : remoteAddress);
    if (admission === undefined) return disconnect(socket);
    this.#enter(socket, { admission, remoteAddress });
    return true;
  }

  /** Counts from the beginning, so that whoever sends no header cannot wait here by the thousand. */
  #admitPassedOn(socket: Socket, { clock, refused }: ProxyProtocol, handOver: () => void): void {
    const { remoteAddress: proxy = '' } = socket;
    const admission = this.#rules.admissions.admit(undefined);
    if (admission === undefined) return void disconnect(socket);
    this.#enter(socket, { admission, remoteAddress: proxy });
    const onError = () => socket.destroy();
    socket.on('error', onError);
    readClientAddress(socket, clock).then(
      (stated) => {
        const remoteAddress = stated ?? proxy;
        const isLater = this.#laterBy.has(remoteAddress);
        if (socket.destroyed || !(isLater || admission.comesFrom(remoteAddress))) return void disconnect(socket);
        this.#visitors.set(peerOf(socket), { admission, remoteAddress });
        socket.off('error', onError);
        handOver();
      },
      (cause: Error) => {
        refused(proxy, cause.message);
        disconnect(socket);
      },
    );
  }

  #enter(socket: Socket, visitor: Visitor): void {
    const peer = peerOf(socket);
    this.#visitors.set(peer, visitor);
    // Closes with the TLS connection on top of it, too.
    socket.on('close', () => {
      this.#visitors.delete(peer);
      visitor.admission.release();
    });
  }
}

function disconnect(socket: Socket): false {
  socket.destroy();
  return false;
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
