/** The AUTH method: challenge, judge, grant a session URI (RFC 4976 §6.3, §9.1). */
import { commentOf, type Head, headerValues, type MsrpUri, parseUri, splitPath } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import type { AuthEnd } from './counted.ts';
import { type Counters, count } from './counters.ts';
import type { Hop } from './hop.ts';
import { clientInside, type Inside, isFromInside } from './inside.ts';
import type { OwnNames } from './names.ts';
import type { RelayOptions } from './options.ts';
import type { Authenticator, AuthOutcome, Identity, Observer } from './ports.ts';
import { type Refusals, refusal } from './refusals.ts';
import type { RelayPolicy } from './relay-policy.ts';
import { Session, type SessionTable } from './sessions.ts';

/** AUTHs of one connection that may be judged at the same time: of one client, or of all those behind a relay. */
const MAX_IN_PROGRESS = { client: 16, relay: 256 };

/** A client needs one challenge, or two: a connection that asks for so many before it succeeds is closed. */
const MAX_CHALLENGES = 20;

const MISADDRESSED = refusal(481, 'Not for this relay', 'misaddressed', 'misaddressed');

type Granted = Extract<AuthOutcome, { readonly kind: 'granted' }>;

/** What AUTH needs. */
export interface AuthContext {
  readonly options: RelayOptions;
  readonly counters: Counters;
  readonly refusals: Refusals;
  readonly names: OwnNames;
  readonly sessions: SessionTable;
  readonly authenticator: Authenticator;
  readonly observer: Observer;
  readonly relays: RelayPolicy;
  /** Told of a connection whose other end proved to be the relay of this URI. */
  readonly confirmRelay: (hop: Hop, relay: MsrpUri) => void;
  /** Whether new sessions are granted at all: not while the relay drains. */
  readonly isOpen: () => boolean;
}

/** An AUTH that passed all checks but that of the credentials. */
interface AuthRequest {
  readonly hop: Hop;
  readonly head: Head;
  /** Whom it came from, and what a session of it is to be bound to. */
  readonly inside: Inside;
  /** The relays between here and the client, in the order in which the client uses them: Use-Path begins with them. */
  readonly between: readonly string[];
  /** Seconds asked for; undefined when the client leaves it to the relay. */
  readonly expires: number | undefined;
  /** The session to be renewed, when the AUTH names one. */
  readonly session: Session | undefined;
  /** The host that picks the realm: the one that is addressed, or that was when the session began. */
  readonly host: string;
}

/** Handles AUTH requests that end at this relay. */
export class AuthMethod {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /** `head` is well formed, and its To-Path is one URI. */
  handle(hop: Hop, head: Head): void {
    const { options, refusals } = this.#context;
    if (!hop.isSecure && !options.allowCleartextAuth) {
      this.#note(hop, 'cleartext');
      refusals.answer(hop, head, 403, 'AUTH needs TLS');
      return hop.connection.end();
    }
    const request = this.#read(hop, head);
    if (request === undefined) return;
    const judge = this.#judgeOf(request);
    if (judge === undefined) return this.#challengeFirst(request);
    if (hop.authsInProgress >= MAX_IN_PROGRESS[request.inside.kind]) {
      count(this.#context.counters.auth, 'busy');
      return refusals.refuse(hop, head, 403, 'Too many AUTHs at once');
    }
    hop.authsInProgress += 1;
    judge().then(
      (outcome) => {
        hop.authsInProgress -= 1;
        if (hop.isUsable) this.#conclude(request, outcome);
      },
      () => {
        hop.authsInProgress -= 1;
        this.#note(hop, 'unavailable');
        refusals.refuse(hop, head, 408);
      },
    );
  }

  /** How the AUTH is to be judged: by its credentials, or for want of them by the token of the handshake, if there was one. */
  #judgeOf({ hop, head, inside, host }: AuthRequest): (() => Promise<AuthOutcome>) | undefined {
    const { authenticator } = this.#context;
    const [authorization] = headerValues(head, 'authorization');
    const { token } = hop;
    const isOfClient = inside.kind === 'client';
    if (authorization !== undefined) {
      const origin = { host, address: hop.connection.origin.remoteAddress, isOfClient };
      return () => authenticator.verify(authorization, head.toPath, origin);
    }
    // It is that of whoever made the handshake, and says nothing of clients behind them.
    return token === undefined || !isOfClient ? undefined : () => authenticator.verifyToken(token);
  }

  /** Checks target, previous hop and form, in this order; answers what does not pass. */
  #read(hop: Hop, head: Head): AuthRequest | undefined {
    const { refusals, names, sessions, options, counters } = this.#context;
    const refuse = (status: number, comment?: string) => {
      count(counters.auth, 'refused');
      refusals.refuse(hop, head, status, comment);
      return undefined;
    };
    const target = parseUri(head.toPath);
    const behind = splitPath(head.fromPath);
    const previous = parseUri(flat(behind[0] ?? ''));
    if (target === undefined || previous === undefined) return refuse(400, 'Malformed path');
    if (behind.length > options.limits.pathUris) return refuse(400, 'Too many URIs');
    if (!names.isAuthTarget(target)) {
      count(counters.auth, 'refused');
      refusals.refuseRoute(hop, head, MISADDRESSED);
      return undefined;
    }
    if (target.scheme === 'msrps' && !hop.isSecure) return refuse(403, 'TLS only');
    const session = target.sessionId === undefined ? undefined : sessions.find(head.toPath);
    const isTheirs = session !== undefined && isFromInside(session.inside, hop, previous);
    if (target.sessionId !== undefined && !isTheirs) return refuse(481);
    const inside = behind.length > 1 ? this.#relay(hop, head, previous) : this.#client(hop, head, previous);
    if (inside === undefined) return undefined;
    if (previous.port === undefined || previous.sessionId === undefined) return refuse(400, 'Incomplete From-Path');
    const [expires] = headerValues(head, 'expires');
    if (expires !== undefined && !/^\d{1,10}$/.test(expires)) return refuse(400, 'Malformed Expires');
    const between = behind.slice(0, -1).toReversed();
    const host = session?.askedHost ?? target.host;
    return { hop, head, inside, between, expires: expires === undefined ? undefined : Number(expires), session, host };
  }

  /** One From-Path URI: the sender is a client, whatever certificate it shows (RFC 4976 §6.3). */
  #client(hop: Hop, head: Head, client: MsrpUri): Inside | undefined {
    if (hop.connection.origin.direction === 'accepted') return clientInside(hop, client);
    // A node that this relay dialled is a peer, not a client.
    count(this.#context.counters.auth, 'refused');
    this.#context.refusals.refuse(hop, head, 403);
    return undefined;
  }

  /** Several: it is a relay, which has to prove its name and be welcome. That takes the place of probation; its clients' failures are not its own. */
  #relay(hop: Hop, head: Head, relay: MsrpUri): Inside | undefined {
    const { refusals, relays, confirmRelay } = this.#context;
    const isProven = hop.proves(relay.host);
    if (isProven && relays.admits(relay.host)) {
      confirmRelay(hop, relay);
      hop.isProven = true;
      return { kind: 'relay', name: relay.host };
    }
    this.#note(hop, isProven ? 'relay denied' : 'relay unproven');
    refusals.refuse(hop, head, 403, isProven ? 'Relay not allowed' : 'No relay certificate');
    return undefined;
  }

  #conclude(request: AuthRequest, outcome: AuthOutcome): void {
    const { refusals } = this.#context;
    const { hop, head } = request;
    switch (outcome.kind) {
      case 'granted':
        return this.#granted(request, outcome);
      case 'challenge':
        if (headerValues(head, 'authorization').length === 0) return this.#challengeFirst(request);
        this.#challenge(request, outcome.stale, outcome.failed ? 'failed' : 'stale');
        // A relay is not closed for what the clients behind it do.
        if (outcome.failed && request.inside.kind === 'client') this.#countFailure(hop);
        return;
      case 'forbidden':
        this.#note(hop, 'forbidden');
        return refusals.refuse(hop, head, 403);
      case 'malformed':
        this.#note(hop, 'malformed');
        return refusals.refuse(hop, head, 400, outcome.comment);
      case 'blocked':
      case 'unavailable':
        this.#note(hop, outcome.kind);
        refusals.refuse(hop, head, 408, 'Try again later');
        if (outcome.kind === 'blocked' && request.inside.kind === 'client') this.#countFailure(hop);
        return;
    }
  }

  /** Nothing was given that could be judged. */
  #challengeFirst(request: AuthRequest): void {
    const { hop } = request;
    this.#challenge(request, false, 'challenged');
    hop.challenges += 1;
    if (hop.challenges >= MAX_CHALLENGES && !hop.isProven) hop.connection.end();
  }

  #challenge({ hop, head, host }: AuthRequest, stale: boolean, outcome: AuthEnd): void {
    const { authenticator, refusals } = this.#context;
    this.#note(hop, outcome);
    const lines = authenticator.challenge(stale, host).map((challenge) => `WWW-Authenticate: ${challenge}\r\n`);
    refusals.respond(hop, head, 401, commentOf(401), lines.join(''));
  }

  #note(hop: Hop, outcome: AuthEnd, user?: string): void {
    count(this.#context.counters.auth, outcome);
    this.#context.observer.authEnded(hop.connection.origin.remoteAddress, outcome, user);
  }

  #countFailure(hop: Hop): void {
    hop.authFailures += 1;
    if (hop.authFailures >= this.#context.options.authFailures) hop.connection.end();
  }

  /** The credentials are right: lifetime, quota, and a URI (in this order, so that only the user learns the bounds). */
  #granted(request: AuthRequest, granted: Granted): void {
    const { user, maxSeconds, authenticationInfo } = granted;
    const { options, sessions, refusals } = this.#context;
    const { hop, head, expires } = request;
    const { min, max } = options.expires;
    const info = authenticationInfo === undefined ? '' : `Authentication-Info: ${authenticationInfo}\r\n`;
    if (expires !== undefined && (expires < min || expires > max)) {
      this.#note(hop, 'interval');
      const bound = expires < min ? `Min-Expires: ${min}` : `Max-Expires: ${max}`;
      return refusals.respond(hop, head, 423, commentOf(423), `${bound}\r\n`);
    }
    const session = request.session?.isLive === true ? request.session : undefined;
    if (session !== undefined && session.user !== user) {
      this.#note(hop, 'forbidden');
      return refusals.refuse(hop, head, 403);
    }
    if (!this.#context.isOpen()) {
      count(this.#context.counters.auth, 'unavailable');
      return refusals.refuse(hop, head, 408, 'Closing down');
    }
    if (session === undefined && sessions.countOf(user) >= options.limits.sessionsPerUser) {
      this.#note(hop, 'quota');
      return refusals.refuse(hop, head, 403, 'Too many sessions');
    }
    const seconds = Math.min(expires ?? options.expires.default, maxSeconds);
    const given = session ?? this.#grant(request, granted, seconds);
    if (session !== undefined) sessions.renew(session, seconds, granted);
    this.#note(hop, 'granted', user);
    hop.isProven = true;
    hop.admission?.exempt();
    const usePath = [...request.between, given.uri].join(' ');
    const lines = `Use-Path: ${usePath}\r\nExpires: ${seconds}\r\n${info}`;
    refusals.respond(hop, head, 200, commentOf(200), lines);
  }

  #grant({ hop, inside, host }: AuthRequest, owner: Identity, seconds: number): Session {
    const { names, sessions } = this.#context;
    const { uri, secret } = names.mint(hop.isSecure ? 'msrps' : 'msrp', hop.connection.origin.localPort);
    const session = new Session(uri, secret, owner, inside, flat(host));
    sessions.grant(session, seconds);
    return session;
  }
}
