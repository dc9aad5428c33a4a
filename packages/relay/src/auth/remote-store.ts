/** A store that has to ask somebody else: never for longer than it may, not at all while there are no answers, and not in vain. */
import { createHash } from 'node:crypto';
import type { Clock } from 'msrp/base';
import type { DigestAlgorithm } from 'msrp/digest';
import { BoundedTable } from './bounded-table.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { type Credential, type CredentialStore, StoreUnavailable, type TokenHolder } from './credential-store.ts';
import { inTime } from './in-time.ts';

/** Whoever is asked: a database server, a web service. */
export interface CredentialSource {
  /** For logs and metrics; holds no secret. */
  readonly name: string;

  /**
   * Looks a user up, as `CredentialStore.find` does. May fail in any way, and gives up what it has begun when `signal` is
   * aborted, so that nothing waits behind it.
   */
  ask(user: string, realm: string, algorithm: DigestAlgorithm, signal: AbortSignal): Promise<Credential | undefined>;

  /** The same for a token, as `CredentialStore.findByToken` judges it. Missing where there are none. */
  readonly askToken?:
    | ((token: string, realm: string, signal: AbortSignal) => Promise<TokenHolder | undefined>)
    | undefined;

  close(): Promise<void>;
}

/** How a look-up ended: `found`, `unknown`, `failed`; `refused` when nobody was asked, `cached` when nobody had to be. */
export type LookupOutcome = 'found' | 'unknown' | 'failed' | 'refused' | 'cached';

/** Told of what happens to stores. */
export interface StoreObserver {
  lookedUp(store: string, outcome: LookupOutcome): void;
  /** A store was asked and gave no answer. */
  failed(store: string, cause: unknown): void;
  /** It is not asked any more, or is again; `cause` is the last failure. */
  changed(store: string, isDown: boolean, cause: unknown): void;
}

/** How long, how often and how many. */
export interface RemoteStoreOptions {
  readonly clock: Clock;
  readonly observer: StoreObserver;
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** Failures in a row after which nobody is asked, and for how long. */
  readonly failures: number;
  readonly restMs: number;
  /** For how long an answer is good without asking again; 0 for never. */
  readonly freshMs: number;
  /** For how long, when nobody can be asked. */
  readonly staleMs: number;
  /** How many users are remembered. */
  readonly cacheEntries: number;
}

/** Look-ups at the same time; beyond it a store is overloaded, and more of them would only wait to fail. */
const MAX_IN_PROGRESS = 1000;

/** How long closing may take. */
const CLOSE_MS = 500;

interface Remembered<Value> {
  readonly value: Value;
  readonly atMs: number;
}

/** Makes a store out of a source. */
export class RemoteStore implements CredentialStore {
  readonly name: string;
  readonly findByToken: CredentialStore['findByToken'];
  readonly #source: CredentialSource;
  readonly #options: RemoteStoreOptions;
  readonly #breaker: CircuitBreaker;
  readonly #users: BoundedTable<Remembered<Credential>>;
  readonly #holders: BoundedTable<Remembered<TokenHolder>>;
  #inProgress = 0;
  #lastFailure: unknown;

  constructor(source: CredentialSource, options: RemoteStoreOptions) {
    const { clock, failures, restMs, observer, cacheEntries } = options;
    this.name = source.name;
    this.#source = source;
    this.#options = options;
    const changed = (isDown: boolean) => observer.changed(source.name, isDown, this.#lastFailure);
    this.#breaker = new CircuitBreaker({ clock, failures, restMs, changed });
    this.#users = new BoundedTable(cacheEntries);
    this.#holders = new BoundedTable(cacheEntries);
    const { askToken } = source;
    if (askToken !== undefined) this.findByToken = (...given) => this.#findByToken(askToken, ...given);
  }

  find(user: string, realm: string, algorithm: DigestAlgorithm): Promise<Credential | undefined> {
    const key = keyOf(user, realm, algorithm);
    return this.#lookUp(this.#users, key, (signal) => this.#source.ask(user, realm, algorithm, signal));
  }

  recall(user: string, realm: string, algorithm: DigestAlgorithm, age: 'fresh' | 'stale'): Credential | undefined {
    return this.#recall(this.#users, keyOf(user, realm, algorithm), age);
  }

  /** A token is good or not, and gives nothing away by its time: who was found is remembered in here. */
  async #findByToken(
    askToken: NonNullable<CredentialSource['askToken']>,
    token: string,
    realm: string,
    mayAsk: boolean,
  ): Promise<TokenHolder | undefined> {
    const key = `${realm}\n${createHash('sha256').update(token).digest('base64')}`;
    const fresh = this.#recall(this.#holders, key, 'fresh');
    if (fresh !== undefined) return fresh;
    try {
      if (!mayAsk) throw new StoreUnavailable(`${this.name} is not asked`, { isTold: true });
      return await this.#lookUp(this.#holders, key, (signal) => askToken(token, realm, signal));
    } catch (cause) {
      const stale = this.#recall(this.#holders, key, 'stale');
      if (stale !== undefined) return stale;
      throw cause;
    }
  }

  async #lookUp<Value>(
    table: BoundedTable<Remembered<Value>>,
    key: string,
    ask: (signal: AbortSignal) => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    const { observer, clock, timeoutMs } = this.#options;
    if (this.#inProgress >= MAX_IN_PROGRESS || !this.#breaker.permits()) {
      observer.lookedUp(this.name, 'refused');
      throw new StoreUnavailable(`${this.name} does not answer`, { cause: this.#lastFailure, isTold: true });
    }
    this.#inProgress += 1;
    try {
      // Does not rely on the source to give up by itself.
      const value = await inTime(clock, timeoutMs, ask);
      this.#breaker.succeeded();
      if (value === undefined) table.delete(key);
      else table.set(key, { value, atMs: clock.nowMs() });
      observer.lookedUp(this.name, value === undefined ? 'unknown' : 'found');
      return value;
    } catch (cause) {
      this.#lastFailure = cause;
      observer.lookedUp(this.name, 'failed');
      observer.failed(this.name, cause);
      this.#breaker.failed();
      throw new StoreUnavailable(`${this.name} failed`, { cause, isTold: true });
    } finally {
      this.#inProgress -= 1;
    }
  }

  #recall<Value>(table: BoundedTable<Remembered<Value>>, key: string, age: 'fresh' | 'stale'): Value | undefined {
    const { clock, freshMs, staleMs } = this.#options;
    const remembered = table.get(key);
    const maxAgeMs = age === 'fresh' ? freshMs : staleMs;
    return remembered !== undefined && clock.nowMs() - remembered.atMs < maxAgeMs ? remembered.value : undefined;
  }

  /** Waits for a last word of the other side, but not for long: it may be one that does not answer. */
  async close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(CLOSE_MS, late.resolve);
    await Promise.race([this.#source.close(), late.promise]);
    timer.cancel();
  }
}

/** No realm of a configuration, and no user's name that has anything, has a line end in it. */
function keyOf(user: string, realm: string, algorithm: DigestAlgorithm): string {
  return `${algorithm}\n${realm}\n${user}`;
}
