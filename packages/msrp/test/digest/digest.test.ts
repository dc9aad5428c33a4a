import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MsrpError } from '../../src/base/index.ts';
import {
  DIGEST_ALGORITHMS,
  digestHexDigits,
  digestResponse,
  fromWire,
  hashA1,
  parseDigestAlgorithm,
  toWire,
} from '../../src/digest/index.ts';
import { DIGEST_VECTORS } from '../vectors/auth.ts';

describe('digest', () => {
  for (const vector of DIGEST_VECTORS) {
    it(`calculates what ${vector.name} shows (AU-18, AU-19, AU-20, AU-21, AU-31)`, () => {
      const ha1 = hashA1(vector.algorithm, vector.user, vector.realm, vector.password);
      const proofs = digestResponse({ ...vector, ha1, method: 'AUTH' });
      expect(ha1).toBe(vector.ha1 ?? ha1);
      expect(proofs.response).toBe(vector.response);
      expect(proofs.rspauth).toBe(vector.rspauth ?? proofs.rspauth);
    });
  }

  it('calculates the worked examples of RFC 7616 §3.9.1 when the method is theirs (AU-20)', () => {
    const http = {
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nonceCount: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      digestUri: '/dir/index.html',
      method: 'GET',
    };
    const responseBy = (algorithm: 'MD5' | 'SHA-256') =>
      digestResponse({
        ...http,
        algorithm,
        ha1: hashA1(algorithm, 'Mufasa', 'http-auth@example.org', 'Circle of Life'),
      }).response;
    expect(responseBy('MD5')).toBe('8ca523f5e9506fed4657c9700eebdbec');
    expect(responseBy('SHA-256')).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });

  it('hashes user name and password in normal form C (AU-57)', () => {
    for (const algorithm of DIGEST_ALGORITHMS) {
      const composed = hashA1(algorithm, 'zo\u00eb', 'r', 'caf\u00e9');
      expect(hashA1(algorithm, 'zoe\u0308', 'r', 'cafe\u0301')).toBe(composed);
      expect(hashA1(algorithm, 'zoe', 'r', 'caf\u00e9')).not.toBe(composed);
    }
  });

  it('hashes the realm, the nonces and the URI octet for octet, UTF-8 or not', () => {
    const ha1 = hashA1('SHA-256', 'u', 'r\u00e9', 'p');
    expect(ha1).not.toBe(hashA1('SHA-256', 'u', toWire('r\u00e9'), 'p'));
    const input = { algorithm: 'SHA-256', ha1, nonceCount: '00000001', cnonce: '\u00ff', method: 'AUTH' } as const;
    const one = digestResponse({ ...input, nonce: '\u00e9', digestUri: 'u' });
    expect(digestResponse({ ...input, nonce: '\u00c3\u00a9', digestUri: 'u' })).not.toEqual(one);
    expect(digestResponse({ ...input, nonce: '\u00e9', digestUri: 'U' })).not.toEqual(one);
  });

  it('refuses a user name with a colon, whose realm could be read in two ways (AU-57)', () => {
    expect(() => hashA1('MD5', 'a:b', 'realm', 'secret')).toThrow(MsrpError);
    expect(() => hashA1('MD5', 'a:b', 'realm', 'canary-secret')).not.toThrow(/canary|a:b/);
  });
});

describe('parseDigestAlgorithm', () => {
  it('takes absence for MD5 and ignores case (AU-13)', () => {
    expect(parseDigestAlgorithm(undefined)).toBe('MD5');
    expect(parseDigestAlgorithm('md5')).toBe('MD5');
    expect(parseDigestAlgorithm('sha-256')).toBe('SHA-256');
    expect(parseDigestAlgorithm('SHA-512-256')).toBe('SHA-512-256');
  });

  it('knows no -sess algorithm and no invention (AU-07, AU-13)', () => {
    for (const token of ['MD5-sess', 'SHA-256-sess', 'SHA-512-256-sess', 'FOO', '', 'SHA-512', 'SHA256', 'toString']) {
      expect(parseDigestAlgorithm(token), token).toBeUndefined();
    }
  });

  it('has 32 hexadecimal digits for MD5 and 64 for the others (AU-21)', () => {
    expect(DIGEST_ALGORITHMS.map(digestHexDigits)).toEqual([64, 64, 32]);
  });
});

describe('toWire and fromWire', () => {
  it('carry UTF-8 as one character an octet (AU-57)', () => {
    expect(toWire('zo\u00eb')).toBe('zo\u00c3\u00ab');
    expect(fromWire('zo\u00c3\u00ab')).toBe('zo\u00eb');
    expect(toWire('zoe\u0308')).toBe('zo\u00c3\u00ab');
  });

  it('give back any well-formed text in normal form C', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const wire = toWire(text);
        expect(wire).toMatch(/^[\0-\xff]*$/);
        expect(fromWire(wire)).toBe(text.normalize('NFC'));
      }),
    );
  });

  it('keep a leading byte order mark, which is a character of the name', () => {
    expect(fromWire(toWire('\ufeffzoe'))).toBe('\ufeffzoe');
  });

  it('say when octets are not UTF-8', () => {
    for (const wire of ['\u00ff', 'zo\u00eb', '\u00c3', '\u00c0\u0080', '\u00ed\u00a0\u0080']) {
      expect(fromWire(wire), JSON.stringify(wire)).toBeUndefined();
    }
  });
});
