/** The way of one session's requests in one direction: decided once, used by every chunk that goes the same way. */
import { firstOf, type MsrpUri, splitPath } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import type { Hop } from './hop.ts';
import type { Pace } from './pace.ts';
import type { Session } from './sessions.ts';

/** What the lines of a head besides its paths take, about. */
const OTHER_LINES_OCTETS = 200;

/** What a flow is made of; `toPath` and `fromPath` as received. */
export interface FlowParts {
  readonly ingress: Hop;
  /** The relay that the requests come from, where a certificate proved that they do. */
  readonly previousRelay?: MsrpUri | undefined;
  readonly pace: Pace;
  /** The own sessions that the request passes, in order; mostly one. None where it is carried between another worker and a connection. */
  readonly sessions: readonly Session[];
  /** It leads to another worker, which has the session and judges what comes for it. */
  readonly isJudgedElsewhere?: boolean;
  readonly toPath: string;
  readonly fromPath: string;
  /** To-Path and From-Path as they leave. */
  readonly egressToPath: string;
  readonly egressFromPath: string;
}

/** A request goes by this flow. */
export interface FlowRoute {
  readonly kind: 'flow';
  readonly flow: Flow;
}

/**
 * One way through the relay. It keeps the texts of its paths once, for all chunks and transactions
 * that go by it, so none of them is a view on a longer text.
 */
export class Flow {
  readonly ingress: Hop;
  readonly previousRelay: MsrpUri | undefined;
  readonly egress: Hop;
  readonly pace: Pace;
  readonly sessions: readonly Session[];
  readonly toPath: string;
  readonly fromPath: string;
  /** Both path headers of what leaves, with their CRLFs. */
  readonly pathLines: string;
  /** What a chunk that goes this way is on the wire besides its body, about. */
  readonly headOctets: number;
  /** The URI that the next hop answers to: first of the egress From-Path. */
  readonly answeredAt: string;
  /** Both path headers of a response to a SEND that came this way: the previous hop, and the URI it addressed. */
  readonly responseLines: string;
  /**
   * Whether the worker that has the session has taken a request over. Until then this one does not say so in its stead, and whatever is
   * refused for its paths gets the owner's answer. Undefined where nobody has to be asked.
   */
  verdict: 'due' | 'admitted' | undefined;
  /** From-Path of a REPORT made here: the own URIs, the one that the sender addressed first; what it addressed where there are none. */
  readonly reporter: string;

  constructor(parts: FlowParts) {
    this.ingress = parts.ingress;
    this.previousRelay = parts.previousRelay;
    this.egress = parts.pace.egress;
    this.pace = parts.pace;
    this.sessions = parts.sessions;
    this.verdict = parts.isJudgedElsewhere === true ? 'due' : undefined;
    this.toPath = flat(parts.toPath);
    this.fromPath = flat(parts.fromPath);
    this.pathLines = flat(`To-Path: ${parts.egressToPath}\r\nFrom-Path: ${parts.egressFromPath}\r\n`);
    this.headOctets = this.pathLines.length + OTHER_LINES_OCTETS;
    const own = splitPath(parts.toPath).slice(0, parts.sessions.length);
    const addressed = firstOf(parts.toPath);
    this.answeredAt = flat(own.at(-1) ?? firstOf(parts.fromPath));
    this.responseLines = flat(`To-Path: ${firstOf(parts.fromPath)}\r\nFrom-Path: ${addressed}\r\n`);
    this.reporter = flat(own.length === 0 ? addressed : own.join(' '));
  }

  /** So many octets left this way: each session on it keeps account. */
  count(octets: number): void {
    for (const session of this.sessions) {
      if (session === this.pace.inward) session.octetsInward += octets;
      else session.octetsOutward += octets;
    }
  }

  /** Whether requests may still go this way: it is the way of its session, and that and the next hop are there. */
  get isValid(): boolean {
    const [first] = this.sessions;
    if (first !== undefined && first.outbound !== this && first.inbound !== this) return false;
    return this.egress.isUsable && this.sessions.every((session) => session.isLive);
  }

  /** Whether the first own session belongs to the client that sends: nobody else's requests come on its connection. */
  get isFromClient(): boolean {
    const [session] = this.sessions;
    return session?.inside.kind === 'client' && session.inside.hop === this.ingress;
  }

  /** The session URIs on this way that are the relay's, whichever worker has them. */
  get sessionUris(): string[] {
    if (this.sessions.length > 0) return this.sessions.map(({ uri }) => uri);
    return [firstOf(this.verdict === undefined ? this.fromPath : this.toPath)];
  }

  /** The connection of the client, or outside peer, that sends for itself alone; undefined when it may be another relay's. */
  get sender(): Hop | undefined {
    const [session] = this.sessions;
    if (session !== undefined) return session.inside.kind === 'client' ? session.inside.hop : undefined;
    return this.verdict !== undefined && firstOf(this.fromPath) === this.fromPath ? this.ingress : undefined;
  }

  /** Another worker has taken over a request that was carried to it. */
  admitted(): void {
    if (this.verdict !== 'due') return;
    this.verdict = 'admitted';
    this.ingress.isProven = true;
  }

  /** Whether this way ends at a client of ours, whose connection is the only one there is to it. */
  get leadsToClient(): boolean {
    return this.pace.inward?.inside.kind === 'client';
  }
}
