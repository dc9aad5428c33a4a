import fc from 'fast-check';
import { DIGEST_ALGORITHMS, hashHex } from 'msrp/digest';
import { expect, it } from 'vitest';
import { nativeHashHex } from '../../src/auth/native-hash.ts';

it('The hashes of OpenSSL are those of the protocol package, for any octets', () => {
  const octets = fc.uint8Array({ maxLength: 300 }).map((values) => String.fromCharCode(...values));
  for (const algorithm of DIGEST_ALGORITHMS) {
    fc.assert(fc.property(octets, (wire) => nativeHashHex(algorithm, wire) === hashHex(algorithm, wire)));
    expect(nativeHashHex(algorithm, '')).toBe(hashHex(algorithm, ''));
  }
});
