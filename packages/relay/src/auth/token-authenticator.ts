/** Judges the tokens that come with handshakes (RFC 7977 §7), over any number of stores. */
import { createHash } from 'node:crypto';
import type { Clock } from 'msrp/base';
import type { AuthOutcome } from '../relay/ports.ts';
import type { HandshakeToken } from '../transport/handshake-token.ts';
import type { TokenRefusal } from '../transport/websocket-listener.ts';
import { formatAccount } from './account.ts';
import type { AuthGuard } from './auth-guard.ts';
import type { CredentialStore } from './credential-store.ts';
import type { Realms } from './realms.ts';
import { StoreList } from './store-list.ts';

/** What it is made with. */
export interface TokenAuthenticatorOptions {
  readonly clock: Clock;
  readonly realms: Realms;
  readonly guard: AuthGuard;
  /** Whether an operator has shut a user out. */
  readonly isShutOut: (user: string) => boolean;
  /** Told whenever a store fails. */
  readonly onStoreFailure: (store: string, cause: unknown) => void;
}

const CHALLENGE: AuthOutcome = { kind: 'challenge', stale: false, failed: false };
const NO_TOKEN: AuthOutcome = { kind: 'challenge', stale: false, failed: true };

/** The host of a handshake picks the realm of its token, whatever AUTHs on its connection are addressed to. Does not own the stores. */
export class TokenAuthenticator {
  readonly #stores: StoreList;
  readonly #options: TokenAuthenticatorOptions;

  constructor(stores: readonly CredentialStore[], options: TokenAuthenticatorOptions) {
    this.#stores = new StoreList(stores, options.onStoreFailure);
    this.#options = options;
  }

  /**
   * Judges a handshake; undefined when it may go on. A token that has expired is no guess: pages come back with theirs by
   * the hundred. From an address where too much was guessed only those get in who are at home there, without anybody else
   * being asked.
   */
  async admit(token: HandshakeToken, address: string): Promise<TokenRefusal | undefined> {
    const { guard } = this.#options;
    const origin = { host: token.host, address, isOfClient: true };
    const isBlocked = guard.blocks(undefined, origin);
    const outcome = await this.#judge(token, !isBlocked);
    if (outcome === NO_TOKEN) guard.failed(undefined, origin);
    if (outcome.kind === 'granted') {
      if (isBlocked && !guard.isAtHome(outcome.user, origin)) return 'unavailable';
      guard.succeeded(outcome.user, origin);
      return undefined;
    }
    if (outcome.kind === 'forbidden') return 'forbidden';
    return isBlocked || outcome.kind === 'unavailable' ? 'unavailable' : 'invalid';
  }

  /** As `Authenticator.verifyToken`. */
  async verify(token: HandshakeToken): Promise<AuthOutcome> {
    const outcome = await this.#judge(token, true);
    return outcome === NO_TOKEN ? CHALLENGE : outcome;
  }

  /** Whether somebody who was granted something for a token may still have it; true when that cannot be told. */
  async mayUse({ token, host }: HandshakeToken): Promise<boolean> {
    const holder = await this.#stores.findByToken(token, this.#options.realms.of(host), true);
    return holder === 'unavailable' || holder?.mayUse === true;
  }

  async #judge(token: HandshakeToken, mayAsk: boolean): Promise<AuthOutcome> {
    const { realms, clock, isShutOut } = this.#options;
    const realm = realms.of(token.host);
    const holder = await this.#stores.findByToken(token.token, realm, mayAsk);
    if (holder === 'unavailable') return { kind: 'unavailable' };
    if (holder === undefined) return NO_TOKEN;
    const leftSeconds = Math.floor((holder.expiresAtMs - clock.nowMs()) / 1000);
    if (leftSeconds < 1) return CHALLENGE;
    const user = formatAccount({ user: holder.user, realm }, realms.own);
    if (!holder.mayUse || isShutOut(user)) return { kind: 'forbidden' };
    // No name has a line end in it, so it is that of no password.
    const login = `${user}\n${createHash('sha256').update(token.token).digest('base64')}`;
    const maxSeconds = holder.maySessionsOutlive === true ? Number.POSITIVE_INFINITY : leftSeconds;
    return { kind: 'granted', user, login, token, maxSeconds };
  }
}
