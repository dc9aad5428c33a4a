/** Connections that a proxy passes on: what it says of them is read before anything else of them is. */
import type { Socket } from 'node:net';
import type { Clock } from 'msrp/base';
import type { Networks } from './networks.ts';
import { readProxyHeader } from './proxy-header.ts';

/** A header comes at once, or after one segment was lost. */
const HEADER_MS = 5000;

/** Whose connections begin with a header of the PROXY protocol. */
export interface ProxyProtocol {
  readonly clock: Clock;
  /** Those of proxies; whoever comes from elsewhere comes by himself, and has to begin without. */
  readonly proxies: Networks;
  /** Told of each connection that is ended because its header is missing, malformed or late. */
  readonly refused: (proxy: string, why: string) => void;
}

/**
 * Reads the header; what came behind it is put back. Nobody else may have begun to read `socket`.
 *
 * @returns the address of the client; undefined when the proxy speaks for itself.
 * @throws {Error} whose message says why there is no header, in the proxy's stead: "a header that …".
 */
export function readClientAddress(socket: Socket, clock: Clock): Promise<string | undefined> {
  let received: Buffer = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const timer = clock.after(HEADER_MS, () => leave(() => reject(new Error('did not come in time'))));
    const onEnd = () => leave(() => reject(new Error('did not come')));
    const onReadable = () => {
      const octets: Buffer | null = socket.read();
      if (octets === null) return;
      received = Buffer.concat([received, octets]);
      const header = readProxyHeader(received);
      if (header.kind === 'incomplete') return;
      leave(() => {
        if (header.kind === 'malformed') return reject(new Error(header.why));
        if (received.length > header.octets) socket.unshift(received.subarray(header.octets));
        resolve(header.source);
      });
    };
    const leave = (then: () => void) => {
      timer.cancel();
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      then();
    };
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onEnd);
  });
}
