/** HMAC-SHA-256 (RFC 2104) of short messages. */
import { hash } from 'node:crypto';

const BLOCK_OCTETS = 64;
const HASH_OCTETS = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * One key, for messages of one length. Made of two hashes in one call each: an Hmac of Node is an object that the garbage
 * collector has to look after, and takes four times as long.
 */
export class KeyedHash {
  /** A padded key and room for what is hashed with it. */
  readonly #inner: Buffer;
  readonly #outer: Buffer;

  /** @param key - of 32 octets. */
  constructor(key: Uint8Array, messageOctets: number) {
    this.#inner = padded(key, INNER_PAD, messageOctets);
    this.#outer = padded(key, OUTER_PAD, HASH_OCTETS);
  }

  /** The 32 octets that prove `message`. */
  prove(message: Uint8Array): Buffer {
    this.#inner.set(message, BLOCK_OCTETS);
    this.#outer.write(hash('sha256', this.#inner, 'binary'), BLOCK_OCTETS, 'latin1');
    return Buffer.from(hash('sha256', this.#outer, 'binary'), 'latin1');
  }
}

function padded(key: Uint8Array, pad: number, octets: number): Buffer {
  const block = Buffer.alloc(BLOCK_OCTETS + octets);
  block.set(key);
  for (let at = 0; at < BLOCK_OCTETS; at += 1) block[at] = (block[at] ?? 0) ^ pad;
  return block;
}
