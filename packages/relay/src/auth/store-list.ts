/** Several stores, asked as one: the first in the list that knows a user decides. */
import type { DigestAlgorithm } from 'msrp/digest';
import type { Credential, CredentialStore, TokenHolder } from './credential-store.ts';

/** What a look-up needs. Texts, in normal form C. */
export interface Question {
  readonly user: string;
  readonly realm: string;
  readonly algorithm: DigestAlgorithm;
}

/** Whom the stores know; `isStale` when one of them only remembers, as it cannot be asked now. */
interface Found {
  readonly credential: Credential;
  readonly isStale: boolean;
}

type Answer = Found | undefined | 'unavailable';

/** Does not own the stores. */
export class StoreList {
  readonly #stores: readonly CredentialStore[];
  readonly #failed: ((store: string, cause: unknown) => void) | undefined;
  /** Whether there is any use in `recall`. */
  readonly canRecall: boolean;

  /** @param failed - told of each store that fails. */
  constructor(stores: readonly CredentialStore[], failed: ((store: string, cause: unknown) => void) | undefined) {
    this.#stores = stores;
    this.#failed = failed;
    this.canRecall = stores.some(({ recall }) => recall !== undefined);
  }

  /**
   * Asks all at once and each time, so that nobody can tell by the time it takes whether and where a user exists. A store that
   * fails is passed over, unless it remembers the user; when then nobody knows the user, the answer is `unavailable`.
   */
  async find(question: Question): Promise<Answer> {
    const answers = await this.#askAll(question);
    return answers.find(isFound) ?? answers.find((answer) => answer === 'unavailable');
  }

  /** The user as remembered, when that is not long ago and no store before it would have to be asked. */
  async recall(question: Question): Promise<Credential | undefined> {
    const { user, realm, algorithm } = question;
    for (const store of this.#stores) {
      if (store.recall !== undefined) return store.recall(user, realm, algorithm, 'fresh');
      const answer = await this.#ask(store, question);
      if (answer !== undefined) return isFound(answer) ? answer.credential : undefined;
    }
    return undefined;
  }

  /** Like `find`, for the question whether the user is gone: whoever cannot be asked may still know. */
  async findUnlessUncertain(question: Question): Promise<Answer> {
    return (await this.#askAll(question)).find((answer) => answer !== undefined);
  }

  /**
   * Whose a token is: one store after the other, until one takes it. A token that a store knows of tells by its time nothing
   * that its holder does not know. When nobody takes it, and one could not tell, the answer is `unavailable`.
   */
  async findByToken(token: string, realm: string, mayAsk: boolean): Promise<TokenHolder | undefined | 'unavailable'> {
    let otherwise: undefined | 'unavailable';
    for (const store of this.#stores) {
      try {
        const holder = await store.findByToken?.(token, realm, mayAsk);
        if (holder !== undefined) return holder;
      } catch (error) {
        this.#failed?.(store.name, error);
        otherwise = 'unavailable';
      }
    }
    return otherwise;
  }

  async #askAll(question: Question): Promise<Answer[]> {
    const [first] = this.#stores;
    // Mostly there is one, and nothing to wait for together.
    if (first !== undefined && this.#stores.length === 1) return [await this.#ask(first, question)];
    return Promise.all(this.#stores.map((store) => this.#ask(store, question)));
  }

  async #ask(store: CredentialStore, { user, realm, algorithm }: Question): Promise<Answer> {
    try {
      const credential = await store.find(user, realm, algorithm);
      return credential && { credential, isStale: false };
    } catch (error) {
      this.#failed?.(store.name, error);
      const credential = store.recall?.(user, realm, algorithm, 'stale');
      return credential === undefined ? 'unavailable' : { credential, isStale: true };
    }
  }
}

function isFound(answer: Answer): answer is Found {
  return answer !== undefined && answer !== 'unavailable';
}
