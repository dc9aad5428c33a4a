/** The listeners of a relay: opened together, and changed without anybody being disconnected. */
import type { OwnNames } from '../relay/names.ts';
import type { ListeningSocket } from '../transport/listener.ts';
import type { Config } from './config.ts';
import { formatEndpoint, isLoopback } from './config-values.ts';

type Endpoint = Config['listen'][number];

interface Open {
  readonly listener: ListeningSocket;
  readonly scheme: Endpoint['scheme'];
  /** As configured, port 0 included. */
  readonly key: string;
  /** With the real port. */
  readonly name: string;
}

/** A change that has been prepared: all that can go wrong with it has not. */
export interface ListenerChange {
  readonly opened: readonly string[];
  /** Stops the listeners that are not wanted any more; their connections live on. */
  commit(): string[];
  /** Closes again what was opened for it. */
  undo(): void;
}

/** What listeners are made with. */
export interface ListenersParts {
  readonly names: OwnNames;
  /** Makes a listener that does not listen yet. */
  readonly make: (endpoint: Endpoint) => ListeningSocket;
  /** A host as URIs have it. */
  readonly hostInUri: (host: string) => string;
}

/** All listeners of a relay. */
export class Listeners {
  readonly #parts: ListenersParts;
  #open: Open[] = [];

  constructor(parts: ListenersParts) {
    this.#parts = parts;
  }

  /** One URI a listener, with the port that the system has chosen where port 0 was asked for. */
  get listening(): readonly string[] {
    return this.#open.map(({ name }) => name);
  }

  /** Those that speak TLS. */
  get secure(): readonly ListeningSocket[] {
    return this.#open.filter(({ scheme }) => scheme === 'tls' || scheme === 'wss').map(({ listener }) => listener);
  }

  /**
   * Opens what is in `endpoints` and not open yet. Names of listeners that go stay names of this relay: their sessions live on.
   *
   * @throws {Error} in one sentence when one cannot be opened; then nothing has changed.
   */
  async prepare(endpoints: readonly Endpoint[]): Promise<ListenerChange> {
    const before = this.#open;
    const wanted = endpoints.map((endpoint) => ({ endpoint, key: formatEndpoint(endpoint) }));
    const added: Open[] = [];
    const undo = () => {
      for (const { listener } of added) listener.stop();
    };
    try {
      for (const { endpoint, key } of wanted) {
        if (!before.some((open) => open.key === key)) added.push(await this.#listen(endpoint, key));
      }
    } catch (cause) {
      undo();
      throw cause;
    }
    const commit = () => {
      const all = [...before, ...added];
      this.#open = wanted.flatMap(({ key }) => all.find((open) => open.key === key) ?? []);
      const gone = before.filter((open) => !this.#open.includes(open));
      for (const { listener } of gone) listener.stop();
      for (const open of added) this.#name(open);
      this.#parts.names.useSecurePort(this.#open.find(({ scheme }) => scheme === 'tls')?.listener.port);
      return gone.map(({ name }) => name);
    };
    return { opened: added.map(({ name }) => name), commit, undo };
  }

  /** Accepts nothing more; open connections live on. */
  stop(): void {
    for (const { listener } of this.#open) listener.stop();
  }

  async #listen(endpoint: Endpoint, key: string): Promise<Open> {
    const listener = this.#parts.make(endpoint);
    try {
      await listener.listen();
    } catch (cause) {
      throw new Error(whyNotListening(key, cause), { cause });
    }
    return { listener, scheme: endpoint.scheme, key, name: formatEndpoint({ ...endpoint, port: listener.port }) };
  }

  #name({ listener: { port, host }, scheme }: Open): void {
    if (scheme === 'ws' || scheme === 'wss') return this.#parts.names.addWebSocket();
    const loopbackAddress = isLoopback(host) ? this.#parts.hostInUri(host) : undefined;
    this.#parts.names.add({ scheme: scheme === 'tls' ? 'msrps' : 'msrp', port, loopbackAddress });
  }
}

/** Why `uri` cannot be listened on, in a sentence. */
export function whyNotListening(uri: string, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return `listen: ${uri} is already in use`;
  return `listen: ${uri} cannot be listened on: ${cause instanceof Error ? cause.message : String(cause)}`;
}
