/** The AUTH method: challenge, judge, grant a session URI (RFC 4976 §6.3, §9.1). */
import { commentOf, firstOf, type Head, headerValues, type MsrpUri, parseUri, splitPath } from 'msrp/wire';
import { type Counters, count } from './counters.ts';
import type { Hop } from './hop.ts';
import type { OwnNames } from './names.ts';
import type { RelayOptions } from './options.ts';
import type { Authenticator, AuthOutcome, Observer } from './ports.ts';
import type { Refusals } from './refusals.ts';
import { Session, type SessionTable } from './sessions.ts';

/** AUTHs of one connection that may be judged at the same time. */
const MAX_IN_PROGRESS = 16;

/** A client needs one challenge, or two: a connection that asks for so many before it succeeds is closed. */
const MAX_CHALLENGES = 20;

/** What AUTH needs. */
export interface AuthContext {
  readonly options: RelayOptions;
  readonly counters: Counters;
  readonly refusals: Refusals;
  readonly names: OwnNames;
  readonly sessions: SessionTable;
  readonly authenticator: Authenticator;
  readonly observer: Observer;
  /** Whether new sessions are granted at all: not while the relay drains. */
  readonly isOpen: () => boolean;
}

/** An AUTH that passed all checks but that of the credentials. */
interface AuthRequest {
  readonly hop: Hop;
  readonly head: Head;
  readonly client: MsrpUri;
  /** Seconds asked for; undefined when the client leaves it to the relay. */
  readonly expires: number | undefined;
  /** The session to be renewed, when the AUTH names one. */
  readonly session: Session | undefined;
}

/** Handles AUTH requests that end at this relay. */
export class AuthMethod {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /** `head` is well formed, and its To-Path is one URI. */
  handle(hop: Hop, head: Head): void {
    const { options, refusals, authenticator } = this.#context;
    if (!hop.isSecure && !options.allowCleartextAuth) {
      this.#note(hop, 'cleartext');
      refusals.answer(hop, head, 403, 'AUTH needs TLS');
      return hop.connection.end();
    }
    // A node that this relay dialled is a peer, not a client.
    if (hop.connection.origin.direction === 'dialled') return refusals.refuse(hop, head, 403);
    const request = this.#read(hop, head);
    if (request === undefined) return;
    const [authorization] = headerValues(head, 'authorization');
    if (authorization === undefined) {
      this.#challenge(request, false, 'challenged');
      hop.challenges += 1;
      if (hop.challenges >= MAX_CHALLENGES && !hop.isProven) hop.connection.end();
      return;
    }
    if (hop.authsInProgress >= MAX_IN_PROGRESS) return refusals.refuse(hop, head, 403, 'Too many AUTHs at once');
    hop.authsInProgress += 1;
    authenticator.verify(authorization, head.toPath).then(
      (outcome) => {
        hop.authsInProgress -= 1;
        if (hop.isUsable) this.#conclude(request, outcome);
      },
      () => {
        hop.authsInProgress -= 1;
        refusals.refuse(hop, head, 408);
      },
    );
  }

  /** Checks target, previous hop and form, in this order; answers what does not pass. */
  #read(hop: Hop, head: Head): AuthRequest | undefined {
    const { refusals, names, sessions } = this.#context;
    const refuse = (status: number, comment?: string) => {
      refusals.refuse(hop, head, status, comment);
      return undefined;
    };
    const target = parseUri(head.toPath);
    const behind = splitPath(head.fromPath);
    const client = parseUri(firstOf(head.fromPath));
    if (target === undefined || client === undefined) return refuse(400, 'Malformed path');
    if (!names.isAuthTarget(target)) {
      const reason = 'misaddressed';
      refusals.refuseRoute(hop, head, { status: 481, comment: 'Not for this relay', reason, fate: 'misaddressed' });
      return undefined;
    }
    if (target.scheme === 'msrps' && !hop.isSecure) return refuse(403, 'TLS only');
    const session = target.sessionId === undefined ? undefined : sessions.find(head.toPath);
    if (target.sessionId !== undefined && session?.inside !== hop) return refuse(481);
    // Whoever says that it is a relay has to prove it with a certificate.
    if (behind.length > 1) return refuse(403, 'No relay certificate');
    if (client.port === undefined || client.sessionId === undefined) return refuse(400, 'Incomplete From-Path');
    const [expires] = headerValues(head, 'expires');
    if (expires !== undefined && !/^\d{1,10}$/.test(expires)) return refuse(400, 'Malformed Expires');
    return { hop, head, client, expires: expires === undefined ? undefined : Number(expires), session };
  }

  #conclude(request: AuthRequest, outcome: AuthOutcome): void {
    const { refusals } = this.#context;
    const { hop, head } = request;
    switch (outcome.kind) {
      case 'granted':
        return this.#granted(request, outcome.user, outcome.authenticationInfo);
      case 'challenge':
        this.#challenge(request, outcome.stale, outcome.failed ? 'failed' : 'stale');
        if (outcome.failed) this.#countFailure(hop);
        return;
      case 'forbidden':
        this.#note(hop, 'forbidden');
        return refusals.refuse(hop, head, 403);
      case 'malformed':
        this.#note(hop, 'malformed');
        return refusals.refuse(hop, head, 400, outcome.comment);
      case 'unavailable':
        this.#note(hop, 'unavailable');
        return refusals.refuse(hop, head, 408, 'Try again later');
    }
  }

  #challenge({ hop, head }: AuthRequest, stale: boolean, outcome: string): void {
    const { authenticator, refusals } = this.#context;
    this.#note(hop, outcome);
    const lines = authenticator.challenge(stale).map((challenge) => `WWW-Authenticate: ${challenge}\r\n`);
    refusals.answer(hop, head, 401, commentOf(401), lines.join(''));
  }

  #note(hop: Hop, outcome: string, user?: string): void {
    count(this.#context.counters.auth, outcome);
    this.#context.observer.authEnded(hop.connection.origin.remoteAddress, outcome, user);
  }

  #countFailure(hop: Hop): void {
    hop.authFailures += 1;
    if (hop.authFailures >= this.#context.options.authFailures) hop.connection.end();
  }

  /** The credentials are right: lifetime, quota, and a URI (in this order, so that only the user learns the bounds). */
  #granted(request: AuthRequest, user: string, authenticationInfo: string): void {
    const { options, sessions, refusals } = this.#context;
    const { hop, head, expires } = request;
    const { min, max } = options.expires;
    const info = `Authentication-Info: ${authenticationInfo}\r\n`;
    if (expires !== undefined && (expires < min || expires > max)) {
      this.#note(hop, 'interval');
      const bound = expires < min ? `Min-Expires: ${min}` : `Max-Expires: ${max}`;
      return refusals.answer(hop, head, 423, commentOf(423), `${bound}\r\n`);
    }
    const session = request.session?.isLive === true ? request.session : undefined;
    if (session !== undefined && session.user !== user) return refusals.refuse(hop, head, 403);
    if (!this.#context.isOpen()) return refusals.refuse(hop, head, 408, 'Closing down');
    if (session === undefined && sessions.countOf(user) >= options.limits.sessionsPerUser) {
      this.#note(hop, 'quota');
      return refusals.refuse(hop, head, 403, 'Too many sessions');
    }
    const seconds = expires ?? options.expires.default;
    const granted = session ?? this.#grant(request, user, seconds);
    if (session !== undefined) sessions.renew(session, seconds);
    this.#note(hop, 'granted', user);
    hop.isProven = true;
    hop.onAuthenticated?.();
    const lines = `Use-Path: ${granted.uri}\r\nExpires: ${seconds}\r\n${info}`;
    refusals.answer(hop, head, 200, commentOf(200), lines);
  }

  #grant({ hop, client }: AuthRequest, user: string, seconds: number): Session {
    const { names, sessions } = this.#context;
    const { uri, secret } = names.mint(hop.isSecure ? 'msrps' : 'msrp', hop.connection.origin.localPort);
    const session = new Session(uri, secret, user, hop, client);
    sessions.grant(session, seconds);
    return session;
  }
}
