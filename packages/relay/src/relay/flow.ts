/** The way of one session's requests in one direction: decided once, used by every chunk that goes the same way. */
import { firstOf, splitPath } from 'msrp/wire';
import type { Lane, LaneOwner } from '../transport/write-queue.ts';
import type { Hop } from './hop.ts';
import type { Session } from './sessions.ts';

/** What a flow is made of; `toPath` and `fromPath` as received. */
export interface FlowParts {
  readonly ingress: Hop;
  readonly egress: Hop;
  /** The own sessions that the request passes, in order; mostly one. */
  readonly sessions: readonly [Session, ...Session[]];
  readonly toPath: string;
  readonly fromPath: string;
  /** To-Path and From-Path as they leave. */
  readonly egressToPath: string;
  readonly egressFromPath: string;
}

/** How many messages a flow remembers to have stopped. */
const MAX_STOPPED = 64;

/**
 * One way through the relay. It keeps the texts of its paths once, for all chunks and transactions
 * that go by it, so none of them is a view on a longer text.
 */
export class Flow implements LaneOwner {
  readonly ingress: Hop;
  readonly egress: Hop;
  readonly sessions: readonly [Session, ...Session[]];
  readonly toPath: string;
  readonly fromPath: string;
  /** Both path headers of what leaves, with their CRLFs. */
  readonly pathLines: string;
  /** The own URI that the next hop answers to: first of the egress From-Path. */
  readonly answeredAt: string;
  /** Both path headers of a response to a SEND that came this way: the previous hop, and the URI it addressed. */
  readonly responseLines: string;
  /** From-Path of a REPORT made here: the own URIs, the one that the sender addressed first. */
  readonly reporter: string;
  readonly lane: Lane;
  readonly #stopped = new Map<string, number>();

  constructor(parts: FlowParts) {
    this.ingress = parts.ingress;
    this.egress = parts.egress;
    this.sessions = parts.sessions;
    this.toPath = flat(parts.toPath);
    this.fromPath = flat(parts.fromPath);
    this.pathLines = flat(`To-Path: ${parts.egressToPath}\r\nFrom-Path: ${parts.egressFromPath}\r\n`);
    const own = splitPath(parts.toPath).slice(0, parts.sessions.length);
    this.answeredAt = flat(own.at(-1) ?? '');
    this.responseLines = flat(`To-Path: ${firstOf(parts.fromPath)}\r\nFrom-Path: ${own[0] ?? ''}\r\n`);
    this.reporter = flat(own.join(' '));
    this.lane = parts.egress.connection.lane(this);
  }

  /** Whether requests may still go this way. */
  get isValid(): boolean {
    return this.egress.isUsable && this.sessions.every((session) => session.isLive);
  }

  /** Whether this way leads to the client that the last own session belongs to. */
  get isInbound(): boolean {
    return this.sessions.some((session) => session.inside === this.egress);
  }

  /** Too much waits on this way: its ingress is not read until the lane is low, or the egress gone. */
  hold(): void {
    this.egress.holding.add(this);
    this.ingress.block(this);
  }

  /** Lets the ingress go on. */
  release(): void {
    this.egress.holding.delete(this);
    this.ingress.unblock(this);
  }

  laneIsLow(): void {
    this.release();
  }

  /** No more of this message may pass: it is answered with `status` (RFC 4975 §10.5). */
  stop(messageId: string, status: number): void {
    this.#stopped.set(messageId, status);
    if (this.#stopped.size <= MAX_STOPPED) return;
    for (const oldest of this.#stopped.keys()) {
      this.#stopped.delete(oldest);
      break;
    }
  }

  /** The status with which `messageId` was stopped; undefined when it was not. */
  stoppedWith(messageId: string): number | undefined {
    return this.#stopped.size === 0 ? undefined : this.#stopped.get(messageId);
  }
}

/** A copy that is no view on a longer text. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
