/** What the rules of the relay need from the floors above them: somebody who knows the users. */
import type { Duplex } from 'node:stream';
import type { ConnectionOrigin } from '../transport/connection-origin.ts';
import type { HandshakeToken } from '../transport/handshake-token.ts';

/**
 * What became of the credentials of one AUTH.
 *
 * - `granted`: right, and the user may use this relay. `authenticationInfo` is the
 *   value of the Authentication-Info header of the 200 (RFC 4976 §9.1), which only Digest has;
 *   no session may last longer than `maxSeconds`.
 * - `challenge`: answer 401. `stale` when only the nonce was the reason; `failed` when
 *   a secret was wrong or a user unknown, which counts against the connection.
 * - `forbidden`: right, but this user may not use this relay: 403.
 * - `malformed`: the header lacks something or is not of the form it must have: 400.
 * - `unavailable`: no store could say; the AUTH is answered 408 and may be tried again.
 * - `blocked`: not looked at, since too many AUTHs of this address or user have failed; answered as `unavailable` is.
 */
export type AuthOutcome =
  | ({
      readonly kind: 'granted';
      readonly authenticationInfo?: string | undefined;
      readonly maxSeconds: number;
    } & Identity)
  | { readonly kind: 'challenge'; readonly stale: boolean; readonly failed: boolean }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'malformed'; readonly comment: string }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'blocked' };

/** Whom a session belongs to. */
export interface Identity {
  /** Of all realms: quotas and rates go by it. */
  readonly user: string;
  /** What was logged in with, a name or a token, for the question whether the user may still be here: the same for the same. */
  readonly login: string;
  /** The token, if it was one. A secret. */
  readonly token?: HandshakeToken | undefined;
}

/** Where an AUTH came from, and what it is for. */
export interface AuthOrigin {
  /** Host of the relay URI that the client authenticates to: it picks the realm. */
  readonly host: string;
  /** The other end of the connection. */
  readonly address: string;
  /** It is the client's own address, and not that of a relay before it. */
  readonly isOfClient: boolean;
}

/** Digest authentication as RFC 4976 §9.1 wants it. Supplied by the floor `auth`. */
export interface Authenticator {
  /**
   * The values of the WWW-Authenticate headers of a 401, most preferred algorithm first,
   * all with one fresh nonce (RFC 8760 §2.3).
   *
   * @param host - as in `AuthOrigin`.
   */
  challenge(stale: boolean, host: string): string[];

  /**
   * Judges an Authorization header.
   *
   * @param authorization - the header's value, as received (one character an octet).
   * @param digestUri - the rightmost To-Path URI, octet for octet (RFC 4976 §9.1).
   */
  verify(authorization: string, digestUri: string, origin: AuthOrigin): Promise<AuthOutcome>;

  /**
   * Judges anew a token that was good when the handshake of its connection was made (RFC 7977 §7).
   *
   * @returns never `failed`, `stale` or `malformed`: who has no good token any more is challenged as anybody is.
   */
  verifyToken(token: HandshakeToken): Promise<AuthOutcome>;
}

/** Whom to connect to. */
export interface DialRequest {
  /** Host of the URI: TLS checks the certificate against it. */
  readonly host: string;
  /** Undefined, for AUTH only: found by SRV, and then always over TLS (RFC 4976 §8). */
  readonly port: number | undefined;
  /** TLS (`msrps`) or clear TCP (`msrp`). */
  readonly isSecure: boolean;
  /** It is the last node of the path, an endpoint whose certificate may be taken as it comes if the configuration says so. */
  readonly isLast: boolean;
}

/** A connection that was opened. */
export interface Dialled {
  readonly socket: Duplex;
  readonly remoteAddress: string;
  /** The dNSNames of its certificate, where that was checked as a relay's; else none. */
  readonly certifiedNames: readonly string[];
}

/** Opens connections to next hops. Supplied by the composition root. */
export interface Dialler {
  /**
   * Connects, or rejects with an `MsrpError`: `MSRP_DIAL_DENIED` when policy forbids every address of
   * the host, another code when it cannot be reached or is not who it should be.
   */
  dial(request: DialRequest): Promise<Dialled>;

  /** Whether policy allows an address literal; a name is judged when its address is known. */
  admitsLiteral(host: string): boolean;

  /** Whether a last hop may be reached over clear TCP. */
  readonly allowsCleartext: boolean;
  /** Whether the certificate of a last hop is checked as strictly as a relay's, and by the same authorities. */
  readonly checksEndpointsAsRelays: boolean;
}

/** What a worker says of a connection of its own when it opens a stream to another: that one treats the stream as this connection. */
export interface CarriedConnection {
  /** With the name of the worker that has the connection. */
  readonly origin: ConnectionOrigin;
  /** The dNSNames that its certificate proved. */
  readonly certifiedNames: readonly string[];
  /** The relays that the other end has acted as and proved to be, as URIs. */
  readonly relays: readonly string[];
  /** Its probation is over. */
  readonly isProven: boolean;
}

/** The other workers of this relay, each with sessions of its own. Supplied by the floor `cluster`. */
export interface OtherWorkers {
  /** Whether sessions of `owner`, the first part of a session-id as received, are another worker's. */
  has(owner: string): boolean;

  /** Opens a stream to `owner` that stands for `connection`; rejects with an `MsrpError` when nobody listens there. */
  open(owner: string, connection: CarriedConnection): Promise<Duplex>;
}

/**
 * One step of a request or response on its way through the relay, for whoever follows a session.
 *
 * - `received`: a request was read and admitted; of a SEND its head, of which the body may still come.
 * - `ended`: the end-line of such a SEND came.
 * - `forwarded`: a request, or one chunk of it, was queued for the next hop.
 * - `answered`: the response of the next hop came.
 * - `responded`: a response was sent to where the request came from.
 * - `refused`: a request was not admitted, or not to its end.
 * - `reported`: this relay made a REPORT.
 */
export interface Step {
  readonly step: 'received' | 'ended' | 'forwarded' | 'answered' | 'responded' | 'refused' | 'reported';
  /** The session URIs on its way, one or two: secrets, to be shown only in a form that does not give them away. */
  readonly sessionUris: readonly string[];
  readonly method: string;
  /** The number of the connection on which this happened. */
  readonly connection: number;
  /** The id on that connection. */
  readonly transactionId: string;
  readonly messageId?: string;
  /** Of the chunk, as on the wire: `1-2048/5000`; `*` for what is not known. */
  readonly range?: string;
  readonly flag?: string;
  readonly status?: number;
  /** Why it was refused or reported. */
  readonly reason?: string;
  readonly failureReport?: string;
  readonly successReport?: boolean;
  /** They have secrets in them, too. */
  readonly toPath?: string;
  readonly fromPath?: string;
}

/** Told of what an operator may want to read about. Supplied by the composition root; must not throw. */
export interface Observer {
  /** An AUTH ended: `granted`, `failed`, `forbidden` … `user` is known only when it was granted. */
  authEnded(from: string, outcome: string, user: string | undefined): void;
  /** A connection ended; `error` is undefined when it ended in peace. */
  connectionEnded(from: string, direction: 'accepted' | 'dialled', error: Error | undefined): void;
  /** A session expired, was ended, or went with its client's connection. The URI is a secret. */
  sessionEnded(sessionUri: string): void;
  /** Undefined unless messages are being followed: nobody pays for what nobody reads. */
  readonly follow: ((step: Step) => void) | undefined;
}
