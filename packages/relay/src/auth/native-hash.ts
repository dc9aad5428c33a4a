/** The hashes of Digest as OpenSSL makes them: several times as fast as those of the protocol package, which run everywhere. */
import { getHashes, hash } from 'node:crypto';
import { type DigestAlgorithm, type HashHex, hashHex } from 'msrp/digest';

const NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

/** Under FIPS 140 there is no MD5. */
const available = new Set(getHashes().map((name) => name.toLowerCase()));

/** In one call: no object is made that the garbage collector has to look after. */
export const nativeHashHex: HashHex = (algorithm, wire) => {
  const name = NAMES[algorithm];
  return available.has(name) ? hash(name, Buffer.from(wire, 'latin1'), 'hex') : hashHex(algorithm, wire);
};
