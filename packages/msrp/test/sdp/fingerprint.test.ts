import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readFingerprint } from '../../src/sdp/fingerprint.ts';
import { type FingerprintHash, makeFingerprint, strongestFingerprints } from '../../src/sdp/index.ts';
import { badSdp } from './errors.ts';

const octets = (count: number, octet = 'AB') => Array.from({ length: count }, () => octet).join(':');

describe('readFingerprint', () => {
  it('reads hash and octets in any case (SD-09)', () => {
    expect(readFingerprint(`SHA-256 ${octets(32, 'ab')}`)).toEqual({ hash: 'sha-256', value: octets(32) });
    expect(readFingerprint(`sha-256  ${octets(32, 'aB')} `)).toEqual({ hash: 'sha-256', value: octets(32) });
  });

  it.each([
    ['md2', 16],
    ['md5', 16],
    ['sha-1', 20],
    ['sha-224', 28],
    ['sha-256', 32],
    ['sha-384', 48],
    ['sha-512', 64],
  ])('knows how long %s is: %i octets (SD-09)', (hash, count) => {
    expect(readFingerprint(`${hash} ${octets(count)}`)).toEqual({ hash, value: octets(count) });
    expect(readFingerprint(`${hash} ${octets(count - 1)}`)).toBeUndefined();
    expect(readFingerprint(`${hash} ${octets(count + 1)}`)).toBeUndefined();
  });

  it.each(['sha3-256', 'constructor', '__proto__'])('keeps the unknown hash %s of any length', (hash) => {
    expect(readFingerprint(`${hash} ${octets(5)}`)).toEqual({ hash, value: octets(5) });
  });

  it.each([
    '',
    'sha-256',
    `sha-256${octets(32)}`,
    `x ${octets(2)} y`,
    'x A',
    'x AB:',
    'x :AB',
    'x AG',
    'x AB-CD',
    'x ABCD',
  ])('refuses %j (SD-09)', (value) => {
    expect(readFingerprint(value)).toBeUndefined();
  });
});

describe('makeFingerprint', () => {
  it.each<FingerprintHash>(['sha-256', 'sha-384', 'sha-512'])(
    'makes what readFingerprint reads: %s (SD-09)',
    (hash) => {
      const digest = createHash(hash.replace('-', '')).update(randomBytes(50)).digest();
      const made = makeFingerprint(hash, digest);
      expect(made.value.replaceAll(':', '')).toBe(digest.toString('hex').toUpperCase());
      expect(readFingerprint(`${made.hash} ${made.value}`)).toEqual(made);
    },
  );

  it('refuses a digest of another length', () => {
    expect(badSdp(() => makeFingerprint('sha-256', new Uint8Array(20)))).toContain('expected 32 octets');
  });
});

describe('strongestFingerprints', () => {
  const one = (hash: string, octet: string, count: number) => ({ hash, value: octets(count, octet) });

  it('takes all of the strongest hash, one of which must be right (SD-09)', () => {
    const offered = [
      one('sha-256', '01', 32),
      one('sha-512', '02', 64),
      one('sha-1', '03', 20),
      one('sha-512', '04', 64),
    ];
    expect(strongestFingerprints(offered)).toEqual([one('sha-512', '02', 64), one('sha-512', '04', 64)]);
    expect(strongestFingerprints(offered.slice(0, 1))).toEqual(offered.slice(0, 1));
  });

  it('takes none of MD2, MD5, SHA-1 and unknown hashes (SD-09)', () => {
    const weak = [one('md2', '01', 16), one('md5', '01', 16), one('sha-1', '01', 20), one('sha3-256', '01', 32)];
    expect(strongestFingerprints(weak)).toEqual([]);
  });
});
