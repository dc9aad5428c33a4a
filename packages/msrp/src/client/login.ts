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

/** Who asks, and how much is asked for. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Sends an AUTH with these header lines and waits for its response. */
export type AskAuth = (lines: string) => Promise<Head>;

/** What a relay has granted. */
export interface Grant {
  /** Nearest relay first, as in the Use-Path header. */
  readonly usePath: string;
  /** How long it holds, in seconds. */
  readonly expires: number;
}

/** Dialogues with one relay, one at a time; what it learns in one shortens the next. */
export class Login {
  readonly #credentials: Credentials;
  /** Whether the relay's own proof may be missing: not when another relay stands between (RFC 4976 §9.4). */
  readonly #needsProof: boolean;
  #challenge: { readonly algorithm: DigestAlgorithm; readonly offer: DigestChallenge } | undefined;
  #nonceCount = 0;
  #offeredStronger = false;
  #expectedProof = '';

  constructor(credentials: Credentials, needsProof: boolean) {
    this.#credentials = credentials;
    this.#needsProof = needsProof;
  }

  /**
   * Asks for a session URI, or for more time for one.
   *
   * @param digestUri - the last URI of To-Path, as it stands there.
   * @param expires - seconds, no longer than; undefined leaves it to the relay. A relay that names other bounds gets its way.
   * @throws MsrpError `MSRP_AUTH_FAILED` with the status, `MSRP_AUTH_DOWNGRADE`, or what `ask` throws.
   */
  async authenticate(ask: AskAuth, digestUri: string, expires?: number | undefined): Promise<Grant> {
    let wanted = expires;
    let isChallenge = this.#challenge === undefined;
    let retries = 1;
    let response = await this.#attempt(ask, digestUri, wanted);
    while (response.status === 401) {
      const isStale = this.#readChallenge(response);
      // Credentials were refused: once more only if their nonce was too old, and never a third time.
      if (!isChallenge && !(isStale && retries > 0)) break;
      if (!isChallenge) retries -= 1;
      isChallenge = false;
      response = await this.#attempt(ask, digestUri, wanted);
    }
    if (response.status === 423) {
      wanted = permitted(response, wanted);
      response = await this.#attempt(ask, digestUri, wanted);
    }
    if (response.status < 200 || response.status > 299) throw refused(response);
    return this.#grant(response);
  }

  #attempt(ask: AskAuth, digestUri: string, expires: number | undefined): Promise<Head> {
    const lines = expires === undefined ? '' : `Expires: ${expires}\r\n`;
    return ask(lines + this.#authorization(digestUri));
  }

  /** Takes the first challenge that it can answer. @returns whether only the nonce was wrong. */
  #readChallenge(response: Head): boolean {
    for (const value of headerValues(response, 'www-authenticate')) {
      const reading = parseChallenge(value);
      if (reading.kind !== 'digest' || !reading.value.qop.includes('auth')) continue;
      const algorithm = parseDigestAlgorithm(reading.value.algorithm);
      if (algorithm === undefined) continue;
      if (algorithm === 'MD5' && this.#offeredStronger) {
        throw new MsrpError('MSRP_AUTH_DOWNGRADE', 'the relay offered a stronger algorithm before, and now only MD5');
      }
      this.#offeredStronger ||= algorithm !== 'MD5';
      this.#challenge = { algorithm, offer: reading.value };
      this.#nonceCount = 0;
      return reading.value.stale;
    }
    throw new MsrpError('MSRP_AUTH_FAILED', 'the relay offers no way to authenticate that this client knows', {
      status: 401,
    });
  }

  #authorization(digestUri: string): string {
    if (this.#challenge === undefined) return '';
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
    const [usePath] = headerValues(response, 'use-path');
    const [expires] = headerValues(response, 'expires');
    if (usePath === undefined)
      throw new MsrpError('MSRP_AUTH_FAILED', 'the relay granted no Use-Path', { status: 200 });
    return { usePath, expires: secondsOf(expires) ?? DEFAULT_EXPIRES };
  }

  #checkProof(rspauth: string | undefined): void {
    if (rspauth === undefined ? !this.#needsProof : rspauth.toLowerCase() === this.#expectedProof) return;
    throw new MsrpError('MSRP_AUTH_FAILED', 'the relay has not proved that it knows the password', { status: 200 });
  }
}

/** What holds when a relay does not say how long. */
const DEFAULT_EXPIRES = 3600;

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

function refused({ status, comment }: Head): MsrpError {
  const why = status === 401 ? 'user or password is wrong' : 'the relay refused';
  return new MsrpError('MSRP_AUTH_FAILED', `${why}: ${status}${comment === '' ? '' : ` ${comment}`}`, { status });
}
