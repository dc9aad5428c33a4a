/** Judges the credentials of AUTH requests: Digest as RFC 4976 §9.1 wants it, over any number of stores. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from 'msrp/base';
import {
  type DigestAlgorithm,
  digestHexDigits,
  digestResponse,
  fromWire,
  parseDigestAlgorithm,
  toWire,
} from 'msrp/digest';
import {
  type DigestCredentials,
  formatAuthenticationInfo,
  formatChallenge,
  parseAuthorization,
  parseUri,
  sameUri,
} from 'msrp/wire';
import type { Authenticator, AuthOrigin, AuthOutcome } from '../relay/ports.ts';
import { formatAccount, parseAccount } from './account.ts';
import type { AuthGuard } from './auth-guard.ts';
import type { Credential, CredentialStore } from './credential-store.ts';
import { nativeHashHex } from './native-hash.ts';
import { Nonces } from './nonces.ts';
import type { Realms } from './realms.ts';
import { StoreList } from './store-list.ts';
import { loginNameFault } from './user-name.ts';

/** What an authenticator is made with. */
export interface DigestAuthenticatorOptions {
  /** What clients are told, and what the stores are asked for. */
  readonly realms: Realms;
  /** What is on offer, the most preferred first; MD5 goes last wherever it stands (RFC 8760 §2.3). At least one. */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly clock: Clock;
  /** Makes nonces and keeps their counts, beyond the life of an authenticator. Its own by default. */
  readonly nonces?: Nonces | undefined;
  /** Give every 200 the nonce to use next, which saves clients a round trip (RFC 7616 §3.5). Off by default. */
  readonly offerNextNonce?: boolean | undefined;
  /** Told whenever a store fails, with the store's name: the client only learns that it may try again. */
  readonly onStoreFailure?: ((store: string, cause: unknown) => void) | undefined;
  /** Keeps count of failures, beyond the life of an authenticator. None by default. */
  readonly guard?: AuthGuard | undefined;
}

/** No secret was looked at, and the nonce is not the reason: another scheme, realm, qop or algorithm. */
const NOT_TRIED: AuthOutcome = { kind: 'challenge', stale: false, failed: false };
const STALE: AuthOutcome = { kind: 'challenge', stale: true, failed: false };
const FAILED: AuthOutcome = { kind: 'challenge', stale: false, failed: true };
const UNAVAILABLE: AuthOutcome = { kind: 'unavailable' };
/** A wrong password for one who is only remembered: it looks as if nobody were, and counts as what it is. */
const DOUBTFUL: AuthOutcome = { kind: 'unavailable' };

/** Credentials that are complete, meant for this relay and made with an algorithm that is on offer. */
interface Attempt {
  readonly credentials: DigestCredentials;
  readonly algorithm: DigestAlgorithm;
  readonly digestUri: string;
  /** The user, and the realm, as texts. */
  readonly user: string;
  readonly realm: string;
  readonly origin: AuthOrigin;
}

/**
 * Supplies the relay's rules with their Authenticator.
 *
 * Stores that remember can make it quick, for who has the right password; for all others
 * every store is asked, as `StoreList` says, so that a wrong password takes as long as a
 * user that nobody knows. The stores remain the caller's: it reloads and closes them.
 */
export class DigestAuthenticator implements Pick<Authenticator, 'challenge' | 'verify'> {
  readonly #stores: StoreList;
  readonly #options: DigestAuthenticatorOptions;
  readonly #clock: Clock;
  readonly #realms: Realms;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #nonces: Nonces;
  /** The same for all: some clients return it without asking whether there was one, so there always is. */
  readonly #opaque = randomBytes(8).toString('hex');
  /** Stands in for the secret of users that do not exist. */
  readonly #nobody = randomBytes(32).toString('hex');

  constructor(stores: readonly CredentialStore[], options: DigestAuthenticatorOptions) {
    this.#stores = new StoreList(stores, options.onStoreFailure);
    this.#options = options;
    this.#clock = options.clock;
    this.#realms = options.realms;
    const algorithms = new Set(options.algorithms);
    this.#algorithms = [...algorithms].sort((a, b) => Number(a === 'MD5') - Number(b === 'MD5'));
    this.#nonces = options.nonces ?? new Nonces({ clock: options.clock });
  }

  challenge(stale: boolean, host: string): string[] {
    const nonce = this.#nonces.make();
    const realm = toWire(this.#realms.of(host));
    return this.#algorithms.map((algorithm) =>
      formatChallenge({ realm, nonce, opaque: this.#opaque, qop: ['auth'], stale, algorithm }),
    );
  }

  async verify(authorization: string, digestUri: string, origin: AuthOrigin): Promise<AuthOutcome> {
    const reading = parseAuthorization(authorization);
    if (reading.kind === 'other-scheme') return NOT_TRIED;
    if (reading.kind === 'malformed') return reading;
    const credentials = reading.value;
    const algorithm = parseDigestAlgorithm(credentials.algorithm);
    if (credentials.qop !== 'auth' || algorithm === undefined || !this.#algorithms.includes(algorithm)) {
      return NOT_TRIED;
    }
    if (credentials.response.length !== digestHexDigits(algorithm)) {
      return { kind: 'malformed', comment: 'response does not fit the algorithm' };
    }
    if (credentials.uri !== undefined && !isSameUri(credentials.uri, digestUri)) {
      return { kind: 'malformed', comment: 'uri is not the last URI of To-Path' };
    }
    const realm = this.#realms.of(origin.host);
    if (credentials.realm !== toWire(realm)) return NOT_TRIED;
    if (!this.#nonces.isFresh(credentials.nonce, countOf(credentials))) return STALE;
    return this.#judgeGuarded({ credentials, algorithm, digestUri, realm, user: userOf(credentials), origin });
  }

  /**
   * Whether a user who was granted something may still have it: known, and not blocked, for one of the algorithms. As
   * in `verify`, the first store that knows the user decides; true when a store before it cannot tell.
   *
   * @param login - as in the outcome of `verify`.
   */
  async mayUse(login: string): Promise<boolean> {
    const { user, realm } = parseAccount(login, this.#realms.own);
    for (const algorithm of this.#algorithms) {
      const decisive = await this.#stores.findUnlessUncertain({ user, realm, algorithm });
      if (decisive === 'unavailable' || decisive?.credential.mayUse === true) return true;
    }
    return false;
  }

  async #judgeGuarded(attempt: Attempt): Promise<AuthOutcome> {
    const { guard } = this.#options;
    const { origin } = attempt;
    const account = formatAccount(attempt, this.#realms.own);
    if (guard?.blocks(account, origin) === true) return { kind: 'blocked' };
    const outcome = await this.#judge(attempt);
    if (outcome === FAILED || outcome === DOUBTFUL) guard?.failed(account, origin);
    if (outcome.kind === 'granted') guard?.succeeded(account, origin);
    return outcome;
  }

  async #judge(attempt: Attempt): Promise<AuthOutcome> {
    if (this.#stores.canRecall) {
      const remembered = await this.#stores.recall(attempt);
      const rspauth = this.#proofFor(attempt, remembered);
      if (remembered !== undefined && rspauth !== undefined) return this.#conclude(attempt, remembered, rspauth);
    }
    const found = await this.#stores.find(attempt);
    if (found === 'unavailable') return UNAVAILABLE;
    const rspauth = this.#proofFor(attempt, found?.credential);
    if (found !== undefined && rspauth !== undefined) return this.#conclude(attempt, found.credential, rspauth);
    // The password may have been changed meanwhile: that cannot be told now.
    return found?.isStale === true ? DOUBTFUL : FAILED;
  }

  /**
   * The relay's own proof, when that of the client is right. For somebody who is not known as much is calculated as for
   * others, with a random secret.
   */
  #proofFor({ credentials, algorithm, digestUri }: Attempt, known: Credential | undefined): string | undefined {
    const nobody = this.#nobody.slice(0, digestHexDigits(algorithm));
    let proof: string | undefined;
    for (const ha1 of [known?.ha1 ?? nobody, ...(known?.otherHa1s ?? [])]) {
      const input = { ...credentials, algorithm, ha1, digestUri, method: 'AUTH' };
      const { response, rspauth } = digestResponse(input, nativeHashHex);
      if (timingSafeEqual(Buffer.from(response), Buffer.from(credentials.response))) proof = rspauth;
    }
    return proof;
  }

  /** The password is right. */
  #conclude({ credentials, user, realm }: Attempt, known: Credential, rspauth: string): AuthOutcome {
    const leftMs = (known.expiresAtMs ?? Number.POSITIVE_INFINITY) - this.#clock.nowMs();
    const leftSeconds = Math.floor(leftMs / 1000);
    if (leftSeconds < 1) return FAILED;
    // Other AUTHs may have been judged while the stores were asked: the count is taken in the same turn as it is checked.
    if (!this.#nonces.use(credentials.nonce, countOf(credentials))) return STALE;
    if (!known.mayUse) return { kind: 'forbidden' };
    const { cnonce, nonceCount, qop } = credentials;
    const nextNonce = this.#options.offerNextNonce === true ? this.#nonces.make() : undefined;
    const authenticationInfo = formatAuthenticationInfo({ nextNonce, rspauth, cnonce, nonceCount, qop });
    return {
      kind: 'granted',
      user: formatAccount({ user: known.account ?? user, realm }, this.#realms.own),
      login: formatAccount({ user, realm }, this.#realms.own),
      maxSeconds: known.maySessionsOutlive === true ? Number.POSITIVE_INFINITY : leftSeconds,
      authenticationInfo,
    };
  }
}

/** The user's name as a text. A name that nobody can have becomes the empty one, which the stores are asked for all the same. */
function userOf(credentials: DigestCredentials): string {
  const user = fromWire(credentials.username)?.normalize('NFC');
  return user === undefined || loginNameFault(user) !== undefined ? '' : user;
}

function countOf(credentials: DigestCredentials): number {
  return Number.parseInt(credentials.nonceCount, 16);
}

function isSameUri(text: string, other: string): boolean {
  if (text === other) return true;
  const uri = parseUri(text);
  const otherUri = parseUri(other);
  return uri !== undefined && otherUri !== undefined && sameUri(uri, otherUri);
}
