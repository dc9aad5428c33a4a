/** The hash algorithms of Digest authentication. */
import { md5 } from '@noble/hashes/legacy.js';
import { sha256, sha512_256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { octetsOf } from '../wire/octets.ts';

/** Spelled as on the wire. SHA-512-256 is the real SHA-512/256, not SHA-512 cut short (RFC 7616 erratum 4897). */
export type DigestAlgorithm = 'MD5' | 'SHA-256' | 'SHA-512-256';

/** Every algorithm that is known, the most preferred first. */
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = ['SHA-256', 'SHA-512-256', 'MD5'];

const HASHES = { MD5: md5, 'SHA-256': sha256, 'SHA-512-256': sha512_256 } as const;

/**
 * Reads the parameter `algorithm` of a challenge or of credentials, in any case.
 *
 * @param token - undefined when the parameter is absent, which means MD5 (RFC 7616 §3.3).
 * @returns undefined for what is not known, and for every `-sess` (RFC 4976 §9.1 forbids it).
 */
export function parseDigestAlgorithm(token: string | undefined): DigestAlgorithm | undefined {
  if (token === undefined) return 'MD5';
  const upper = token.toUpperCase();
  return DIGEST_ALGORITHMS.find((algorithm) => algorithm === upper);
}

/** How many hexadecimal digits a hash, and so a response, has: 32 for MD5, 64 for the others (RFC 7616 §3.2). */
export function digestHexDigits(algorithm: DigestAlgorithm): number {
  return 2 * HASHES[algorithm].outputLen;
}

/** Hashes a wire string (one character an octet); lower-case hexadecimal digits. */
export type HashHex = (algorithm: DigestAlgorithm, wire: string) => string;

/** One that runs everywhere. */
export const hashHex: HashHex = (algorithm, wire) => bytesToHex(HASHES[algorithm](octetsOf(wire)));
