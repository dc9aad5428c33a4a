/** Whether a certificate is the one that SDP announced (RFC 4975 §14.4, RFC 8122 §5). */
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { MsrpError } from '../base/errors.ts';
import { type FingerprintHash, makeFingerprint, readFingerprint, strongestFingerprints } from '../sdp/fingerprint.ts';
import type { Connection } from './connection.ts';

/** What certificates can be checked with (RFC 8122 §5). */
const HASHES: Readonly<Record<FingerprintHash, (octets: Uint8Array) => Uint8Array>> = {
  'sha-256': sha256,
  'sha-384': sha384,
  'sha-512': sha512,
};

/**
 * @param certificate - DER; undefined when the other end has shown none.
 * @param fingerprint - as in `a=fingerprint`: the hash function and the octets in hexadecimal, with colons.
 */
export function matchesFingerprint(certificate: Uint8Array | undefined, fingerprint: string): boolean {
  const announced = readFingerprint(fingerprint);
  const [usable] = strongestFingerprints(announced === undefined ? [] : [announced]);
  if (certificate === undefined || usable === undefined) return false;
  return makeFingerprint(usable.hash, HASHES[usable.hash](certificate)).value === usable.value;
}

/** What is said of a peer with another certificate. */
export function badFingerprint(): MsrpError {
  return new MsrpError('MSRP_BAD_FINGERPRINT', 'the peer has shown another certificate than announced');
}

/** Ends a connection that came before SDP announced another certificate (RFC 4975 §14.4). @throws MsrpError `MSRP_BAD_FINGERPRINT`. */
export function assertShown(connection: Connection | undefined, fingerprint: string | undefined): void {
  if (connection === undefined || fingerprint === undefined) return;
  if (matchesFingerprint(connection.channel.peerCertificate, fingerprint)) return;
  const error = badFingerprint();
  connection.destroy(error);
  throw error;
}
