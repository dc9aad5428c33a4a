/** The calculations of HTTP Digest as RFC 4976 §9.1 uses it: qop is always `auth`, never `-sess`. */
import { MsrpError } from '../base/errors.ts';
import { type DigestAlgorithm, type HashHex, hashHex } from './algorithm.ts';
import { toWire } from './text.ts';

/** What a response is made from. Everything but `algorithm` is a wire string (one character an octet), unquoted. */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  /** H(A1) of `hashA1` or of a store: lower-case hexadecimal digits. */
  readonly ha1: string;
  readonly nonce: string;
  /** The eight hexadecimal digits of `nc`, as sent. */
  readonly nonceCount: string;
  readonly cnonce: string;
  /** The rightmost To-Path URI, octet for octet as the request carries it. */
  readonly digestUri: string;
  /** The MSRP method, literally: `AUTH`. */
  readonly method: string;
}

/** Both proofs, in lower-case hexadecimal digits. */
export interface DigestProofs {
  /** The client's: it knows the password. */
  readonly response: string;
  /** The relay's: it knows it too. A2 has no method (RFC 7616 §3.5). */
  readonly rspauth: string;
}

/**
 * H(A1): what stands for the password in all further calculations, and as secret as it.
 *
 * @param user - a text; hashed as UTF-8 in normal form C (RFC 7616 §4).
 * @param realmOnWire - a wire string: the realm of a challenge, unquoted, hashed octet for octet. Who has
 *   it as a text, from a configuration, gives `toWire(realm)`.
 * @param password - a text, treated like the user name.
 * @returns lower-case hexadecimal digits.
 * @throws MsrpError MSRP_BAD_USER_NAME when the user name has a colon, which would move
 *   the border between name and realm.
 */
export function hashA1(algorithm: DigestAlgorithm, user: string, realmOnWire: string, password: string): string {
  if (user.includes(':')) throw new MsrpError('MSRP_BAD_USER_NAME', 'a user name has no colon (RFC 7616 §3.4.2)');
  return hashHex(algorithm, `${toWire(user)}:${realmOnWire}:${toWire(password)}`);
}

/**
 * Calculates what the client sends as `response` and the relay answers as `rspauth` (RFC 7616 §3.4.1, §3.5).
 *
 * @param hash - for who has a faster one than that of this package, which runs everywhere.
 */
export function digestResponse(input: DigestInput, hash: HashHex = hashHex): DigestProofs {
  const { algorithm, ha1, nonce, nonceCount, cnonce, digestUri, method } = input;
  const proof = (a2: string) => hash(algorithm, `${ha1}:${nonce}:${nonceCount}:${cnonce}:auth:${hash(algorithm, a2)}`);
  return { response: proof(`${method}:${digestUri}`), rspauth: proof(`:${digestUri}`) };
}
