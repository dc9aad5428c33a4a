/** Fingerprints of certificates: what stands for a certification authority between two peers. RFC 8122 §5, RFC 4975 §14.4. */
import { MsrpError } from '../base/errors.ts';

/** One a=fingerprint. */
export interface Fingerprint {
  /** Lower case, such as `sha-256`; any name, known or not. */
  readonly hash: string;
  /** Octets as upper-case hexadecimal digits, with colons between. */
  readonly value: string;
}

/** The hashes that certificates are checked with. MD2 and MD5 are forbidden, SHA-1 is broken. */
export type FingerprintHash = 'sha-512' | 'sha-384' | 'sha-256';

/** A fingerprint that a certificate can be checked with. */
export interface UsableFingerprint extends Fingerprint {
  readonly hash: FingerprintHash;
}

/** The strongest first. */
const USABLE: readonly FingerprintHash[] = ['sha-512', 'sha-384', 'sha-256'];

const DIGEST_OCTETS: Readonly<Record<string, number | undefined>> = {
  ...{ md2: 16, md5: 16, 'sha-1': 20, 'sha-224': 28 },
  ...{ 'sha-256': 32, 'sha-384': 48, 'sha-512': 64 },
};

/** What the value of a=fingerprint should be, for messages. */
export const FINGERPRINT_FORM = 'a hash, a space and as many hexadecimal octets with colons between as it makes';

/** Reads the value of a=fingerprint, in any case; undefined when it is malformed or too long or short for its hash. */
export function readFingerprint(value: string): Fingerprint | undefined {
  const [name = '', digits = '', ...more] = value.split(' ').filter((field) => field !== '');
  const octets = digits.split(':');
  if (more.length > 0 || !octets.every((octet) => /^[0-9a-f]{2}$/i.test(octet))) return undefined;
  const hash = name.toLowerCase();
  const expected = Object.hasOwn(DIGEST_OCTETS, hash) ? DIGEST_OCTETS[hash] : octets.length;
  return octets.length === expected ? { hash, value: digits.toUpperCase() } : undefined;
}

/**
 * Makes a fingerprint of one's own.
 *
 * @param digest - the hash of the certificate's DER form.
 * @throws MsrpError `MSRP_BAD_SDP` when the digest has not the length of its hash.
 */
export function makeFingerprint(hash: FingerprintHash, digest: Uint8Array): UsableFingerprint {
  if (digest.length !== DIGEST_OCTETS[hash]) {
    throw new MsrpError('MSRP_BAD_SDP', `a=fingerprint to be written: expected ${DIGEST_OCTETS[hash]} octets`);
  }
  const octets = Array.from(digest, (octet) => octet.toString(16).padStart(2, '0'));
  return { hash, value: octets.join(':').toUpperCase() };
}

/**
 * Which of a peer's fingerprints to check its certificate against: all those of the strongest hash that is usable. The
 * certificate is right when one of them has the value that `makeFingerprint` gives for it.
 *
 * @returns all of one hash; none when the certificate cannot be checked this way, which is a reason to refuse it when
 *   no authority vouches for it either.
 */
export function strongestFingerprints(fingerprints: readonly Fingerprint[]): readonly UsableFingerprint[] {
  for (const hash of USABLE) {
    const found = fingerprints.flatMap((one) => (one.hash === hash ? [{ hash, value: one.value }] : []));
    if (found.length > 0) return found;
  }
  return [];
}
