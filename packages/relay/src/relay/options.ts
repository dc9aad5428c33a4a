import type { PaceLimits } from './pace.ts';
import type { RateLimits } from './rates.ts';

/** Bounds. They may be changed at any time: what stands beyond a new one is left alone. */
export interface Limits {
  sessionsPerUser: number;
  /** Connections that the relay itself opens. */
  dialled: number;
  /** Open transactions of all connections together. */
  transactions: number;
  pathUris: number;
  /** Largest message, in octets; 0 for any. */
  messageOctets: number;
}

/** What the rules of the relay can be set to. The configuration makes one of these. */
export interface RelayOptions {
  /** First part of every session URI's session-id: which worker of which node holds it. */
  readonly owner: string;
  /** Ends what came of a chunk whose sender was lost: `+` for more to come, `#` for no more of its message. */
  readonly cutOffFlag: '+' | '#';
  /** Lifetime of a session URI in seconds: when none is asked for, and the bounds of what may be asked for. */
  readonly expires: { readonly default: number; readonly min: number; readonly max: number };
  readonly limits: Limits;
  readonly rates: RateLimits;
  readonly flow: PaceLimits & {
    /** How long a 200 may be held back to slow a sender. */
    readonly holdResponseMs: number;
    /** How long a connection may go unread. */
    readonly pauseMaxMs: number;
    /** A hop that takes no octet for this long although some wait counts as broken. */
    readonly stallMs: number;
  };
  /** Failed AUTHs after which a client's connection is closed (RFC 4976 §6.3). */
  readonly authFailures: number;
  /** AUTH over clear TCP: development and trusted networks only (RFC 4976 §8 forbids it). */
  readonly allowCleartextAuth: boolean;
  /** How long a new connection may stay without a request that succeeds (RFC 4976 §6.1). */
  readonly probationMs: number;
  /** How long a chunk with Failure-Report partial, or another method's request, is remembered. */
  readonly partialMs: number;
  /** Unknown methods that are answered 501 instead of being forwarded. */
  readonly blockMethods: ReadonlySet<string>;
}

/** No response within this time of the last octet: the chunk failed (RFC 4976 §6.4.1). Fixed by the RFC. */
export const RESPONSE_TIMEOUT_MS = 30_000;

/** A chunk above this many octets has an open range-end and may be cut anywhere (RFC 4975 §7.1.1). Fixed by the RFC. */
export const INTERRUPTIBLE_OCTETS = 2048;

/** The largest body of anything but a SEND (RFC 4975 §7.1). Fixed by the RFC. */
export const MAX_OTHER_BODY_OCTETS = 10_240;

/** Unsuccessful requests before the first success after which a connection is closed (RFC 4976 §6.1). */
export const MAX_PROBATION_FAILURES = 5;

/** Misaddressed requests that a connection with live sessions may make. */
export const MAX_MISADDRESSED = 5;

/** A connection that nobody needs is closed when nothing has passed on it for longer than this (RFC 4976 §6.5). */
export const MAX_IDLE_MS = 3_600_000;
