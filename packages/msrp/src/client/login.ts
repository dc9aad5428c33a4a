/** A client's side of AUTH at one relay: challenges answered, nonces counted, the relay's own proof checked (RFC 4976 §5.1, §9.1). */
import { MsrpError } from '../base/errors.ts';
import { type DigestAlgorithm, parseDigestAlgorithm } from '../digest/algorithm.ts';
import { digestResponse, hashA1 } from '../digest/digest.ts';
import { toWire } from '../digest/text.ts';
import {
  type DigestChallenge,
  formatAuthorization,
  parseAuthenticationInfo,
  parseChallenge,
} from '../wire/auth-headers.ts';
import { type Head, headerValues } from '../wire/head.ts';
import { makeIdent } from '../wire/ident.ts';
import { splitPath } from '../wire/path.ts';
import { isSuccess } from '../wire/status.ts';
import { parseUri } from '../wire/uri.ts';

/** Who asks, and how much is asked for. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Sends an AUTH with these header lines and waits for its response. */
export type AskAuth = (lines: string) => Promise<Head>;

/** A challenge that can be answered. */
interface Challenge {
  readonly algorithm: DigestAlgorithm;
  readonly offer: DigestChallenge;
}

/** What a relay has granted. */
export interface Grant {
  /** Nearest relay first, as in the Use-Path header. */
  readonly usePath: string;
  /** How long it holds, in seconds. */
  readonly expires: number;
}

/** Dialogues with one relay, one at a time; what it learns in one shortens the next. */
export class Login {
  readonly #credentials: Credentials | undefined;
  /** Whether the relay's own proof may be missing: not when another relay stands between (RFC 4976 §9.4). */
  readonly #needsProof: boolean;
  #challenge: Challenge | undefined;
  #nonceCount = 0;
  #offeredStronger = false;
  #expectedProof = '';

  /** @param credentials - undefined where the relay knows whose connection it is (RFC 7977 §7): no challenge can be answered then. */
  constructor(credentials: Credentials | undefined, needsProof: boolean) {
    this.#credentials = credentials;
    this.#needsProof = needsProof;
  }

  /**
   * Asks for a session URI, or for more time for one.
   *
   * @param digestUri - the last URI of To-Path, as it stands there.
   * @param expires - seconds, no longer than; undefined leaves it to the relay. A relay that names other bounds gets its way.
   * @throws MsrpError `MSRP_AUTH_FAILED` with the status, also when there are no credentials and the relay wants some,
   *   `MSRP_AUTH_DOWNGRADE`, `MSRP_TIMEOUT` for a 408, `MSRP_BAD_USER_NAME`, or what `ask` throws.
   */
  async authenticate(ask: AskAuth, digestUri: string, expires?: number | undefined): Promise<Grant> {
    let wanted = expires;
    // What may come once each before the grant; whatever comes twice would come for ever.
    let mayBeChallenged = this.#challenge === undefined;
    let mayBeStale = true;
    let mayBeOutOfBounds = true;
    for (;;) {
      const response = await this.#attempt(ask, digestUri, wanted);
      const { status } = response;
      if (isSuccess(status)) return this.#grant(response);
      if (status === 401) {
        if (this.#credentials === undefined) throw unauthenticated();
        const isStale = this.#readChallenge(response);
        if (!mayBeChallenged && !(isStale && mayBeStale)) throw refused(response);
        if (mayBeChallenged) mayBeChallenged = false;
        else mayBeStale = false;
      } else if (status === 423 && mayBeOutOfBounds) {
        mayBeOutOfBounds = false;
        wanted = permitted(response, wanted);
      } else throw refused(response);
    }
  }

  #attempt(ask: AskAuth, digestUri: string, expires: number | undefined): Promise<Head> {
    const lines = expires === undefined ? '' : `Expires: ${expires}\r\n`;
    return ask(lines + this.#authorization(digestUri));
  }

  /** Takes the first challenge that it can answer and that is not weaker than what was offered before. @returns whether only the nonce was wrong. */
  #readChallenge(response: Head): boolean {
    const offers = headerValues(response, 'www-authenticate').flatMap(answerable);
    const chosen = offers.find(({ algorithm }) => algorithm !== 'MD5' || !this.#offeredStronger);
    if (chosen === undefined) {
      if (offers.length === 0) {
        throw new MsrpError('MSRP_AUTH_FAILED', 'the relay offers no way to authenticate that this client knows', {
          status: 401,
        });
      }
      throw new MsrpError('MSRP_AUTH_DOWNGRADE', 'the relay offered a stronger algorithm before, and now only MD5');
    }
    this.#offeredStronger ||= offers.some(({ algorithm }) => algorithm !== 'MD5');
    this.#challenge = chosen;
    this.#nonceCount = 0;
    return chosen.offer.stale;
  }

  #authorization(digestUri: string): string {
    if (this.#challenge === undefined || this.#credentials === undefined) return '';
    this.#nonceCount += 1;
    const { algorithm, offer } = this.#challenge;
    const { user, password } = this.#credentials;
    const nonceCount = this.#nonceCount.toString(16).padStart(8, '0');
    const shared = { nonce: offer.nonce, nonceCount, cnonce: makeIdent() };
    const ha1 = hashA1(algorithm, user, offer.realm, password);
    const proofs = digestResponse({ ...shared, algorithm, ha1, digestUri, method: 'AUTH' });
    this.#expectedProof = proofs.rspauth;
    const credentials = {
      ...shared,
      username: toWire(user),
      realm: offer.realm,
      uri: digestUri,
      response: proofs.response,
      // As challenged: a relay that named none means MD5 and may not know the parameter.
      algorithm: offer.algorithm,
      opaque: offer.opaque,
      qop: 'auth',
    };
    return `Authorization: ${formatAuthorization(credentials)}\r\n`;
  }

  #grant(response: Head): Grant {
    const [info] = headerValues(response, 'authentication-info').map(parseAuthenticationInfo);
    if (this.#challenge !== undefined) this.#checkProof(info?.rspauth);
    if (info?.nextNonce !== undefined && this.#challenge !== undefined) {
      this.#challenge = { ...this.#challenge, offer: { ...this.#challenge.offer, nonce: info.nextNonce } };
      this.#nonceCount = 0;
    }
    const usePath = splitPath(headerValues(response, 'use-path')[0] ?? '');
    const [expires] = headerValues(response, 'expires');
    if (usePath.length === 0 || usePath.some((uri) => parseUri(uri)?.sessionId === undefined)) {
      throw new MsrpError('MSRP_AUTH_FAILED', 'the relay granted no Use-Path that could be used', { status: 200 });
    }
    return { usePath: usePath.join(' '), expires: secondsOf(expires) ?? DEFAULT_EXPIRES };
  }

  #checkProof(rspauth: string | undefined): void {
    if (rspauth === undefined ? !this.#needsProof : rspauth.toLowerCase() === this.#expectedProof) return;
    throw new MsrpError('MSRP_AUTH_FAILED', 'the relay has not proved that it knows the password', { status: 200 });
  }
}

/** What holds when a relay does not say how long. */
const DEFAULT_EXPIRES = 3600;

/** The challenge of one WWW-Authenticate value, if this client can answer it. */
function answerable(value: string): Challenge[] {
  const reading = parseChallenge(value);
  if (reading.kind !== 'digest' || !reading.value.qop.includes('auth')) return [];
  const algorithm = parseDigestAlgorithm(reading.value.algorithm);
  return algorithm === undefined ? [] : [{ algorithm, offer: reading.value }];
}

/** The nearest lifetime that the relay permits (RFC 4976 §4.6). */
function permitted(response: Head, wanted: number | undefined): number | undefined {
  const least = secondsOf(headerValues(response, 'min-expires')[0]);
  const most = secondsOf(headerValues(response, 'max-expires')[0]);
  if (least !== undefined && (wanted ?? 0) < least) return least;
  if (most !== undefined && (wanted ?? Number.POSITIVE_INFINITY) > most) return most;
  throw refused(response);
}

function secondsOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}

function unauthenticated(): MsrpError {
  const why = 'the relay asks for a password, as it does not know, or not any more, whose connection it is';
  return new MsrpError('MSRP_AUTH_FAILED', why, { status: 401 });
}

/** A 408 is what silence is (RFC 4975 §10.4). */
function refused({ status, comment }: Head): MsrpError {
  const code = status === 408 ? 'MSRP_TIMEOUT' : 'MSRP_AUTH_FAILED';
  const why = status === 401 ? 'user or password is wrong' : 'the relay refused';
  return new MsrpError(code, `${why}: ${status}${comment === '' ? '' : ` ${comment}`}`, { status });
}
