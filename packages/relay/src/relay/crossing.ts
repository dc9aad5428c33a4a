/** One connection of this worker and the stream by which its requests for the sessions of one other worker are carried there, and back. */
import { firstOf, type MsrpUri } from 'msrp/wire';
import { Flow, type FlowParts } from './flow.ts';
import type { Hop } from './hop.ts';
import { Pace, type PaceLimits } from './pace.ts';

/** What the paths of all ways that are remembered may take, in octets. What is idle makes room. */
const MAX_PATH_OCTETS = 1_048_576;

/** One session of the other worker, as this one sees it. Each direction has one pace, whatever paths are written. */
interface CarriedSession {
  inward: Flow | undefined;
  outward: Flow | undefined;
}

/** What is special about one direction. */
type WayParts = Pick<FlowParts, 'ingress' | 'toPath' | 'fromPath' | 'previousRelay' | 'isJudgedElsewhere'> & {
  readonly egress: Hop;
};

/**
 * Carries requests octet for octet, paths included: to the worker that has the session everything is as if the connection
 * were its own. Session by session, with the means of every other way: lanes, windows, answers, REPORTs.
 */
export class Crossing {
  /** The worker at the other end. */
  readonly owner: string;
  readonly outside: Hop;
  readonly stream: Hop;
  readonly #limits: PaceLimits;
  readonly #sessions = new Map<string, CarriedSession>();
  #pathOctets = 0;
  #hasOutside = true;

  constructor(owner: string, outside: Hop, stream: Hop, limits: PaceLimits) {
    this.owner = owner;
    this.outside = outside;
    this.stream = stream;
    this.#limits = limits;
    outside.crossings ??= new Map();
    outside.crossings.set(owner, this);
    stream.crossing = this;
  }

  /** The way that the last request to `uri` went, if one with these paths may go the same way. */
  known(uri: string, toPath: string, fromPath: string): Flow | undefined {
    return valid(this.#sessions.get(uri)?.inward, toPath, fromPath);
  }

  /**
   * From outside to the session `uri`, first of `toPath`. Undefined when too many are under way.
   *
   * @param previousRelay - as in `Flow`.
   */
  inward(uri: string, toPath: string, fromPath: string, previousRelay: MsrpUri | undefined): Flow | undefined {
    const session = this.#session(uri);
    if (session === undefined) return undefined;
    const { outside: ingress, stream: egress } = this;
    const parts = { ingress, egress, toPath, fromPath, previousRelay, isJudgedElsewhere: true };
    session.inward = this.#way(session, session.inward, parts);
    return session.inward;
  }

  /** From the session that is first of `fromPath` to the connection, whatever is next on the path. Undefined when that is gone, or too many are under way. */
  outward(toPath: string, fromPath: string): Flow | undefined {
    if (!this.#hasOutside) return undefined;
    const uri = firstOf(fromPath);
    const known = valid(this.#sessions.get(uri)?.outward, toPath, fromPath);
    if (known !== undefined) return known;
    const session = this.#session(uri);
    if (session === undefined) return undefined;
    const { stream: ingress, outside: egress } = this;
    session.outward = this.#way(session, session.outward, { ingress, egress, toPath, fromPath });
    return session.outward;
  }

  /** The connection is gone; what was taken over from it still has to reach the other worker, and what is said of it to be heard. */
  outsideGone(): void {
    this.#hasOutside = false;
    this.endIfOver();
  }

  /** The stream is gone: the next request has another one opened. */
  streamGone(): void {
    if (this.outside.crossings?.get(this.owner) === this) this.outside.crossings.delete(this.owner);
  }

  /** Ends the stream when nobody is at the other side of this worker, and nothing is on the way. Then the session may be bound anew. */
  endIfOver(): void {
    if (this.#hasOutside || !this.stream.connection.isDrained) return;
    // A relay is told on another connection what comes to nothing.
    const { transactions, connection } = this.stream;
    if (this.outside.isRelay && transactions.isAwaiting) return;
    // The other worker lives, and reports what comes to nothing by another way.
    transactions.clear(({ isTakenOver }) => isTakenOver);
    connection.end();
  }

  /** A way of `session` on which paths leave as they came, in the place of `former`, whose pace it keeps. */
  #way(session: CarriedSession, former: Flow | undefined, { egress, ...parts }: WayParts): Flow {
    const pace = former?.pace ?? new Pace(egress, [], this.#limits, undefined, session);
    pace.join(parts.ingress);
    this.#forgetPaths(former);
    const { toPath: egressToPath, fromPath: egressFromPath } = parts;
    const flow = new Flow({ ...parts, pace, sessions: [], egressToPath, egressFromPath });
    this.#pathOctets += flow.pathLines.length;
    return flow;
  }

  #session(uri: string): CarriedSession | undefined {
    const known = this.#sessions.get(uri);
    if (known === undefined) this.#makeRoom();
    if (this.#pathOctets > MAX_PATH_OCTETS) return undefined;
    const session = known ?? { inward: undefined, outward: undefined };
    if (known === undefined) this.#sessions.set(uri, session);
    return session;
  }

  /** Forgets sessions for which nothing is under way, those first that have been known for longest. */
  #makeRoom(): void {
    const inMidChunk = [firstOf(this.outside.latest?.toPath ?? ''), firstOf(this.stream.latest?.fromPath ?? '')];
    for (const [uri, session] of this.#sessions) {
      if (this.#pathOctets <= MAX_PATH_OCTETS / 2) return;
      const { inward, outward } = session;
      if (inMidChunk.includes(uri) || inward?.pace.isIdle === false || outward?.pace.isIdle === false) continue;
      inward?.pace.retire();
      outward?.pace.retire();
      this.#forgetPaths(inward);
      this.#forgetPaths(outward);
      this.#sessions.delete(uri);
    }
  }

  #forgetPaths(flow: Flow | undefined): void {
    this.#pathOctets -= flow?.pathLines.length ?? 0;
  }
}

function valid(flow: Flow | undefined, toPath: string, fromPath: string): Flow | undefined {
  return flow?.toPath === toPath && flow.fromPath === fromPath && flow.isValid ? flow : undefined;
}
