/** How chunks are cut that go to peers which came by a listener. */
import type { ChunkLimits } from '../transport/connection-origin.ts';
import type { Config } from './config.ts';
import { formatEndpoint } from './config-values.ts';

/** A chunk is one WebSocket message, which nothing can overtake. RFC 7977 §5.1. */
const MAX_WEBSOCKET_BODY = 65_536;

/** The limits at one listener. They are worked out once for a configuration, not for each connection, and its connections share them. */
export class ListenerChunks {
  readonly #key: string;
  readonly #mostOctets: number;
  #settings: Config['chunk'] | undefined;
  #limits: ChunkLimits | undefined;

  constructor(endpoint: Config['listen'][number]) {
    const isWebSocket = endpoint.scheme === 'ws' || endpoint.scheme === 'wss';
    this.#key = formatEndpoint(endpoint);
    this.#mostOctets = isWebSocket ? MAX_WEBSOCKET_BODY : Number.POSITIVE_INFINITY;
  }

  /** Of connections that come while `chunk` is in force. */
  of(chunk: Config['chunk']): ChunkLimits {
    if (this.#limits === undefined || this.#settings !== chunk) {
      const own = chunk.listeners[this.#key];
      const maxOctets = Math.min(this.#mostOctets, own?.maxOctets ?? chunk.maxOctets);
      this.#limits = { maxOctets, lingerMs: own?.lingerMs ?? chunk.lingerMs };
      this.#settings = chunk;
    }
    return this.#limits;
  }
}
