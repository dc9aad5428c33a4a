/** Whether a certificate is the one that SDP announced (RFC 4975 §14.4, RFC 8122 §5). */
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** MD2, MD5 and SHA-1 are not believed (RFC 8122 §5). */
const HASHES: Readonly<Record<string, (octets: Uint8Array) => Uint8Array>> = {
  'sha-256': sha256,
  'sha-384': sha384,
  'sha-512': sha512,
};

/**
 * @param certificate - DER; undefined when the other end has shown none.
 * @param fingerprint - as in `a=fingerprint`: the hash function and the octets in hexadecimal, with colons.
 */
export function matchesFingerprint(certificate: Uint8Array | undefined, fingerprint: string): boolean {
  const [name = '', digits = ''] = fingerprint.trim().split(/\s+/);
  const hash = HASHES[name.toLowerCase()];
  if (certificate === undefined || hash === undefined) return false;
  return bytesToHex(hash(certificate)) === digits.replaceAll(':', '').toLowerCase();
}
