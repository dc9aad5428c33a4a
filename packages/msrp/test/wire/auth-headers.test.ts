import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MsrpError } from '../../src/base/index.ts';
import {
  type AuthReading,
  formatAuthenticationInfo,
  formatAuthorization,
  formatChallenge,
  parseAuthenticationInfo,
  parseAuthorization,
  parseChallenge,
} from '../../src/wire/auth-headers.ts';
import { parseAuthParams } from '../../src/wire/auth-params.ts';
import { AUTHENTICATION_INFOS, AUTHORIZATIONS, CHALLENGES } from '../vectors/auth.ts';

/** The value of a header that was understood. */
function understood<Value>(reading: AuthReading<Value>): Value {
  if (reading.kind !== 'digest') throw new Error(JSON.stringify(reading));
  return reading.value;
}

const COMPLETE = {
  username: '"nadia"',
  realm: '"relay"',
  nonce: '"n"',
  response: '"0123456789abcdef0123456789abcdef"',
  qop: 'auth',
  nc: '00000001',
  cnonce: '"c"',
};

/** An Authorization value with some parameters changed, or left out when undefined. */
function authorization(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const params = Object.entries({ ...COMPLETE, ...changes }).filter(([, value]) => value !== undefined);
  return `Digest ${params.map(([name, value]) => `${name}=${value}`).join(', ')}`;
}

describe('the worked examples', () => {
  for (const [name, value] of CHALLENGES) {
    it(`WWW-Authenticate of ${name} is read and written octet for octet (AU-06, AU-15, AU-16)`, () => {
      const challenge = understood(parseChallenge(value));
      expect(challenge).toMatchObject({ qop: ['auth'], stale: name === 'E2.2' });
      expect(formatChallenge(challenge)).toBe(value);
    });
  }

  for (const [name, value] of AUTHORIZATIONS) {
    it(`Authorization of ${name} is read and written octet for octet (AU-15, AU-16, AU-17)`, () => {
      expect(formatAuthorization(understood(parseAuthorization(value)))).toBe(value);
    });
  }

  for (const [name, value] of AUTHENTICATION_INFOS) {
    it(`Authentication-Info of ${name} is read and written octet for octet (AU-15, AU-16, AU-30)`, () => {
      expect(formatAuthenticationInfo(parseAuthenticationInfo(value) ?? {})).toBe(value);
    });
  }
});

describe('parseAuthParams', () => {
  const read = (value: string) => {
    const params = parseAuthParams(value);
    return params && Object.fromEntries(params);
  };

  it('takes any order, any case of names and any spaces around commas and equals signs (AU-16, F-08)', () => {
    const expected = { realm: 'r', nonce: 'n', stale: 'TRUE' };
    expect(read('realm="r",nonce="n",stale=TRUE')).toEqual(expected);
    expect(read('STALE =TRUE , Nonce= "n" ,\trealm\t=\t"r"')).toEqual(expected);
    expect(read('  realm = "r" ,  nonce="n",stale=TRUE \t')).toEqual(expected);
  });

  it('keeps commas, equals signs and escaped quotes within quotes (AU-16)', () => {
    expect(read('realm="a, b", x="c=\\"d\\", e", y="\\\\"')).toEqual({ realm: 'a, b', x: 'c="d", e', y: '\\' });
    expect(read('a=""')).toEqual({ a: '' });
    expect(read('a="\\a\\,"')).toEqual({ a: 'a,' });
  });

  it('takes quotes or none around any value (AU-16)', () => {
    expect(read('nc="00000001", qop="auth", nonce=ab/c+==, algorithm="MD5"')).toEqual({
      nc: '00000001',
      qop: 'auth',
      nonce: 'ab/c+==',
      algorithm: 'MD5',
    });
  });

  it('takes names that mean something to the objects of JavaScript for plain names', () => {
    expect([...(parseAuthParams('__proto__=a, constructor=b') ?? [])]).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  it('refuses what is not such a list (AU-28, D-08)', () => {
    const broken = [
      '',
      ' ',
      ',',
      'a',
      'a=',
      '=b',
      '="b"',
      'a=b,',
      'a=b, ',
      ',a=b',
      'a=b,,c=d',
      'a=b c=d',
      'a="b" c="d"',
      'a="b"c',
      'a="b',
      'a="b\\"',
      'a="b\\',
      'a=b"c"',
      'a b=c',
      'a"="b"',
    ];
    for (const value of broken) {
      expect(read(value), value).toBeUndefined();
    }
  });

  it('refuses the same name twice, in whatever case (AU-16)', () => {
    expect(read('nonce="a", nonce="a"')).toBeUndefined();
    expect(read('nonce="a", NONCE=b')).toBeUndefined();
  });

  it('refuses control characters, which an echo would carry into another header', () => {
    for (const control of ['\r', '\n', '\0', '\x7f', '\x1b']) {
      expect(read(`cnonce="a${control}b"`), JSON.stringify(control)).toBeUndefined();
      expect(read(`cnonce="a\\${control}b"`), JSON.stringify(control)).toBeUndefined();
    }
    expect(read('cnonce="a\tb\u00c3\u0080"')).toEqual({ cnonce: 'a\tb\u00c3\u0080' });
  });

  it('takes time in proportion to the length, whatever the input', () => {
    const long = 1_000_000;
    const inputs = [
      `a="${'\\'.repeat(long)}`,
      `a="${'b'.repeat(long)}`,
      `a${' '.repeat(long)}b`,
      `a=${'b'.repeat(long)}"`,
      ','.repeat(long),
    ];
    const startedAtMs = performance.now();
    for (const input of inputs) expect(parseAuthParams(input)).toBeUndefined();
    expect(parseAuthParams(`a="${'\\"'.repeat(long)}"`)?.get('a')).toHaveLength(long);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab=,"\\ \t;\u00e9') }), (value) => {
        const params = parseAuthParams(value);
        expect(params === undefined || params.size > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('parseChallenge', () => {
  it('reads a challenge as another relay may write it (AU-09, AU-16, AU-57, F-08)', () => {
    const value =
      'dIGEST  Domain="msrps://x", QOP="auth-int, Auth" , userhash=true,charset=UTF-8, nonce="n\\"1", Stale="TRUE", realm="a, b"';
    expect(understood(parseChallenge(value))).toEqual({
      realm: 'a, b',
      nonce: 'n"1',
      opaque: undefined,
      qop: ['auth-int', 'auth'],
      stale: true,
      algorithm: undefined,
    });
  });

  it('takes any other value of stale for false', () => {
    expect(understood(parseChallenge('Digest realm="r", nonce="n", qop="auth", stale=false')).stale).toBe(false);
  });

  it('needs realm, nonce and qop (AU-06, D-08)', () => {
    const params = ['realm="r"', 'nonce="n"', 'qop="auth"'];
    for (const [at, left] of ['realm', 'nonce', 'qop'].entries()) {
      const value = `Digest ${params.toSpliced(at, 1).join(', ')}`;
      expect(parseChallenge(value)).toEqual({ kind: 'malformed', comment: `${left} is missing` });
    }
  });

  it('keeps an unknown algorithm as it is written, for the client to skip (AU-13)', () => {
    expect(understood(parseChallenge('Digest realm="r", nonce="n", qop="auth", algorithm=FOO')).algorithm).toBe('FOO');
  });

  it('tells another scheme from a broken challenge (AU-08)', () => {
    expect(parseChallenge('Basic realm="r"').kind).toBe('other-scheme');
    expect(parseChallenge('Digest').kind).toBe('malformed');
    expect(parseChallenge('').kind).toBe('other-scheme');
  });
});

describe('parseAuthorization', () => {
  it('reads what msrplib sends: quoted qop and nc, no uri, no algorithm, other order (AU-16)', () => {
    const value =
      'Digest username="nadia", realm="r", nonce="n", response="0123456789abcdef0123456789abcdef", opaque="o", cnonce="c", qop="auth", nc="0000000a"';
    expect(understood(parseAuthorization(value))).toEqual({
      username: 'nadia',
      realm: 'r',
      nonce: 'n',
      uri: undefined,
      response: '0123456789abcdef0123456789abcdef',
      algorithm: undefined,
      cnonce: 'c',
      opaque: 'o',
      qop: 'auth',
      nonceCount: '0000000a',
    });
  });

  it('ignores userhash, charset and what it does not know (AU-16, AU-57)', () => {
    const value = authorization({ userhash: 'true', charset: 'UTF-8', 'x-y': '"z, z"' });
    expect(understood(parseAuthorization(value)).username).toBe('nadia');
  });

  it('carries the octets of a user name one character an octet (AU-57)', () => {
    expect(understood(parseAuthorization(authorization({ username: '"zo\u00c3\u00ab"' }))).username).toBe(
      'zo\u00c3\u00ab',
    );
  });

  for (const name of Object.keys(COMPLETE)) {
    it(`finds it malformed without ${name} (AU-28)`, () => {
      expect(parseAuthorization(authorization({ [name]: undefined }))).toEqual({
        kind: 'malformed',
        comment: `${name} is missing`,
      });
    });
  }

  it('finds an nc malformed that is not eight lower-case hexadecimal digits (AU-24, AU-28)', () => {
    for (const nc of ['1', '0000001', '000000001', '0000000A', '0000000g', '"0x000001"', '-0000001', '""']) {
      expect(parseAuthorization(authorization({ nc })).kind, nc).toBe('malformed');
    }
  });

  it('finds a response malformed that is not lower-case hexadecimal digits (AU-28)', () => {
    for (const response of ['""', '"xyz"', `"${'A'.repeat(32)}"`, '"0123 4567"']) {
      expect(parseAuthorization(authorization({ response })).kind, response).toBe('malformed');
    }
  });

  it('repeats nothing of the header in its comment (AU-60)', () => {
    const canary = 'canary';
    const broken = [`Digest ${canary}`, authorization({ nc: canary }), authorization({ response: `"${canary}"` })];
    for (const value of broken) expect(JSON.stringify(parseAuthorization(value))).not.toContain(canary);
  });

  it('tells another scheme from broken credentials (AU-08)', () => {
    expect(parseAuthorization('Basic bmFkaWE6c2VjcmV0').kind).toBe('other-scheme');
    expect(parseAuthorization('Digestive username="x"').kind).toBe('other-scheme');
    expect(parseAuthorization('DIGEST\tusername').kind).toBe('malformed');
  });

  it('reads back whatever it wrote', () => {
    const text = fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)) });
    const printable = text.map((value) => value.replaceAll('\x7f', ''));
    const token = fc.constantFrom('MD5', 'SHA-256', 'FOO', undefined);
    const credentials = fc.record({
      username: printable,
      realm: printable,
      nonce: printable,
      uri: fc.option(printable, { nil: undefined }),
      response: fc.constantFrom('0a'.repeat(16), '0b'.repeat(32)),
      algorithm: token,
      cnonce: printable,
      opaque: fc.option(printable, { nil: undefined }),
      qop: fc.constantFrom('auth', 'auth-int'),
      nonceCount: fc.constantFrom('00000001', 'ffffffff'),
    });
    fc.assert(
      fc.property(credentials, (value) => {
        expect(parseAuthorization(formatAuthorization(value))).toEqual({ kind: 'digest', value });
      }),
    );
  });
});

describe('Authentication-Info', () => {
  it('is read with a bare comma between parameters, in any order (A-42)', () => {
    expect(parseAuthenticationInfo('qop=auth,nc=00000001,cnonce="c",rspauth="r",nextnonce="n"')).toEqual({
      nextNonce: 'n',
      rspauth: 'r',
      cnonce: 'c',
      nonceCount: '00000001',
      qop: 'auth',
    });
  });

  it('is written with a comma and a space, which one parser splits on (A-42)', () => {
    expect(formatAuthenticationInfo({ rspauth: 'r', cnonce: 'c', nonceCount: '00000001', qop: 'auth' })).toBe(
      'rspauth="r", cnonce="c", nc=00000001, qop=auth',
    );
  });

  it('is not understood when it is not a list of parameters', () => {
    expect(parseAuthenticationInfo('Digest rspauth')).toBeUndefined();
    expect(parseAuthenticationInfo('rspauth="r", rspauth="s"')).toBeUndefined();
  });
});

describe('what is written', () => {
  const challenge = { realm: 'r', nonce: 'n', opaque: 'o', qop: ['auth'], stale: false, algorithm: 'MD5' };

  it('escapes quotes and backslashes (AU-16)', () => {
    expect(formatChallenge({ ...challenge, realm: 'a"b\\c' })).toContain('realm="a\\"b\\\\c"');
  });

  it('has no domain and no stale=false (AU-09, AU-27)', () => {
    expect(formatChallenge(challenge)).toBe('Digest realm="r", nonce="n", opaque="o", qop="auth", algorithm=MD5');
  });

  it('cannot be made to start another line or parameter', () => {
    expect(() => formatChallenge({ ...challenge, realm: 'a\r\nb' })).toThrow(MsrpError);
    expect(() => formatChallenge({ ...challenge, algorithm: 'MD5, x=y' })).toThrow(MsrpError);
    expect(() => formatAuthenticationInfo({ nonceCount: '' })).toThrow(MsrpError);
  });
});
