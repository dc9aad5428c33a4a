/** The authenticator in force, and the stores that it asks; a reload puts others in their place. */
import { AuthGuard, type AuthGuardLimits } from '../auth/auth-guard.ts';
import { DigestAuthenticator } from '../auth/authenticator.ts';
import { type CredentialStore, StoreUnavailable } from '../auth/credential-store.ts';
import { Nonces } from '../auth/nonces.ts';
import { Realms } from '../auth/realms.ts';
import { TokenAuthenticator } from '../auth/token-authenticator.ts';
import type { Blocks } from '../relay/blocks.ts';
import type { Authenticator, AuthOutcome, Identity } from '../relay/ports.ts';
import type { Counts } from '../relay/snapshot.ts';
import type { HandshakeToken } from '../transport/handshake-token.ts';
import type { TokenRefusal } from '../transport/websocket-listener.ts';
import type { Config } from './config.ts';
import { openStore } from './open-store.ts';
import type { RelayContext } from './running-relay.ts';
import { StoreWatch } from './store-watch.ts';

/** What is replaced as a whole. */
interface Current {
  readonly stores: readonly CredentialStore[];
  readonly authenticator: DigestAuthenticator;
  readonly tokens: TokenAuthenticator;
}

/** What outlives a reload: clients in the middle of an AUTH do not notice it, and nobody gets a second try out of it. */
interface Lasting {
  readonly watch: StoreWatch;
  readonly guard: AuthGuard;
  readonly nonces: Nonces;
}

/** Stands before whichever authenticator is in force. */
export class CurrentAuthenticator implements Authenticator {
  readonly #context: RelayContext;
  readonly #blocks: Blocks;
  readonly #lasting: Lasting;
  #current: Current;
  /** Handshakes whose token was not taken. */
  refusedTokens = 0;

  private constructor(context: RelayContext, blocks: Blocks, lasting: Lasting, current: Current) {
    this.#context = context;
    this.#blocks = blocks;
    this.#lasting = lasting;
    this.#current = current;
  }

  /** @throws CredentialsError when a store cannot be opened. */
  static async open(config: Config, context: RelayContext, blocks: Blocks): Promise<CurrentAuthenticator> {
    const { clock, logger } = context;
    const lasting = {
      watch: new StoreWatch(logger),
      guard: new AuthGuard(clock, guardLimits(config), context.guardLink),
      nonces: new Nonces({ clock }),
    };
    return new CurrentAuthenticator(context, blocks, lasting, await make(config, context, blocks, lasting));
  }

  /** See {@link StoreWatch.lookups}. */
  get lookups(): Counts {
    return this.#lasting.watch.lookups;
  }

  challenge(stale: boolean, host: string): string[] {
    return this.#current.authenticator.challenge(stale, host);
  }

  /** Whom an operator has blocked learns it only with the right password, as whom a store has. */
  async verify(...given: Parameters<Authenticator['verify']>): Promise<AuthOutcome> {
    const outcome = await this.#current.authenticator.verify(...given);
    return outcome.kind === 'granted' && this.#blocks.hasUser(outcome.user) ? { kind: 'forbidden' } : outcome;
  }

  /** See {@link TokenAuthenticator.admit}. */
  async admitToken(...given: Parameters<TokenAuthenticator['admit']>): Promise<TokenRefusal | undefined> {
    const refusal = await this.#current.tokens.admit(...given);
    if (refusal !== undefined) this.refusedTokens += 1;
    return refusal;
  }

  verifyToken(token: HandshakeToken): Promise<AuthOutcome> {
    return this.#current.tokens.verify(token);
  }

  /** See {@link DigestAuthenticator.mayUse}, {@link TokenAuthenticator.mayUse}. */
  mayUse({ login, token }: Identity): Promise<boolean> {
    return token === undefined ? this.#current.authenticator.mayUse(login) : this.#current.tokens.mayUse(token);
  }

  /** Opens the stores of `config`; rejects when one cannot be opened. Those in use stay until the change is committed. */
  async prepare(config: Config): Promise<{ commit(): Promise<void>; undo(): Promise<void> }> {
    const next = await make(config, this.#context, this.#blocks, this.#lasting);
    const commit = async () => {
      const before = this.#current.stores;
      this.#current = next;
      this.#lasting.guard.limits = guardLimits(config);
      await closeAll(before);
    };
    return { commit, undo: () => closeAll(next.stores) };
  }

  async close(): Promise<void> {
    await closeAll(this.#current.stores);
  }
}

async function make(
  config: Config,
  { clock }: RelayContext,
  blocks: Blocks,
  { watch, guard, nonces }: Lasting,
): Promise<Current> {
  const stores: CredentialStore[] = [];
  try {
    for (const settings of config.credentials)
      stores.push(await openStore(settings, config, { clock, observer: watch }));
  } catch (cause) {
    await closeAll(stores);
    throw cause;
  }
  const onStoreFailure = (store: string, cause: unknown) => {
    // Those that ask others tell of it themselves, and not for each AUTH that is refused meanwhile.
    if (!(cause instanceof StoreUnavailable && cause.isTold)) watch.failed(store, cause);
  };
  const shared = { clock, realms: new Realms(config.realm, config.realms), guard, onStoreFailure };
  const authenticator = new DigestAuthenticator(stores, { ...shared, algorithms: config.auth.algorithms, nonces });
  const tokens = new TokenAuthenticator(stores, { ...shared, isShutOut: (user) => blocks.hasUser(user) });
  return { stores, authenticator, tokens };
}

function guardLimits({ auth }: Config): AuthGuardLimits {
  const { addressFailures, userFailures, failuresWindowMs, blockMs } = auth;
  return { addressFailures, userFailures, windowMs: failuresWindowMs, blockMs };
}

async function closeAll(stores: readonly CredentialStore[]): Promise<void> {
  for (const store of stores) await store.close();
}
