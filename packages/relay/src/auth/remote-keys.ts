/** The keys of an issuer of tokens, as it publishes them at an address: fetched when needed, and not more often than that. */
import type { JsonWebKey } from 'node:crypto';
import type { Clock } from 'msrp/base';
import { CircuitBreaker } from './circuit-breaker.ts';
import { StoreUnavailable } from './credential-store.ts';
import { inTime } from './in-time.ts';
import { readPublicKeys } from './public-keys.ts';
import type { StoreObserver } from './remote-store.ts';
import { textOf, WebService } from './web-service.ts';

/** Where they are, how long an answer may take, and how long it is good. */
export interface RemoteKeysOptions {
  readonly clock: Clock;
  readonly observer: StoreObserver;
  /** `https:` or `http:`. */
  readonly url: string;
  /** Authorities in PEM that vouch for the service; undefined: those of Node. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
  /** The time between two attempts after a failure. */
  readonly retryMs: number;
  /** For how long keys are good without asking again, and for how much longer when nobody answers. */
  readonly cacheMs: number;
  readonly staleMs: number;
}

/** What was fetched at one time. */
export interface KeySet {
  readonly keys: readonly JsonWebKey[];
  readonly atMs: number;
}

const MAX_ANSWER_OCTETS = 262_144;

/** Keys of that age are not fetched anew only because a token names another one. */
const NEW_KEY_MS = 10_000;

/** One issuer. Everybody who wants keys while they are being fetched waits for the same answer. */
export class RemoteKeys {
  readonly #name: string;
  readonly #options: RemoteKeysOptions;
  readonly #service: WebService;
  readonly #breaker: CircuitBreaker;
  #latest: KeySet | undefined;
  #fetching: Promise<KeySet> | undefined;
  #lastFailure: unknown;

  /** @param name - of the store that they are for. */
  constructor(name: string, options: RemoteKeysOptions) {
    const { clock, retryMs, observer, url, ca } = options;
    this.#name = name;
    this.#options = options;
    this.#service = new WebService(new URL(url).protocol, ca);
    const changed = (isDown: boolean) => observer.changed(name, isDown, this.#lastFailure);
    this.#breaker = new CircuitBreaker({ clock, failures: 1, restMs: retryMs, changed });
  }

  /** @throws StoreUnavailable when there are none that are young enough. */
  async current(): Promise<KeySet> {
    const { cacheMs, staleMs } = this.#options;
    const known = this.#latest;
    if (known !== undefined && this.#ageMs(known) < cacheMs) return known;
    try {
      return await this.#fetch();
    } catch (cause) {
      if (known !== undefined && this.#ageMs(known) < cacheMs + staleMs) return known;
      throw cause;
    }
  }

  /**
   * For a token that names a key which is not in `known`: the issuer may have a new one. A stranger can name keys by the
   * thousand, so `known` is the answer when it is from a moment ago.
   *
   * @throws StoreUnavailable when the issuer does not answer: then nobody knows.
   */
  async newerThan(known: KeySet): Promise<KeySet> {
    if (this.#latest !== undefined && this.#latest !== known) return this.#latest;
    return this.#ageMs(known) < NEW_KEY_MS ? known : await this.#fetch();
  }

  close(): void {
    this.#service.close();
  }

  #ageMs({ atMs }: KeySet): number {
    return this.#options.clock.nowMs() - atMs;
  }

  #fetch(): Promise<KeySet> {
    this.#fetching ??= this.#fetchNow().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchNow(): Promise<KeySet> {
    const { clock, observer, timeoutMs } = this.#options;
    if (!this.#breaker.permits()) {
      observer.lookedUp(this.#name, 'refused');
      throw new StoreUnavailable(`${this.#name} has no keys`, { cause: this.#lastFailure, isTold: true });
    }
    try {
      const keys = await inTime(clock, timeoutMs, (signal) => this.#ask(signal));
      this.#latest = { keys, atMs: clock.nowMs() };
      this.#breaker.succeeded();
      observer.lookedUp(this.#name, 'found');
      return this.#latest;
    } catch (cause) {
      this.#lastFailure = cause;
      observer.lookedUp(this.#name, 'failed');
      observer.failed(this.#name, cause);
      this.#breaker.failed();
      throw new StoreUnavailable(`${this.#name} got no keys`, { cause, isTold: true });
    }
  }

  async #ask(signal: AbortSignal): Promise<readonly JsonWebKey[]> {
    const url = new URL(this.#options.url);
    const response = await this.#service.send({ url, method: 'GET', headers: { accept: 'application/json' } }, signal);
    const text = await textOf(response, MAX_ANSWER_OCTETS);
    if (response.statusCode !== 200) throw new Error(`the issuer answered ${response.statusCode}`);
    const { keys, faults } = readPublicKeys(text);
    if (keys.length === 0) throw new Error(`the issuer has no public keys: found ${faults.join(', ')}`);
    return keys;
  }
}
