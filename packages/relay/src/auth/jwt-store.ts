/** Users who show a JSON Web Token (RFC 7519) that somebody has signed whom the relay trusts. */
import { createLocalJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { Clock } from 'msrp/base';
import type { CredentialStore, TokenHolder } from './credential-store.ts';
import type { PublicKeys } from './public-keys.ts';
import type { KeySet, RemoteKeys } from './remote-keys.ts';
import { loginNameFault } from './user-name.ts';

/** What a signature is checked with: any of these secrets, one of these keys, or those of an issuer, which the store closes. */
export type JwtKeys =
  | { readonly kind: 'secrets'; readonly secrets: readonly string[] }
  | { readonly kind: 'keys'; readonly keys: PublicKeys['keys'] }
  | { readonly kind: 'remote'; readonly remote: RemoteKeys };

/** What a token has to say. */
export interface JwtOptions {
  readonly clock: Clock;
  readonly keys: JwtKeys;
  /** Those that fit the keys; never `none`. */
  readonly algorithms: readonly string[];
  /** Any of them; undefined: whatever it says, or nothing. */
  readonly issuers: readonly string[] | undefined;
  readonly audiences: readonly string[] | undefined;
  /** By how much clocks may differ. */
  readonly toleranceSeconds: number;
  /** The claim that names the user. */
  readonly userClaim: string;
  /** The one realm that these users belong to. */
  readonly realm: string;
}

/** What a token says; undefined when it is not good, `unknown key` when it names one that nobody has. */
type Verdict = JWTPayload | undefined | 'unknown key';

/** Has no passwords, and so nothing for Digest. */
export class JwtStore implements CredentialStore {
  readonly name = 'jwt';
  readonly #options: JwtOptions;
  readonly #realm: string;
  /** One for each secret, or one for all keys. Of keys of an issuer: those that were used last. */
  #pickers: readonly JWTVerifyGetKey[] = [];
  #pickedFrom: KeySet | undefined;

  constructor(options: JwtOptions) {
    const { keys, realm } = options;
    this.#options = options;
    this.#realm = realm.normalize('NFC');
    if (keys.kind === 'secrets') this.#pickers = keys.secrets.map((secret) => always(Buffer.from(secret)));
    if (keys.kind === 'keys') this.#pickers = [pickFrom(keys.keys)];
  }

  async find(): Promise<undefined> {
    return undefined;
  }

  async findByToken(token: string, realm: string): Promise<TokenHolder | undefined> {
    if (realm !== this.#realm) return undefined;
    const claims = await this.#claimsOf(token);
    const user = claims === undefined ? undefined : ownClaim(claims, this.#options.userClaim);
    if (claims?.exp === undefined || typeof user !== 'string' || loginNameFault(user) !== undefined) return undefined;
    const expiresAtMs = (claims.exp + this.#options.toleranceSeconds) * 1000;
    return { user: user.normalize('NFC'), mayUse: true, expiresAtMs };
  }

  async close(): Promise<void> {
    const { keys } = this.#options;
    if (keys.kind === 'remote') keys.remote.close();
  }

  /** @throws StoreUnavailable when an issuer has to be asked for its keys and does not answer. */
  async #claimsOf(token: string): Promise<JWTPayload | undefined> {
    const { keys } = this.#options;
    if (keys.kind !== 'remote') return claimsIn(await this.#verifyByAny(token));
    const current = await keys.remote.current();
    this.#use(current);
    const verdict = await this.#verifyByAny(token);
    if (verdict !== 'unknown key') return verdict;
    const newer = await keys.remote.newerThan(current);
    if (newer === current) return undefined;
    this.#use(newer);
    return claimsIn(await this.#verifyByAny(token));
  }

  #use(set: KeySet): void {
    if (this.#pickedFrom === set) return;
    this.#pickedFrom = set;
    this.#pickers = [pickFrom(set.keys)];
  }

  async #verifyByAny(token: string): Promise<Verdict> {
    let verdict: Verdict;
    for (const pick of this.#pickers) {
      verdict = await this.#verify(token, pick);
      if (claimsIn(verdict) !== undefined) break;
    }
    return verdict;
  }

  async #verify(token: string, pick: JWTVerifyGetKey): Promise<Verdict> {
    const { clock, algorithms, issuers, audiences, toleranceSeconds } = this.#options;
    try {
      const { payload } = await jwtVerify(token, pick, {
        algorithms: [...algorithms],
        ...(issuers === undefined ? {} : { issuer: [...issuers] }),
        ...(audiences === undefined ? {} : { audience: [...audiences] }),
        clockTolerance: toleranceSeconds,
        currentDate: new Date(clock.nowMs()),
      });
      return payload;
    } catch (error) {
      // The signature was right, and everything else that is looked at: this comes last.
      if (error instanceof errors.JWTExpired) return error.payload;
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
      if (error instanceof errors.JWKSMultipleMatchingKeys) return await this.#verifyByEach(token, error);
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** The token names no key, and several fit. */
  async #verifyByEach(token: string, keys: errors.JWKSMultipleMatchingKeys): Promise<Verdict> {
    for await (const key of keys) {
      const verdict = await this.#verify(token, always(key));
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }
}

function claimsIn(verdict: Verdict): JWTPayload | undefined {
  return verdict === 'unknown key' ? undefined : verdict;
}

function always(key: Awaited<ReturnType<JWTVerifyGetKey>>): JWTVerifyGetKey {
  return () => key;
}

function pickFrom(keys: PublicKeys['keys']): JWTVerifyGetKey {
  return createLocalJWKSet({ keys: keys.map(({ kty = '', ...rest }) => ({ kty, ...rest })) });
}

function ownClaim(claims: JWTPayload, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
