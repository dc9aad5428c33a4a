/** JSON Web Tokens for tests, signed with node:crypto alone. */
import { constants, createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';

/** What goes into a token. */
export interface TokenParts {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims: unknown;
}

/** Somebody who signs tokens, and what others check them with. */
export interface Signer {
  readonly jwk: JsonWebKey;
  readonly publicPem: string;
  readonly privatePem: string;
  sign(parts: TokenParts): string;
}

type KeyAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

const HASHES = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' } as const;

/** Signs with a shared secret. */
export function signWithSecret(secret: string, parts: TokenParts, alg: keyof typeof HASHES = 'HS256'): string {
  const signed = signedPart({ ...parts, header: { alg, typ: 'JWT', ...parts.header } });
  return `${signed}.${createHmac(HASHES[alg], secret).update(signed).digest('base64url')}`;
}

/** The first two parts of a token, and a signature of any kind. */
export function unsigned(parts: TokenParts, signature = ''): string {
  return `${signedPart(parts)}.${signature}`;
}

/** Somebody with a new key. @param kid - its name, in the key and in each token. */
export function makeSigner(alg: KeyAlgorithm, kid?: string, rsaBits = 2048): Signer {
  const { publicKey, privateKey } = keyPair(alg, rsaBits);
  const named = kid === undefined ? {} : { kid };
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), ...named },
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    sign: (parts) => {
      const signed = signedPart({ ...parts, header: { alg, typ: 'JWT', ...named, ...parts.header } });
      return `${signed}.${signatureOf(alg, privateKey, Buffer.from(signed)).toString('base64url')}`;
    },
  };
}

function signedPart({ header = {}, claims }: TokenParts): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

function keyPair(alg: KeyAlgorithm, rsaBits: number): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: rsaBits });
}

function signatureOf(alg: KeyAlgorithm, key: KeyObject, octets: Buffer): Buffer {
  if (alg === 'EdDSA') return sign(null, octets, key);
  if (alg === 'ES256') return sign('sha256', octets, { key, dsaEncoding: 'ieee-p1363' });
  if (alg === 'RS256') return sign('sha256', octets, key);
  return sign('sha256', octets, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}
