/** What a session tells, and what of it and of its messages is the application's to choose. */
import type { MsrpError } from '../base/errors.ts';
import type { Direction } from '../sdp/media.ts';
import type { AcceptedTypes } from '../sdp/media-types.ts';
import type { FailureReport } from '../wire/head.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { ReceiveLimits } from './receiver.ts';
import type { Session } from './session.ts';

/** What a session tells. */
export type SessionEvents = {
  /** A message begins to come in. Without a listener, messages are refused. */
  readonly message: readonly [IncomingMessage];
  /** The peer asks for this nickname, or with an empty one gives it back. Without a listener the answer is 501. */
  readonly nickname: readonly [string];
  /** The session can be used no more; a new one has to be negotiated (RFC 4975 §5.4). */
  readonly failed: readonly [MsrpError];
  /** The application has ended it. */
  readonly closed: readonly [];
  /** Its path will soon be good for nothing: negotiate a new one, or refresh it. In milliseconds since 1970. */
  readonly pathExpiring: readonly [number];
};

/** What of a session is its creator's to choose. */
export interface SessionOptions {
  /** What this side takes; everything when absent. */
  readonly acceptTypes?: readonly string[] | undefined;
  /** The longest message that is taken, in octets. No bound when absent: messages may be streams. */
  readonly maxMessageOctets?: number | undefined;
  /** Messages that may be incomplete at the same time: 16 when absent. */
  readonly maxPartialMessages?: number | undefined;
  /** A message of which nothing comes, or nothing is read, for so long is given up: 60 s when absent. */
  readonly partialTimeoutMs?: number | undefined;
  /** The longest chunk to write, in octets; 4 MiB when absent. Some relays refuse frames over 11 KB. */
  readonly maxChunkOctets?: number | undefined;
  /** A SEND without body after each so many milliseconds in which nothing was sent; none when absent. */
  readonly keepAliveMs?: number | undefined;
  /** Goes on with the messages that were coming in on a session that has failed (RFC 4975 §5.4). */
  readonly continues?: Session | undefined;
}

/** What is known of the other side, from its SDP. */
export interface Peer extends Partial<AcceptedTypes> {
  /** Its `a=path`, nearest URI first. */
  readonly path: string;
  /** Octets of the longest message that it takes; no bound when absent. */
  readonly maxSize?: number | undefined;
  /** Which way content may go, as the peer says it: nothing is sent to one that is `sendonly` or `inactive` (RFC 4975 §8.9). */
  readonly direction?: Direction | undefined;
  /** Refuses a path with an `msrp:` hop; false when absent. */
  readonly requireSecurePath?: boolean | undefined;
  /**
   * Fingerprint of the certificate that the peer will show, as in `a=fingerprint`: `sha-256 4A:AD:…`. With it a connection to
   * the peer itself needs no name in the certificate (RFC 4975 §14.4).
   */
  readonly fingerprint?: string | undefined;
}

/** How one message is to be sent. */
export interface SendOptions {
  /** `text/plain;charset=utf-8` for a text, else `application/octet-stream`. */
  readonly contentType?: string | undefined;
  /** Whether the receiver shall report what it has got: true when absent. */
  readonly successReport?: boolean | undefined;
  /** What is to be heard of failures: `yes` when absent. */
  readonly failureReport?: FailureReport | undefined;
  /** A fresh one when absent. */
  readonly messageId?: string | undefined;
  /** Octets of a stream, when they are known. It is read no further, and fails when its last piece goes on beyond that. */
  readonly totalOctets?: number | undefined;
  /** More header lines, by name; the Content- ones describe the content. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What of the options is the receiver's, with the values of those that are absent. */
export function limitsOf(options: SessionOptions): ReceiveLimits {
  return {
    acceptTypes: options.acceptTypes ?? ['*'],
    maxMessageOctets: options.maxMessageOctets ?? Number.MAX_SAFE_INTEGER,
    maxPartialMessages: options.maxPartialMessages ?? 16,
    partialTimeoutMs: options.partialTimeoutMs ?? 60_000,
  };
}
