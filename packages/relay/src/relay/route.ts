/** Where a request goes: admission and next hop, in the order of RFC 4976 §6.2 to §6.4. */
import { firstOf, isAddressLiteral, type MsrpUri, nodeKey, parseUri, sameUri, splitPath } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import { Flow } from './flow.ts';
import type { Hop } from './hop.ts';
import type { Hops } from './hops.ts';
import type { OwnNames } from './names.ts';
import { Pace, type PaceLimits } from './pace.ts';
import type { Dialler } from './ports.ts';
import type { Session, SessionTable } from './sessions.ts';

/** Why a request goes nowhere. `misaddressed`: not to this relay at all; `closing`: the connection has to go, too. */
export interface Refusal {
  readonly status: number;
  readonly comment: string;
  readonly reason: string;
  readonly fate?: 'misaddressed' | 'closing';
}

/** The request ends here: its To-Path is nothing but a live session URI. `isInside`: it came from that session's client. */
export interface Arrival {
  readonly session: Session;
  readonly isInside: boolean;
}

/** What became of a request's paths. */
export type Route =
  | { readonly kind: 'flow'; readonly flow: Flow }
  | { readonly kind: 'arrival'; readonly arrival: Arrival }
  | { readonly kind: 'refusal'; readonly refusal: Refusal };

const NO_SESSION = refuse(481, 'Session does not exist', 'no session');
const NOT_THIS_WAY = refuse(403, 'Not this way', 'wrong direction');
const MALFORMED = refuse(400, 'Malformed path', 'malformed path');
const TOO_LONG = refuse(400, 'Too many URIs', 'path too long');

/** How many next hops one session may have at a time: one is what it needs. */
const MAX_NEXT_HOPS = 32;

/** Bounds of paths and ways. */
export interface RouteLimits extends PaceLimits {
  readonly pathUris: number;
}

/** Decides ways. It knows no methods: SEND, REPORT and the others are admitted alike. */
export class Router {
  readonly #names: OwnNames;
  readonly #sessions: SessionTable;
  readonly #hops: Hops;
  readonly #dialler: Dialler;
  readonly #limits: RouteLimits;

  constructor(names: OwnNames, sessions: SessionTable, hops: Hops, dialler: Dialler, limits: RouteLimits) {
    this.#names = names;
    this.#sessions = sessions;
    this.#hops = hops;
    this.#dialler = dialler;
    this.#limits = limits;
  }

  /**
   * Admits a request that came on `ingress` with these paths, as received, or refuses it. The first admitted
   * request of an outside peer binds the session to its connection.
   */
  route(ingress: Hop, toPath: string, fromPath: string): Route {
    const session = this.#sessions.find(firstOf(toPath));
    if (session !== undefined) {
      const known = ingress === session.inside ? session.outbound : session.inbound;
      if (known?.ingress === ingress && known.toPath === toPath && known.fromPath === fromPath && known.isValid) {
        return { kind: 'flow', flow: known };
      }
    }
    return this.#decide(ingress, toPath, fromPath, session);
  }

  #decide(ingress: Hop, toPath: string, fromPath: string, session: Session | undefined): Route {
    const onward = splitPath(toPath);
    const behind = splitPath(fromPath);
    const self = parseUri(onward[0] ?? '');
    const peer = parseUri(behind[0] ?? '');
    if (onward.length > this.#limits.pathUris || behind.length > this.#limits.pathUris) return TOO_LONG;
    if (self === undefined || peer === undefined) return MALFORMED;
    if (!this.#names.isOwn(self)) return refuse(481, 'Not for this relay', 'misaddressed', 'misaddressed');
    if (session === undefined) return NO_SESSION;
    if (self.scheme === 'msrps' && !ingress.isSecure) {
      // A clear connection that this relay opened itself, as it was told to, still serves its other sessions.
      const fate = ingress.connection.origin.direction === 'accepted' ? 'closing' : undefined;
      return refuse(403, 'TLS only', 'cleartext', fate);
    }
    const isInside = ingress === session.inside;
    if (onward.length === 1) return { kind: 'arrival', arrival: { session, isInside } };
    const next = parseUri(onward[1] ?? '');
    if (next === undefined) return MALFORMED;
    if (isInside) {
      if (session.paces.size >= MAX_NEXT_HOPS) return refuse(408, 'Too many next hops', 'next hops');
      const outbound = this.#outbound(session, next, onward);
      if ('kind' in outbound) return outbound;
      return this.#flow(ingress, outbound.egress, outbound.sessions, onward, behind, toPath, fromPath);
    }
    if (nodeKey(next) !== session.clientNode) return NOT_THIS_WAY;
    const bound = session.outside;
    if (bound !== undefined && bound.hop !== ingress && !isChosen(session, ingress)) {
      return refuse(506, 'Session in use on another connection', 'bound elsewhere');
    }
    if (bound === undefined) {
      // Whoever speaks for others says that it is a relay, and nothing proves it.
      session.outside = { hop: ingress, peer: behind.length === 1 ? parseUri(flat(behind[0] ?? '')) : undefined };
      ingress.outsideOf.add(session);
    }
    return this.#flow(ingress, session.inside, [session], onward, behind, toPath, fromPath);
  }

  /** From the client of `session` to the `next` URI, which may be a session of this relay again. */
  #outbound(
    session: Session,
    next: MsrpUri,
    onward: readonly string[],
  ): { egress: Hop; sessions: [Session, ...Session[]] } | Route {
    const isLast = onward.length === 2;
    // First of all: whoever connects may call itself by one of our URIs.
    if (this.#names.isOwn(next)) return this.#hairpin(session, onward);
    const { outside } = session;
    if (isLast && outside?.peer !== undefined && outside.hop.isUsable && sameUri(outside.peer, next)) {
      return { egress: outside.hop, sessions: [session] };
    }
    if (next.transport !== 'tcp') return refuse(408, 'Next hop cannot be dialled', 'transport');
    if (next.port === undefined) return refuse(408, 'Next hop has no port', 'no port');
    if (next.scheme === 'msrp' && !(isLast && this.#dialler.allowsCleartext)) {
      return refuse(403, 'Next hop is not secure', 'cleartext next hop');
    }
    if (isAddressLiteral(next) && !this.#dialler.admitsLiteral(next.host)) {
      return refuse(403, 'Next hop not allowed', 'denied');
    }
    if (!this.#hops.mayDial(next, isLast)) return refuse(408, 'Too many connections', 'connections');
    const failure = this.#hops.failureOf(next, isLast);
    if (failure !== undefined) return refuse(failure.status, failure.comment, failure.trigger);
    return { egress: this.#hops.towards(next, isLast), sessions: [session] };
  }

  /**
   * Both clients are ours: the request passes this relay once more, as if it came from outside, and so the second
   * own URI may lead nowhere but to its own client. There is never a third pass.
   */
  #hairpin(session: Session, onward: readonly string[]): { egress: Hop; sessions: [Session, ...Session[]] } | Route {
    const second = this.#sessions.find(onward[1] ?? '');
    if (second === undefined) return NO_SESSION;
    const client = parseUri(onward[2] ?? '');
    if (onward.length === 2) return refuse(481, 'Session does not exist', 'ends at this relay');
    if (client === undefined) return MALFORMED;
    if (nodeKey(client) !== second.clientNode) return NOT_THIS_WAY;
    return { egress: second.inside, sessions: [session, second] };
  }

  #flow(
    ingress: Hop,
    egress: Hop,
    sessions: readonly [Session, ...Session[]],
    onward: readonly string[],
    behind: readonly string[],
    toPath: string,
    fromPath: string,
  ): Route {
    const own = onward.slice(0, sessions.length);
    const egressToPath = onward.slice(sessions.length).join(' ');
    const egressFromPath = [...own.toReversed(), ...behind].join(' ');
    const [first] = sessions;
    const direction = ingress === first.inside ? 'outbound' : 'inbound';
    const pace = this.#paceOf(ingress, egress, sessions);
    const flow = new Flow({ ingress, pace, sessions, toPath, fromPath, egressToPath, egressFromPath });
    first[direction] = flow;
    return { kind: 'flow', flow };
  }

  /** All paths between the same sessions and next hop share one pace: writing a path anew gives nobody a second lane. */
  #paceOf(ingress: Hop, egress: Hop, sessions: readonly [Session, ...Session[]]): Pace {
    let pace: Pace | undefined;
    for (const known of sessions[0].paces) if (known.leads(sessions, egress)) pace = known;
    pace ??= new Pace(egress, sessions, this.#limits);
    pace.join(ingress);
    return pace;
  }
}

/** This relay opened the connection itself, to send there for this session: its answers and REPORTs come back on it. */
function isChosen(session: Session, ingress: Hop): boolean {
  if (ingress.connection.origin.direction !== 'dialled') return false;
  for (const { egress } of session.paces) if (egress === ingress) return true;
  return false;
}

function refuse(
  status: number,
  comment: string,
  reason: string,
  fate?: Refusal['fate'],
): Extract<Route, { kind: 'refusal' }> {
  return { kind: 'refusal', refusal: { status, comment, reason, ...(fate === undefined ? {} : { fate }) } };
}
