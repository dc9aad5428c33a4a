/** What the authenticator needs from whoever keeps the users. */
import type { DigestAlgorithm } from 'msrp/digest';

/** What a store knows of a user, for one realm and one algorithm. */
export interface Credential {
  /** H(A1), in lower-case hexadecimal digits: as secret as the password. */
  readonly ha1: string;
  /** False for a user who exists but may not use this relay: answered 403 (RFC 4976 §6.3). */
  readonly mayUse: boolean;
  /** H(A1)s that are as good, of other passwords that the user may have. */
  readonly otherHa1s?: readonly string[];
  /** Whose sessions they are, when the user name says more than that: quotas go by it. */
  readonly account?: string;
  /** When the password stops being one, in milliseconds since 1970. */
  readonly expiresAtMs?: number;
  /** Sessions may go on after that; otherwise none is granted for longer. */
  readonly maySessionsOutlive?: boolean;
}

/** Whom a token belongs to, as the store says that takes it. */
export interface TokenHolder {
  /** Whose sessions they are: a name that a user may have, in normal form C. */
  readonly user: string;
  /** As in `Credential`. */
  readonly mayUse: boolean;
  /** When the token stops being one, in milliseconds since 1970, perhaps long ago; Infinity when it never does. */
  readonly expiresAtMs: number;
  /** As in `Credential`. */
  readonly maySessionsOutlive?: boolean;
}

/** A place where users are kept. What every store must do is in `test/auth/credential-store.suite.ts`. */
export interface CredentialStore {
  /** For logs and metrics; holds no secret. */
  readonly name: string;

  /**
   * Looks a user up. Takes as long for users that do not exist as for those that do, and
   * gives up by itself when it has to wait for others.
   *
   * @param user - a text in normal form C; from the wire, so anybody's invention.
   * @param realm - a text in normal form C.
   * @returns undefined when there is no such user, or the user has no H(A1) for this algorithm.
   * @throws StoreUnavailable (as rejection) when it cannot be told at the moment.
   */
  find(user: string, realm: string, algorithm: DigestAlgorithm): Promise<Credential | undefined>;

  /**
   * A user as found before, without asking anybody: `fresh` is good enough instead of asking, `stale` when that fails. Stores
   * that do not remember do not have it.
   */
  recall?(user: string, realm: string, algorithm: DigestAlgorithm, age: 'fresh' | 'stale'): Credential | undefined;

  /**
   * Judges a token. Only stores have it that know of tokens; what they must do is in `test/auth/token-store.suite.ts`.
   *
   * @param token - from the wire, so anybody's invention.
   * @param mayAsk - false: nobody is to be asked over a network for the sake of this token.
   * @returns undefined when it is none of this store's, or not as it was made. One that has only expired is found.
   * @throws StoreUnavailable (as rejection) when it cannot be told at the moment.
   */
  readonly findByToken?:
    | ((token: string, realm: string, mayAsk: boolean) => Promise<TokenHolder | undefined>)
    | undefined;

  /** Reads anew what has changed underneath. When it fails, what was there before goes on. */
  reload?(): Promise<void>;

  /** Lets go of files and connections; a second call does nothing. */
  close(): Promise<void>;
}

/** A store cannot say at the moment whether there is such a user. Never has a secret in its message. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** Whoever looks after the store knows of it already. */
  readonly isTold: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isTold?: boolean } = {}) {
    super(message, options);
    this.isTold = options.isTold ?? false;
  }
}
