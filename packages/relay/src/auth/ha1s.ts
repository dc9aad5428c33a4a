/** What is kept instead of a password. */
import { DIGEST_ALGORITHMS, type DigestAlgorithm, hashA1, toWire } from 'msrp/digest';
import { CredentialsError } from './credentials-error.ts';
import { userNameFault } from './user-name.ts';

/** H(A1) for every algorithm, so that the algorithms on offer can change later (RFC 7616 §5.2). */
export type Ha1s = Readonly<Record<DigestAlgorithm, string>>;

/**
 * Turns a password into what is kept of it.
 *
 * @param user - a text; so are `realm` and `password`.
 * @throws CredentialsError BAD_USER_NAME, or BAD_PASSWORD when it is empty.
 */
export function ha1sOf(user: string, realm: string, password: string): Ha1s {
  const fault = userNameFault(user);
  if (fault !== undefined) throw new CredentialsError('BAD_USER_NAME', `the user name ${fault}`);
  if (password === '') throw new CredentialsError('BAD_PASSWORD', 'the password is empty');
  const realmOnWire = toWire(realm);
  const entries = DIGEST_ALGORITHMS.map((algorithm) => [algorithm, hashA1(algorithm, user, realmOnWire, password)]);
  return Object.fromEntries(entries) as Record<DigestAlgorithm, string>;
}
