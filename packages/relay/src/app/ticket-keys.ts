/** Keys of TLS session tickets that are the same in all workers: a client that comes back comes to another one, mostly. */
import { createHash, hkdfSync } from 'node:crypto';
import type { ListenerTls } from '../transport/listener.ts';

/** What `ticketKeys` of Node takes. */
const KEY_OCTETS = 48;

/**
 * The keys that go with a certificate and with authorities: others after a reload that changes one of them, so that nobody
 * resumes what was judged by others.
 *
 * @param secret - what the workers share, and nobody else knows.
 */
export function ticketKeysOf(secret: Uint8Array, { cert, key, ca = '' }: ListenerTls): Buffer {
  const hash = createHash('sha256');
  for (const part of [cert, key, ca]) hash.update(`${part.length} `).update(part);
  return Buffer.from(hkdfSync('sha256', secret, hash.digest(), 'msrp-relay session tickets', KEY_OCTETS));
}
