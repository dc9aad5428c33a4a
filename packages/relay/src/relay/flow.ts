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
  /** The own sessions that the request passes, in order; mostly one. */
  readonly sessions: readonly [Session, ...Session[]];
  readonly toPath: string;
  readonly fromPath: string;
  /** To-Path and From-Path as they leave. */
  readonly egressToPath: string;
  readonly egressFromPath: string;
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
  readonly sessions: readonly [Session, ...Session[]];
  readonly toPath: string;
  readonly fromPath: string;
  /** Both path headers of what leaves, with their CRLFs. */
  readonly pathLines: string;
  /** What a chunk that goes this way is on the wire besides its body, about. */
  readonly headOctets: number;
  /** The own URI that the next hop answers to: first of the egress From-Path. */
  readonly answeredAt: string;
  /** Both path headers of a response to a SEND that came this way: the previous hop, and the URI it addressed. */
  readonly responseLines: string;
  /** From-Path of a REPORT made here: the own URIs, the one that the sender addressed first. */
  readonly reporter: string;

  constructor(parts: FlowParts) {
    this.ingress = parts.ingress;
    this.previousRelay = parts.previousRelay;
    this.egress = parts.pace.egress;
    this.pace = parts.pace;
    this.sessions = parts.sessions;
    this.toPath = flat(parts.toPath);
    this.fromPath = flat(parts.fromPath);
    this.pathLines = flat(`To-Path: ${parts.egressToPath}\r\nFrom-Path: ${parts.egressFromPath}\r\n`);
    this.headOctets = this.pathLines.length + OTHER_LINES_OCTETS;
    const own = splitPath(parts.toPath).slice(0, parts.sessions.length);
    this.answeredAt = flat(own.at(-1) ?? '');
    this.responseLines = flat(`To-Path: ${firstOf(parts.fromPath)}\r\nFrom-Path: ${own[0] ?? ''}\r\n`);
    this.reporter = flat(own.join(' '));
  }

  /** So many octets left this way: each session on it keeps account. */
  count(octets: number): void {
    for (const session of this.sessions) {
      if (session === this.pace.inward) session.octetsInward += octets;
      else session.octetsOutward += octets;
    }
  }

  /** Whether requests may still go this way. */
  get isValid(): boolean {
    return this.egress.isUsable && this.sessions.every((session) => session.isLive);
  }

  /** Whether the first own session belongs to the client that sends: nobody else's requests come on its connection. */
  get isFromClient(): boolean {
    const [{ inside }] = this.sessions;
    return inside.kind === 'client' && inside.hop === this.ingress;
  }

  /** Whether this way ends at a client of ours, whose connection is the only one there is to it. */
  get leadsToClient(): boolean {
    return this.pace.inward?.inside.kind === 'client';
  }
}
