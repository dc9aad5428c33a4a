/** Asks the relay's development mode who else is here, and says by which path this page is reached. */
import type { Person } from './state.ts';

const PLACE = '/rendezvous';
const PAUSE_MS = 1500;

/** What others are told of this page. */
export type Presence = Pick<Person, 'name' | 'path' | 'calls'>;

/** Asks from `announce` on, until `leave`. */
export class Rendezvous {
  readonly #seen: (people: readonly Person[]) => void;
  #own: Presence | undefined;
  #asking: AbortController | undefined;

  /** @param seen - is told who else is here, each time that it may have changed. */
  constructor(seen: (people: readonly Person[]) => void) {
    this.#seen = seen;
  }

  /** From now on others see this. */
  announce(own: Presence): void {
    const before = this.#own?.path;
    this.#own = own;
    this.#asking?.abort();
    this.#asking = new AbortController();
    void this.#ask(before === own.path ? own : { ...own, replaces: before }, this.#asking.signal);
  }

  /** Asks nothing until the next `announce`. */
  pause(): void {
    this.#asking?.abort();
  }

  /** Others see it no more; nothing is asked any more. */
  leave(): void {
    this.#asking?.abort();
    if (this.#own !== undefined) this.#tell({ ...this.#own, version: 0, leaves: true });
    this.#own = undefined;
  }

  async #ask(own: Presence & { readonly replaces?: string | undefined }, signal: AbortSignal): Promise<void> {
    let version = 0;
    while (!signal.aborted) {
      try {
        const response = await fetch(PLACE, { ...post({ ...own, version }), signal });
        if (!response.ok) throw new Error(String(response.status));
        const news: { version: number; people: Person[] } = await response.json();
        if (signal.aborted) return;
        version = news.version;
        this.#seen(news.people);
      } catch {
        if (signal.aborted) return;
        // The connection to the relay says what is wrong with it.
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  #tell(value: unknown): void {
    void fetch(PLACE, { ...post(value), keepalive: true }).catch(() => undefined);
  }
}

function post(value: unknown): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}
