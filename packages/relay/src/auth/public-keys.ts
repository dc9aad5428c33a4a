/** Keys that signatures of tokens are checked with: PEM, or a JWK Set (RFC 7517 §5). */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Keys that can be used, in the form of a JWK Set, and what is wrong with others: sentences that go on with "found". */
export interface PublicKeys {
  readonly keys: readonly JsonWebKey[];
  readonly faults: readonly string[];
}

/** More cannot be meant, and a token that names none of them would have to be tried with each. */
const MAX_KEYS = 64;

/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2048;

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** Reads every key in `text`. Nothing of a text that may be secret gets into a fault. */
export function readPublicKeys(text: string): PublicKeys {
  const found = /^\s*\{/.test(text) ? keysOfSet(text) : keysOfPem(text);
  if (found.length === 0) return { keys: [], faults: ['none'] };
  if (found.length > MAX_KEYS) return { keys: [], faults: [`more than ${MAX_KEYS}`] };
  return {
    keys: found.flatMap((key) => (typeof key === 'string' ? [] : [key])),
    faults: found.flatMap((key) => (typeof key === 'string' ? [key] : [])),
  };
}

type Read = JsonWebKey | string;

function keysOfPem(text: string): Read[] {
  return [...text.matchAll(PEM)].map(([block, kind = '']) => {
    if (kind.endsWith('PRIVATE KEY')) return 'a private key';
    try {
      const key = createPublicKey(block);
      return weaknessOf(key) ?? key.export({ format: 'jwk' });
    } catch {
      return 'one that cannot be read';
    }
  });
}

function keysOfSet(text: string): Read[] {
  const keys = objectIn(text)?.keys;
  if (!Array.isArray(keys)) return ['no JWK Set'];
  // Keys for other things than signatures may be in one set with them.
  return keys.filter((key) => isObject(key) && (key.use === undefined || key.use === 'sig')).map(readJwk);
}

function readJwk(jwk: JsonWebKey): Read {
  if (jwk.kty === 'oct') return 'a shared secret';
  if (jwk.d !== undefined) return 'a private key';
  try {
    return weaknessOf(createPublicKey({ key: jwk, format: 'jwk' })) ?? jwk;
  } catch {
    return 'one that cannot be read';
  }
}

function weaknessOf({ asymmetricKeyDetails }: KeyObject): string | undefined {
  const bits = asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
  return bits < MIN_RSA_BITS ? `an RSA key of less than ${MIN_RSA_BITS} bits` : undefined;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
