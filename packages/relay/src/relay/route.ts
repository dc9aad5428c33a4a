/** Where a request goes: admission and next hop, in the order of RFC 4976 §6.2 to §6.4. */
import { firstOf, type MsrpUri, parseUri, splitPath } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import type { Crossing } from './crossing.ts';
import type { Crossings } from './crossings.ts';
import { Flow, type FlowRoute } from './flow.ts';
import type { Hop } from './hop.ts';
import type { Hops } from './hops.ts';
import { isFromInside, leadsInside } from './inside.ts';
import type { OwnNames } from './names.ts';
import { NextHops } from './next-hops.ts';
import { Pace, type PaceLimits } from './pace.ts';
import type { Dialler } from './ports.ts';
import { type Refusal, refusal } from './refusals.ts';
import type { RelayPolicy } from './relay-policy.ts';
import type { Session, SessionTable } from './sessions.ts';

/** The request ends here: its To-Path is nothing but a live session URI. `isInside`: it came from that session's inside hop. */
export interface Arrival {
  readonly kind: 'arrival';
  readonly isInside: boolean;
}

/** What became of a request's paths. */
export type Route = FlowRoute | Arrival | Refusal;

const MISADDRESSED = refusal(481, 'Not for this relay', 'misaddressed', 'misaddressed');
const NO_SESSION = refusal(481, 'Session does not exist', 'no session');
const ENDS_HERE = refusal(481, 'Session does not exist', 'ends at this relay');
const NOT_THIS_WAY = refusal(403, 'Not this way', 'wrong direction');
const NOT_AUTHENTICATED = refusal(403, 'Not without AUTH', 'not authenticated');
const NO_SESSION_URI = refusal(403, 'Not without a session', 'base URI');
const NO_CERTIFICATE = refusal(403, 'No relay certificate', 'no certificate');
const BOUND_ELSEWHERE = refusal(506, 'Session in use on another connection', 'bound elsewhere');
const MALFORMED = refusal(400, 'Malformed path', 'malformed path');
const TOO_LONG = refusal(400, 'Too many URIs', 'path too long');

const OUTSIDE_GONE = refusal(408, 'Next hop is gone', 'gone');

const TOO_MANY_WAYS = refusal(408, 'Too many next hops', 'next hops');

/** How many ways one session may have at a time: one or two are what it needs. */
const MAX_WAYS = 32;

/** What a router decides by. */
export interface RouterParts {
  readonly names: OwnNames;
  readonly sessions: SessionTable;
  readonly hops: Hops;
  readonly dialler: Dialler;
  readonly relays: RelayPolicy;
  /** Ways to other workers, if there are any. */
  readonly crossings: Crossings | undefined;
  readonly limits: { readonly pathUris: number };
  /** Bounds of every way. */
  readonly flow: PaceLimits;
}

/** A request under admission: where it came from, and its paths. */
interface Passage {
  readonly ingress: Hop;
  /** To-Path and From-Path as received, and their URIs. */
  readonly toPath: string;
  readonly fromPath: string;
  readonly onward: readonly string[];
  readonly behind: readonly string[];
  /** The first From-Path URI: what the previous hop says that it is. */
  readonly previous: MsrpUri;
  readonly isAuth: boolean;
}

/** Where a passage leads: the own sessions that it passes, and the hop behind them. */
interface Way {
  readonly kind: 'way';
  readonly sessions: readonly [Session, ...Session[]];
  readonly egress: Hop;
  /** The session whose inside hop `egress` is. */
  readonly inward: Session | undefined;
}

/** Decides ways. SEND, REPORT and the methods it does not know are admitted alike; AUTH has rules of its own. */
export class Router {
  readonly #names: OwnNames;
  readonly #sessions: SessionTable;
  readonly #hops: Hops;
  readonly #relays: RelayPolicy;
  readonly #crossings: Crossings | undefined;
  readonly #limits: RouterParts['limits'];
  readonly #paceLimits: PaceLimits;
  readonly #nextHops: NextHops;

  constructor({ names, sessions, hops, dialler, relays, crossings, limits, flow }: RouterParts) {
    this.#names = names;
    this.#sessions = sessions;
    this.#hops = hops;
    this.#relays = relays;
    this.#crossings = crossings;
    this.#limits = limits;
    this.#paceLimits = flow;
    this.#nextHops = new NextHops(hops, dialler);
  }

  /**
   * Admits a request that came on `ingress` with these paths, as received, or refuses it. The first admitted
   * request of an outside peer binds the session to its connection.
   */
  route(ingress: Hop, toPath: string, fromPath: string): Route {
    if (ingress.crossing !== undefined) return wayOut(ingress.crossing, toPath, fromPath);
    const latest = ingress.latestRoute;
    if (latest !== undefined && isThatOf(latest.flow, toPath, fromPath)) return latest;
    const addressed = firstOf(toPath);
    const session = this.#sessions.find(addressed);
    const carried = session === undefined ? this.#crossings?.known(ingress, addressed, toPath, fromPath) : undefined;
    if (carried !== undefined) return { kind: 'flow', flow: carried };
    if (session !== undefined) {
      const { outbound, inbound } = session;
      const known = outbound?.ingress === ingress ? outbound : inbound;
      if (known?.ingress === ingress && isThatOf(known, toPath, fromPath)) {
        ingress.latestRoute = { kind: 'flow', flow: known };
        return ingress.latestRoute;
      }
    }
    return this.#decide(ingress, toPath, fromPath, session, false);
  }

  /** Admits an AUTH for another relay. It never takes the way of other requests, which may be a less trusted one, nor leaves it to them. */
  routeAuth(ingress: Hop, toPath: string, fromPath: string): Route {
    if (ingress.crossing !== undefined) return wayOut(ingress.crossing, toPath, fromPath);
    return this.#decide(ingress, toPath, fromPath, this.#sessions.find(firstOf(toPath)), true);
  }

  /** Whether an AUTH to this URI alone is not for this worker but for another one, or comes from there on its way out. */
  isAuthForOthers(ingress: Hop, uriText: string): boolean {
    if (ingress.crossing !== undefined) return true;
    const uri = this.#crossings === undefined ? undefined : parseUri(uriText);
    return uri !== undefined && this.#names.isAuthTarget(uri) && this.#ownerOf(uri, ingress) !== undefined;
  }

  /** To a relay that had proved to be the node of `uri` on a connection that is gone; undefined when it cannot be reached. */
  backTo(uri: MsrpUri): Hop | undefined {
    if (!this.#names.isOwn(uri)) return this.#nextHops.backTo(uri);
    const owner = this.#crossings?.ownerOf(uri);
    const link = owner === undefined ? undefined : this.#crossings?.link(owner);
    return link?.kind === 'hop' ? link : undefined;
  }

  #decide(ingress: Hop, toPath: string, fromPath: string, session: Session | undefined, isAuth: boolean): Route {
    const onward = splitPath(toPath);
    const behind = splitPath(fromPath);
    const self = parseUri(onward[0] ?? '');
    const previous = parseUri(behind[0] ?? '');
    if (onward.length > this.#limits.pathUris || behind.length > this.#limits.pathUris) return TOO_LONG;
    if (self === undefined || previous === undefined) return MALFORMED;
    if (!(isAuth ? this.#names.isAuthTarget(self) : this.#names.isOwn(self))) return MISADDRESSED;
    // Whoever could do without would use this relay to reach any other.
    if (isAuth && self.sessionId === undefined) return NO_SESSION_URI;
    const owner = session === undefined ? this.#ownerOf(self, ingress) : undefined;
    if (session === undefined && owner === undefined) return NO_SESSION;
    if (self.scheme === 'msrps' && !ingress.isSecure) {
      // A clear connection that this relay opened itself, as it was told to, still serves its other sessions.
      const fate = ingress.connection.origin.direction === 'accepted' ? 'closing' : undefined;
      return refusal(403, 'TLS only', 'cleartext', fate);
    }
    const passage = { ingress, toPath, fromPath, onward, behind, previous, isAuth };
    if (session === undefined)
      return ingress.mustAuthenticate ? NOT_AUTHENTICATED : this.#carried(passage, owner ?? '');
    const isInside = isFromInside(session.inside, ingress, previous);
    if (!isInside && ingress.mustAuthenticate) return NOT_AUTHENTICATED;
    if (onward.length === 1) return { kind: 'arrival', isInside };
    const next = parseUri(onward[1] ?? '');
    if (next === undefined) return MALFORMED;
    // Whose ways are chosen by whoever sends.
    const isChoosing = isInside || session.inside.kind === 'relay';
    if (isChoosing && session.paces.size >= MAX_WAYS) return TOO_MANY_WAYS;
    const way = isInside ? this.#outbound(passage, session, next) : this.#inbound(passage, session, next);
    return way.kind === 'way' ? { kind: 'flow', flow: this.#flow(passage, way, isInside) } : way;
  }

  /** The other worker that has the session of `uri`. What comes from another worker goes to no third one. */
  #ownerOf(uri: MsrpUri, ingress: Hop): string | undefined {
    return ingress.isStream ? undefined : this.#crossings?.ownerOf(uri);
  }

  /** To another worker, which judges it as if it had come there. */
  #carried(passage: Passage, owner: string): Route {
    const { ingress, toPath, fromPath } = passage;
    const uri = flat(firstOf(toPath));
    const previousRelay = this.#confirmed(passage, actsAsRelay(passage));
    return this.#crossings?.carry({ ingress, owner, uri, toPath, fromPath, previousRelay }) ?? NO_SESSION;
  }

  /** From the inside hop of `session` to the `next` URI, which may be a session of this relay again. */
  #outbound({ onward, isAuth }: Passage, session: Session, next: MsrpUri): Way | Refusal {
    // First of all: whoever connects may call itself by one of our URIs.
    if (isAuth && this.#names.isAuthTarget(next)) return NOT_THIS_WAY;
    if (this.#names.isOwn(next)) return this.#hairpin(session, next, onward);
    const nextHops = this.#nextHops;
    const isLast = onward.length === 2;
    const egress = isAuth ? nextHops.toRelay(next) : nextHops.outward(session, next, isLast);
    return egress.kind === 'hop' ? { kind: 'way', sessions: [session], egress, inward: undefined } : egress;
  }

  /** From anybody who knows the URI to the inside hop of `session`, and nowhere else. */
  #inbound(passage: Passage, session: Session, next: MsrpUri): Way | Refusal {
    const { ingress, behind, isAuth } = passage;
    // Only the inside hop of a session sends its AUTHs through it.
    if (isAuth || !leadsInside(session.inside, next)) return NOT_THIS_WAY;
    const isRelay = actsAsRelay(passage);
    if (behind.length > 1 && this.#relays.requiresCertificate && !isRelay) return NO_CERTIFICATE;
    const bound = session.outside;
    // A relay that has proved its name may use several connections.
    const isElsewhere = bound !== undefined && bound.hop !== ingress && !isRelay;
    if (isElsewhere && !isChosen(session, ingress)) return BOUND_ELSEWHERE;
    const egress = this.#nextHops.inward(session, next);
    if (egress.kind !== 'hop') return egress;
    if (bound === undefined && !isRelay) {
      // Whoever speaks for others says that it is a relay, and nothing proves it.
      session.outside = { hop: ingress, peer: behind.length === 1 ? parseUri(flat(behind[0] ?? '')) : undefined };
      ingress.outsideOf.add(session);
    }
    return { kind: 'way', sessions: [session], egress, inward: session };
  }

  /**
   * Both clients are ours: the request passes this relay once more, as if it came from outside, and so the second
   * own URI may lead nowhere but to its own inside hop. There is never a third pass. Where the second client is another
   * worker's, that one is a relay like any other, and this one before it.
   *
   * @param own - the second own URI.
   */
  #hairpin(session: Session, own: MsrpUri, onward: readonly string[]): Way | Refusal {
    const second = this.#sessions.find(onward[1] ?? '');
    const owner = second === undefined ? this.#crossings?.ownerOf(own) : undefined;
    if (second === undefined && owner === undefined) return NO_SESSION;
    if (onward.length === 2) return ENDS_HERE;
    if (second === undefined) return this.#toWorker(session, owner ?? '');
    const next = parseUri(onward[2] ?? '');
    if (next === undefined) return MALFORMED;
    if (!leadsInside(second.inside, next)) return NOT_THIS_WAY;
    const egress = this.#nextHops.inward(second, next);
    return egress.kind === 'hop' ? { kind: 'way', sessions: [session, second], egress, inward: second } : egress;
  }

  #toWorker(session: Session, owner: string): Way | Refusal {
    const link = this.#crossings?.link(owner) ?? NO_SESSION;
    return link.kind === 'hop' ? { kind: 'way', sessions: [session], egress: link, inward: undefined } : link;
  }

  #flow(passage: Passage, { sessions, egress, inward }: Way, isInside: boolean): Flow {
    const { ingress, toPath, fromPath, onward, behind, isAuth } = passage;
    const own = onward.slice(0, sessions.length);
    const egressToPath = onward.slice(sessions.length).join(' ');
    const egressFromPath = [...own.toReversed(), ...behind].join(' ');
    const [first] = sessions;
    const previousRelay = this.#confirmed(passage, actsAsRelay(passage) || (isInside && first.inside.kind === 'relay'));
    const pace = this.#paceOf(ingress, egress, sessions, inward);
    const flow = new Flow({ ingress, previousRelay, pace, sessions, toPath, fromPath, egressToPath, egressFromPath });
    if (!isAuth) first[isInside ? 'outbound' : 'inbound'] = flow;
    return flow;
  }

  /** The relay that a request comes from, if it `isRelay`: others find it from now on. */
  #confirmed({ ingress, behind }: Passage, isRelay: boolean): MsrpUri | undefined {
    const relay = isRelay ? parseUri(flat(behind[0] ?? '')) : undefined;
    if (relay !== undefined) this.#hops.confirm(ingress, relay);
    return relay;
  }

  /** All paths between the same sessions and next hop share one pace: writing a path anew gives nobody a second lane. */
  #paceOf(ingress: Hop, egress: Hop, sessions: Way['sessions'], inward: Session | undefined): Pace {
    let pace: Pace | undefined;
    for (const known of sessions[0].paces) if (known.leads(sessions, egress, inward)) pace = known;
    pace ??= new Pace(egress, sessions, this.#paceLimits, inward);
    pace.join(ingress);
    return pace;
  }
}

/** Whether requests with these paths go by `flow`, as they did before. */
function isThatOf(flow: Flow, toPath: string, fromPath: string): boolean {
  return flow.toPath === toPath && flow.fromPath === fromPath && flow.isValid;
}

/** What another worker sends on a stream goes out on the connection that the stream stands for. */
function wayOut(crossing: Crossing, toPath: string, fromPath: string): Route {
  const flow = crossing.outward(toPath, fromPath);
  return flow === undefined ? OUTSIDE_GONE : { kind: 'flow', flow };
}

/** It speaks for others, or did before on this connection, and a certificate proves that it is who it says. */
function actsAsRelay({ ingress, behind, previous }: Passage): boolean {
  return (behind.length > 1 || ingress.isRelay) && ingress.proves(previous.host);
}

/** This relay opened the connection itself, to send there for this session: its answers and REPORTs come back on it. */
function isChosen(session: Session, ingress: Hop): boolean {
  if (ingress.connection.origin.direction !== 'dialled') return false;
  for (const { egress } of session.paces) if (egress === ingress) return true;
  return false;
}
