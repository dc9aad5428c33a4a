/** What this floor needs of a runtime: connections that carry octets. Node's are in `node`, a browser's in `web`. */
import type { MsrpUri } from '../wire/uri.ts';

/** What a channel tells whoever has started it. */
export interface ChannelEvents {
  /** Octets that came, in order. They belong to the receiver from now on. */
  octets(octets: Uint8Array): void;
  /** Some of what waited to be written has left. Told, after `write` has returned, at least when 64 KiB or more have left. */
  drained(): void;
  /** It is over; once, and nothing comes after it. `error` says why, when it did not end in order. */
  closed(error: Error | undefined): void;
}

/** One open connection, of whatever transport. It tells nothing before it is started. */
export interface Channel {
  /** Whether TLS protects it. */
  readonly isSecure: boolean;
  /** Whether each write has to be a whole chunk, as on a WebSocket (RFC 7977 §5.1). */
  readonly writesWholeChunks: boolean;
  /** The certificate that the other end has shown, DER; undefined when there is none or it cannot be known. */
  readonly peerCertificate: Uint8Array | undefined;
  /** Octets that were written and have not left this process yet. */
  readonly waitingOctets: number;
  start(events: ChannelEvents): void;
  /** Takes octets over, in order; they leave together. */
  write(parts: readonly Uint8Array[]): void;
  /** Reads nothing until `resume`: the other end is slowed. */
  pause(): void;
  resume(): void;
  /** Ends in order once everything was written. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
}

/** How a node is to be reached. */
export interface DialWish {
  /** True for a relay, whose name its certificate has to prove; a peer may prove itself by a fingerprint instead. */
  readonly checksName: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A way to open channels. */
export interface Network {
  /**
   * Opens a channel to the node of `uri`, over TLS when it is `msrps:`. Without port, the node is found by DNS (RFC 4976 §8).
   *
   * @throws MsrpError with one of the `MSRP_DIAL_…` codes or `MSRP_BAD_PEER_NAME`.
   */
  dial(uri: MsrpUri, wish: DialWish): Promise<Channel>;
}
