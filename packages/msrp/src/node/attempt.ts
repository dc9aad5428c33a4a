/** One try at one address: a socket that is open, or nothing left behind. */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';

/** How long an idle connection rests before the system asks whether the peer is still there. */
const KEEP_ALIVE_MS = 60_000;

/** What one try needs to know. */
export interface Attempt {
  readonly address: string;
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls: ConnectionOptions | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Ends the try at once; its reason becomes the error. */
  readonly signal: AbortSignal;
}

/**
 * Resolves when the connection is up, after the handshake where there is one. The socket is paused and keeps a listener
 * for errors that does nothing: look at `destroyed` at once, then at the event `close`.
 */
export function attempt({ address, port, tls, timeoutMs, clock, signal }: Attempt): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const target = { host: address, port };
    const socket: Socket = tls === undefined ? connectTcp(target) : connectTls({ ...tls, ...target });
    const opened = tls === undefined ? 'connect' : 'secureConnect';

    const settle = () => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off(opened, onOpen);
      socket.off('error', fail);
      socket.off('close', onClose);
      // An error that was already on its way must not find a socket without listener: that ends the process.
      socket.on('error', () => undefined);
    };
    const fail = (error: unknown) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onOpen = () => {
      settle();
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      resolve(socket);
    };
    const onAbort = () => fail(signal.reason);
    const onClose = () => fail(new Error('closed by the peer before it was open'));

    const timer = clock.after(timeoutMs, () => fail(new MsrpError('MSRP_DIAL_TIMEOUT', `no answer from ${address}`)));
    socket.once(opened, onOpen);
    socket.once('error', fail);
    socket.once('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
