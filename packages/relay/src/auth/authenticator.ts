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
import type { Authenticator, AuthOutcome } from '../relay/ports.ts';
import type { Credential, CredentialStore } from './credential-store.ts';
import { Nonces } from './nonces.ts';
import { userNameFault } from './user-name.ts';

/** What an authenticator is made with. */
export interface DigestAuthenticatorOptions {
  /** A text: what clients are told, and what the stores are asked for. */
  readonly realm: string;
  /** What is on offer, the most preferred first; MD5 goes last wherever it stands (RFC 8760 §2.3). At least one. */
  readonly algorithms: readonly DigestAlgorithm[];
  readonly clock: Clock;
  /** Age at which a nonce is no longer good; 300 s by default. */
  readonly nonceLifetimeMs?: number | undefined;
  /** How many used nonces are remembered against replays; 65,536 by default. */
  readonly maxNonces?: number | undefined;
  /** Give every 200 the nonce to use next, which saves clients a round trip (RFC 7616 §3.5). Off by default. */
  readonly offerNextNonce?: boolean | undefined;
  /** Told whenever a store fails, with the store's name: the client only learns that it may try again. */
  readonly onStoreFailure?: ((store: string, cause: unknown) => void) | undefined;
}

/** No secret was looked at, and the nonce is not the reason: another scheme, realm, qop or algorithm. */
const NOT_TRIED: AuthOutcome = { kind: 'challenge', stale: false, failed: false };
const STALE: AuthOutcome = { kind: 'challenge', stale: true, failed: false };
const FAILED: AuthOutcome = { kind: 'challenge', stale: false, failed: true };

/** Credentials that are complete, meant for this relay and made with an algorithm that is on offer. */
interface Attempt {
  readonly credentials: DigestCredentials;
  readonly algorithm: DigestAlgorithm;
  readonly digestUri: string;
}

/**
 * Supplies the relay's rules with their Authenticator.
 *
 * All stores are asked at once and each time, so that nobody can tell by the time it takes
 * whether and where a user exists; the first in the list that knows the user decides. A
 * store that fails is passed over; when then nobody knows the user, the outcome is
 * `unavailable`. The stores remain the caller's: it reloads and closes them.
 */
export class DigestAuthenticator implements Authenticator {
  readonly #stores: readonly CredentialStore[];
  readonly #options: DigestAuthenticatorOptions;
  readonly #realm: string;
  readonly #realmOnWire: string;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #nonces: Nonces;
  /** The same for all: some clients return it without asking whether there was one, so there always is. */
  readonly #opaque = randomBytes(8).toString('hex');
  /** Stands in for the secret of users that do not exist. */
  readonly #nobody = randomBytes(32).toString('hex');

  constructor(stores: readonly CredentialStore[], options: DigestAuthenticatorOptions) {
    this.#stores = stores;
    this.#options = options;
    this.#realm = options.realm.normalize('NFC');
    this.#realmOnWire = toWire(options.realm);
    const algorithms = new Set(options.algorithms);
    this.#algorithms = [...algorithms].sort((a, b) => Number(a === 'MD5') - Number(b === 'MD5'));
    this.#nonces = new Nonces({
      clock: options.clock,
      lifetimeMs: options.nonceLifetimeMs,
      maxRemembered: options.maxNonces,
    });
  }

  challenge(stale: boolean): string[] {
    const nonce = this.#nonces.make();
    return this.#algorithms.map((algorithm) =>
      formatChallenge({ realm: this.#realmOnWire, nonce, opaque: this.#opaque, qop: ['auth'], stale, algorithm }),
    );
  }

  async verify(authorization: string, digestUri: string): Promise<AuthOutcome> {
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
    if (credentials.realm !== this.#realmOnWire) return NOT_TRIED;
    if (!this.#nonces.isFresh(credentials.nonce, countOf(credentials))) return STALE;
    return this.#judge({ credentials, algorithm, digestUri });
  }

  /**
   * Whether a user who was granted something may still have it: known, and not blocked, for one of the algorithms. As
   * in `verify`, the first store that knows the user decides; true when a store before it cannot tell.
   */
  async mayUse(user: string): Promise<boolean> {
    for (const algorithm of this.#algorithms) {
      const answers = await Promise.all(this.#stores.map((store) => this.#ask(store, user, algorithm)));
      const decisive = answers.find((answer) => answer !== undefined);
      if (decisive === 'unavailable' || decisive?.mayUse === true) return true;
    }
    return false;
  }

  async #judge({ credentials, algorithm, digestUri }: Attempt): Promise<AuthOutcome> {
    const user = userOf(credentials);
    const found = await this.#find(user, algorithm);
    if (found === 'unavailable') return { kind: 'unavailable' };
    const ha1 = found?.ha1 ?? this.#nobody.slice(0, digestHexDigits(algorithm));
    const { response, rspauth } = digestResponse({ ...credentials, algorithm, ha1, digestUri, method: 'AUTH' });
    const isRight = timingSafeEqual(Buffer.from(response), Buffer.from(credentials.response));
    if (!isRight || found === undefined) return FAILED;
    // Other AUTHs may have been judged while the stores were asked: the count is taken in the same turn as it is checked.
    if (!this.#nonces.use(credentials.nonce, countOf(credentials))) return STALE;
    if (!found.mayUse) return { kind: 'forbidden' };
    const { cnonce, nonceCount, qop } = credentials;
    const nextNonce = this.#options.offerNextNonce === true ? this.#nonces.make() : undefined;
    const authenticationInfo = formatAuthenticationInfo({ nextNonce, rspauth, cnonce, nonceCount, qop });
    return { kind: 'granted', user, authenticationInfo };
  }

  async #find(user: string, algorithm: DigestAlgorithm): Promise<Credential | undefined | 'unavailable'> {
    const answers = await Promise.all(this.#stores.map((store) => this.#ask(store, user, algorithm)));
    const isKnown = (answer: (typeof answers)[number]) => answer !== undefined && answer !== 'unavailable';
    return answers.find(isKnown) ?? answers.find((answer) => answer === 'unavailable');
  }

  async #ask(store: CredentialStore, user: string, algorithm: DigestAlgorithm) {
    try {
      return await store.find(user, this.#realm, algorithm);
    } catch (error) {
      this.#options.onStoreFailure?.(store.name, error);
      return 'unavailable';
    }
  }
}

/** The user's name as a text. A name that nobody can have becomes the empty one, which the stores are asked for all the same. */
function userOf(credentials: DigestCredentials): string {
  const user = fromWire(credentials.username)?.normalize('NFC');
  return user === undefined || userNameFault(user) !== undefined ? '' : user;
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
