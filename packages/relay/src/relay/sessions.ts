/** What successful AUTHs granted: session URIs, until they expire or their client goes (RFC 4976 §6.3). */
import type { Clock, Timer } from 'msrp/base';
import { type MsrpUri, nodeKey, parseUri } from 'msrp/wire';
import type { HandshakeToken } from '../transport/handshake-token.ts';
import type { Flow } from './flow.ts';
import type { Hop } from './hop.ts';
import type { Inside } from './inside.ts';
import { LazySet } from './lazy-set.ts';
import type { Pace } from './pace.ts';
import type { Identity } from './ports.ts';
import { sessionHash } from './session-hash.ts';

/** The one outside connection that a session is bound to, and the URI of the peer at its end (RFC 4975 §5.4). */
export interface OutsideBinding {
  readonly hop: Hop;
  /** Undefined for a node that claims to be a relay and has not proved it: nothing is sent to it as that relay. */
  readonly peer: MsrpUri | undefined;
}

/** The longest time that Node's timers know; what they are given beyond it they fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** One session URI and whom it belongs to. */
export class Session {
  readonly uri: string;
  readonly secret: string;
  readonly user: string;
  /** What was logged in with last, as in `Identity`. */
  login: string;
  token: HandshakeToken | undefined;
  /** Who got the URI. */
  readonly inside: Inside;
  /** Host of the relay URI that the first AUTH was addressed to. */
  readonly askedHost: string;
  /** In the order in which they were granted; given by the table. */
  number = 0;
  grantedAtMs = 0;
  expiresAtMs = 0;
  isLive = true;
  outside: OutsideBinding | undefined;
  /** Where the last request in each direction went: the next one mostly goes there too. */
  outbound: Flow | undefined;
  inbound: Flow | undefined;
  /** Octets of SENDs that left toward its inside hop, and away from it. */
  octetsInward = 0;
  octetsOutward = 0;
  /** Everything that is sent by way of this session. */
  readonly paces = new LazySet<Pace>();
  timer: Timer | undefined;
  #hash: string | undefined;

  constructor(uri: string, secret: string, { user, login, token }: Identity, inside: Inside, askedHost: string) {
    this.uri = uri;
    this.secret = secret;
    this.user = user;
    this.login = login;
    this.token = token;
    this.inside = inside;
    this.askedHost = askedHost;
  }

  /** What people call it. Made when first asked for: most sessions nobody ever asks about. */
  get hash(): string {
    this.#hash ??= sessionHash(this.uri);
    return this.#hash;
  }

  /** Keeps no way that begins or ends at `hop`, which is no more. */
  forget(hop: Hop): void {
    if (this.outbound?.ingress === hop || this.outbound?.egress === hop) this.outbound = undefined;
    if (this.inbound?.ingress === hop || this.inbound?.egress === hop) this.inbound = undefined;
  }
}

/** The live sessions, by the secret part of their URIs. */
export class SessionTable {
  readonly #clock: Clock;
  readonly #ended: (session: Session) => void;
  readonly #bySecret = new Map<string, Session>();
  readonly #byUser = new Map<string, Set<Session>>();
  #lastNumber: number;

  /** @param ended - told of each session that expired or was ended, when it is out of the table. */
  constructor(clock: Clock, ended: (session: Session) => void, numbersAbove = 0) {
    this.#lastNumber = numbersAbove;
    this.#clock = clock;
    this.#ended = ended;
  }

  get count(): number {
    return this.#bySecret.size;
  }

  /** All of them, in the order in which they were granted. */
  get all(): IterableIterator<Session> {
    return this.#bySecret.values();
  }

  of(user: string): ReadonlySet<Session> {
    return this.#byUser.get(user) ?? new Set();
  }

  /** Whom the sessions were granted to, each login once. Looks at every session. */
  get owners(): Iterable<Identity> {
    return new Map([...this.#bySecret.values()].map((session) => [session.login, session])).values();
  }

  countOf(user: string): number {
    return this.#byUser.get(user)?.size ?? 0;
  }

  /** Takes a new session in; it lives for `seconds`. */
  grant(session: Session, seconds: number): void {
    this.#lastNumber += 1;
    session.number = this.#lastNumber;
    session.grantedAtMs = this.#clock.nowMs();
    this.#bySecret.set(session.secret, session);
    const ofUser = this.#byUser.get(session.user);
    if (ofUser === undefined) this.#byUser.set(session.user, new Set([session]));
    else ofUser.add(session);
    if (session.inside.kind === 'client') session.inside.hop.sessions.add(session);
    this.renew(session, seconds, session);
  }

  /** Lets a live session live for `seconds` from now; `owner` is its user, who may have logged in with something else. */
  renew(session: Session, seconds: number, { login, token }: Identity): void {
    session.login = login;
    session.token = token;
    session.timer?.cancel();
    session.expiresAtMs = this.#clock.nowMs() + seconds * 1000;
    this.#wait(session);
  }

  #wait(session: Session): void {
    const leftMs = session.expiresAtMs - this.#clock.nowMs();
    const expire = () => (leftMs > MAX_TIMER_MS ? this.#wait(session) : this.end(session));
    session.timer = this.#clock.after(Math.min(leftMs, MAX_TIMER_MS), expire);
  }

  /**
   * The live session that `uriText`, a URI as received, names. Looked up by the secret alone first; the
   * whole URI is compared by the rules of RFC 4975 §6.1 unless it is written exactly as it was granted.
   */
  find(uriText: string): Session | undefined {
    const session = this.#bySecret.get(secretOf(uriText));
    if (session === undefined || session.uri === uriText) return session;
    const uri = parseUri(uriText);
    const own = parseUri(session.uri);
    const isSame =
      uri !== undefined && own !== undefined && uri.sessionId === own.sessionId && nodeKey(uri) === nodeKey(own);
    return isSame ? session : undefined;
  }

  /** Ends a session; a second call does nothing. */
  end(session: Session): void {
    if (!session.isLive) return;
    session.isLive = false;
    session.timer?.cancel();
    this.#bySecret.delete(session.secret);
    if (session.inside.kind === 'client') session.inside.hop.sessions.delete(session);
    session.outside?.hop.outsideOf.delete(session);
    session.outside = undefined;
    const ofUser = this.#byUser.get(session.user);
    ofUser?.delete(session);
    if (ofUser?.size === 0) this.#byUser.delete(session.user);
    this.#ended(session);
  }

  /** Ends the sessions of relays that are not admitted any more; how many there were. Looks at every session. */
  revokeRelays(admits: (name: string) => boolean): number {
    const isRevoked = ({ inside }: Session) => inside.kind === 'relay' && !admits(inside.name);
    const sessions = [...this.#bySecret.values()].filter(isRevoked);
    for (const session of sessions) this.end(session);
    return sessions.length;
  }

  /** Ends all sessions that were granted to this login; how many there were. Looks at every session. */
  revoke(login: string): number {
    const sessions = [...this.#bySecret.values()].filter((session) => session.login === login);
    for (const session of sessions) this.end(session);
    return sessions.length;
  }
}

/** The part of a session-id after the owner; '' when the URI has none of that form. */
function secretOf(uriText: string): string {
  const slash = uriText.indexOf('/', 8);
  const dot = uriText.indexOf('.', slash);
  const end = uriText.indexOf(';', dot);
  return slash < 0 || dot < 0 || end < 0 ? '' : uriText.slice(dot + 1, end);
}
