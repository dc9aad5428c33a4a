/** The relay: takes what connections tell it to the rules, and keeps the house in order. */
import type { Clock, MsrpError, Timer } from 'msrp/base';
import { type Head, type MsrpUri, parseUri } from 'msrp/wire';
import type { ConnectionContext } from '../transport/connection.ts';
import type { ConnectionOrigin } from '../transport/connection-origin.ts';
import { flat } from '../transport/flat.ts';
import { Histogram } from '../transport/histogram.ts';
import { AuthMethod } from './auth-method.ts';
import type { Reason } from './counted.ts';
import { Counters, count } from './counters.ts';
import type { Crossing } from './crossing.ts';
import { Crossings } from './crossings.ts';
import { CLIENT_GONE, CLOSING, Failures, STALLED } from './failures.ts';
import { ChunkInTransit, type ForwardContext } from './forward.ts';
import { settlements } from './handover.ts';
import type { Hop, HopRules, Incoming } from './hop.ts';
import { failureFor, Hops } from './hops.ts';
import type { OwnNames } from './names.ts';
import { SETTLED } from './notices.ts';
import { numbersAbove } from './numbering.ts';
import { MAX_IDLE_MS, type RelayOptions } from './options.ts';
import type { Authenticator, CarriedConnection, Dialler, Observer, OtherWorkers } from './ports.ts';
import { Rates } from './rates.ts';
import { Refusals } from './refusals.ts';
import type { RelayPolicy } from './relay-policy.ts';
import { Reports } from './reports.ts';
import { type RequestContext, WholeRequest } from './requests.ts';
import { Responses } from './responses.ts';
import { type Arrival, Router } from './route.ts';
import { type Session, SessionTable } from './sessions.ts';
import { stepOfRequest } from './steps.ts';
import { TimerWheel } from './timer-wheel.ts';
import { TransactionBudget } from './transactions.ts';

/** What a relay is built from. */
export interface RelayParts {
  readonly clock: Clock;
  readonly options: RelayOptions;
  readonly names: OwnNames;
  readonly authenticator: Authenticator;
  readonly dialler: Dialler;
  /** What other relays may do. */
  readonly relays: RelayPolicy;
  /** Those with whom this one makes up one relay; undefined when it is alone. */
  readonly workers?: OtherWorkers | undefined;
  readonly observer: Observer;
  readonly connections: ConnectionContext;
}

/** How often connections are looked after, and how coarse the time-outs are. */
const TICK_MS = 1000;

/** Reads a refused or unwanted message to its end. */
const DISCARD: Incoming = { body() {}, end() {} };

/** A relay: running → draining → closed, never backwards. */
export class Relay implements HopRules {
  readonly counters = new Counters();
  readonly responseTimes = new Histogram();
  readonly rates: Rates;
  readonly sessions: SessionTable;
  /** What all connections share. */
  readonly connections: ConnectionContext;
  readonly #clock: Clock;
  readonly #observer: Observer;
  readonly #options: RelayOptions;
  readonly #hops: Hops;
  readonly #router: Router;
  readonly #refusals: Refusals;
  readonly #failures: Failures;
  readonly #responses: Responses;
  readonly #budget: TransactionBudget;
  readonly #forward: ForwardContext;
  readonly #requests: RequestContext;
  #state: 'running' | 'draining' | 'closed' = 'running';
  #timer: Timer;

  constructor(parts: RelayParts) {
    const { clock, options, names, authenticator, dialler, observer, relays } = parts;
    const { counters } = this;
    this.#clock = clock;
    this.connections = parts.connections;
    this.#observer = observer;
    this.rates = new Rates(clock, options.rates);
    this.#options = options;
    this.#budget = new TransactionBudget(options.limits);
    this.#refusals = new Refusals(counters, observer);
    const backTo = (uri: MsrpUri) => (this.#state === 'closed' ? undefined : this.#router.backTo(uri));
    this.#failures = new Failures(new Reports(counters, observer, backTo));
    this.#responses = new Responses(counters);
    const first = numbersAbove(options.owner);
    const sessionEnded = (session: Session) => {
      this.#failures.sessionEnded(session);
      observer.sessionEnded(session.uri);
    };
    this.sessions = new SessionTable(clock, sessionEnded, first);
    this.#hops = new Hops(clock, parts.connections, dialler, this, this.#budget, options.limits, first);
    const { limits, flow } = options;
    const hops = this.#hops;
    const { workers } = parts;
    const crossings = workers === undefined ? undefined : new Crossings({ clock, hops, names, workers, flow });
    this.#router = new Router({ names, sessions: this.sessions, hops, dialler, relays, crossings, limits, flow });
    const longestMs = Math.max(options.partialMs, 60_000);
    const wheel = new TimerWheel(clock, TICK_MS, Math.ceil(longestMs / TICK_MS) + 2);
    const { turn } = parts.connections;
    const shared = { clock, options, counters, budget: this.#budget, refusals: this.#refusals, wheel, observer };
    this.#forward = {
      ...shared,
      memory: parts.connections.memory,
      stores: parts.connections.stores,
      failures: this.#failures,
      partialMs: options.partialMs,
      turn,
      responseTimes: this.responseTimes,
    };
    const isOpen = () => this.#state === 'running';
    const { sessions } = this;
    const confirmRelay = (hop: Hop, relay: MsrpUri) => this.#hops.confirm(hop, relay);
    const authMethod = new AuthMethod({ ...shared, names, sessions, authenticator, relays, confirmRelay, isOpen });
    this.#requests = { ...shared, router: this.#router, authMethod, isOpen };
    this.#timer = clock.after(TICK_MS, () => this.#tick());
  }

  get state(): 'running' | 'draining' | 'closed' {
    return this.#state;
  }

  /** Open transactions of all connections. */
  get transactionCount(): number {
    return this.#budget.open;
  }

  /** All hops there are, those that are being dialled too. */
  get hops(): ReadonlySet<Hop> {
    return this.#hops.all;
  }

  /** A peer connected; the hop's connection is to be opened with its socket. */
  accept(origin: ConnectionOrigin): Hop {
    return this.#hops.add(origin);
  }

  /** Closes a connection that nobody needs, if there is one, for another to come in (RFC 4976 §6.5). */
  makeRoom(): boolean {
    return this.#hops.makeRoom();
  }

  /** Another worker opened a stream, on which its connection is this one's, too; the hop's connection is to be opened with it. */
  acceptCarried({ origin, certifiedNames, relays, isProven }: CarriedConnection): Hop {
    const hop = this.accept(origin);
    hop.certifiedNames = certifiedNames;
    hop.isProven = isProven;
    for (const relay of relays) {
      const uri = parseUri(relay);
      if (uri !== undefined) this.#hops.confirm(hop, uri);
    }
    return hop;
  }

  begin(hop: Hop, head: Head): Incoming {
    if (head.method === '') return this.#responses;
    if (hop.isStream && head.method === SETTLED && head.toPath === '') return settlements;
    if (!hop.isStream) this.counters.requestIn(head.method);
    return head.method === 'SEND' ? this.#beginSend(hop, head) : new WholeRequest(this.#requests, head);
  }

  broken(hop: Hop, error: MsrpError, head: Head | undefined): void {
    count(this.counters.refused, error.code === 'MSRP_HEAD_TOO_LARGE' ? 'head too large' : 'garbage');
    if (head !== undefined && head.method !== '') this.#refusals.answer(hop, head, 400, error.message);
    hop.connection.end();
  }

  read(hop: Hop, octets: number, sends: number): void {
    if (!hop.connection.isReadShared) this.connections.readBuffers.read(octets, sends);
    // What comes from another worker was entered in the accounts there.
    if (!hop.isStream) this.rates.spend(hop, octets, sends);
    hop.crossing?.endIfOver();
  }

  closed(hop: Hop, error: Error | undefined): void {
    this.#hops.remove(hop);
    if (!hop.isStream) this.counters.octetsIn += hop.connection.octetsIn;
    if (!hop.isStream) this.counters.octetsOut += hop.connection.octetsOut;
    this.#observer.connectionEnded(hop.connection.origin.remoteAddress, hop.connection.origin.direction, error);
    for (const pace of [...hop.pacesOut]) pace.retire();
    for (const pace of [...hop.pacesIn]) pace.leave(hop);
    for (const session of [...hop.outsideOf]) session.outside = undefined;
    hop.outsideOf.clear();
    for (const session of [...hop.sessions]) this.sessions.end(session);
    this.#failures.hopLost(hop, failureFor(error), CLIENT_GONE);
    if (hop.crossing !== undefined) this.#streamClosed(hop.crossing);
    for (const crossing of [...(hop.crossings?.values() ?? [])]) crossing.outsideGone();
  }

  /** Grants nothing new and takes no new messages; resolves when all open transactions are settled, or at the deadline. */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#state === 'running') this.#state = 'draining';
    const untilMs = this.#clock.nowMs() + deadlineMs;
    while (this.#state === 'draining' && !this.#isSettled() && this.#clock.nowMs() < untilMs) {
      await new Promise<void>((resolve) => this.#clock.after(100, resolve));
    }
  }

  /** Reports what is not settled, as if its next hops were lost; connections stay. */
  giveUp(): void {
    for (const hop of this.#hops.all) this.#failures.givenUp(hop, CLOSING);
    // Nobody will wait for these.
    for (const hop of this.#hops.all) if (hop.isStream) hop.connection.flush();
  }

  /** Closes all connections; what is not settled is reported first. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer.cancel();
    for (const hop of this.#hops.all) this.#failures.hopLost(hop, CLOSING);
    for (const hop of [...this.#hops.all]) hop.connection.end();
  }

  #beginSend(hop: Hop, head: Head): Incoming {
    if (head.fault !== undefined) return this.#malformed(head, head.fault);
    if (hop.awaited.has(head.transactionId)) return this.#refuse('id in use', hop, head, 400, 'Transaction id in use');
    if (this.#state !== 'running') return this.#refuse('closing', hop, head, 408, 'Closing down');
    const route = this.#router.route(hop, head.toPath, head.fromPath);
    if (route.kind === 'flow') {
      const stopped = route.flow.pace.stoppedWith(head.messageId);
      if (stopped !== undefined) return this.#refuse('stopped', hop, head, stopped);
      if (this.#isTooLarge(head)) return this.#refuse('message size', hop, head, 413);
      if (route.flow.verdict === undefined) hop.isProven = true;
      this.#observer.follow?.(stepOfRequest('received', route.flow, head));
      return new ChunkInTransit(this.#forward, route.flow, head);
    }
    if (route.kind === 'arrival') return this.#arrived(hop, head, route);
    this.#refusals.refuseRoute(hop, head, route);
    return DISCARD;
  }

  /** Whether the message says of itself that it is larger than messages may be. */
  #isTooLarge({ byteRange }: Head): boolean {
    const { messageOctets } = this.#options.limits;
    return messageOctets > 0 && (byteRange?.total ?? 0) > messageOctets;
  }

  /** A SEND that ends here: a client may keep its connection alive with an empty one (RFC 7977 §6). */
  #arrived(hop: Hop, head: Head, { isInside }: Arrival): Incoming {
    if (head.hasBody || !isInside) return this.#refuse('ends at this relay', hop, head, 481);
    return {
      body() {},
      end: () => {
        if (head.failureReport === 'yes') this.#refusals.answer(hop, head, 200);
        if (head.failureReport !== 'no') hop.notices?.add(flat(head.transactionId));
      },
    };
  }

  #malformed(head: Head, fault: string): Incoming {
    return {
      body() {},
      end: (hop) => {
        this.#refusals.refuseFor('malformed', hop, head, 400, fault);
      },
    };
  }

  #refuse(reason: Reason, hop: Hop, head: Head, status: number, comment?: string): Incoming {
    this.#refusals.refuseFor(reason, hop, head, status, comment);
    return DISCARD;
  }

  #isSettled(): boolean {
    if (this.#budget.open > 0) return false;
    for (const hop of this.#hops.all) if (!hop.connection.isDrained || hop.connection.isInsideMessage) return false;
    return true;
  }

  /** It has not come to anything in time, drips a head, or has not been needed for long. */
  #isUseless(hop: Hop, nowMs: number): boolean {
    const { probationMs } = this.#options;
    const { connection } = hop;
    // Time in which this relay did not read is not the peer's.
    const isWaiting = connection.isInsideHead && !hop.isBlocked;
    hop.headSinceMs = isWaiting ? (hop.headSinceMs ?? nowMs) : undefined;
    if (hop.headSinceMs !== undefined && nowMs - hop.headSinceMs >= probationMs) return true;
    if (hop.crossing === undefined && hop.idleMs(nowMs) > MAX_IDLE_MS) return true;
    return this.#hasFailedProbation(hop, nowMs);
  }

  /** Another worker that has kept the stream of a connection for as long has found it good, or will end it. */
  #hasFailedProbation(hop: Hop, nowMs: number): boolean {
    const { probationMs } = this.#options;
    if (hop.isProven || hop.connection.origin.direction === 'dialled') return false;
    if (nowMs - hop.openedAtMs < probationMs) return false;
    if (!hop.hasCrossings) return true;
    for (const { stream } of hop.crossings?.values() ?? []) {
      if (nowMs - stream.openedAtMs > probationMs + 2 * TICK_MS) hop.isProven = true;
    }
    return false;
  }

  /** A stream was closed by the other worker, or with it. A connection that had nothing but its good word has it no more. */
  #streamClosed(crossing: Crossing): void {
    crossing.streamGone();
    const { outside } = crossing;
    if (outside.isUsable && this.#hasFailedProbation(outside, this.#clock.nowMs())) outside.connection.end();
  }

  /**
   * No pause is for ever: a connection that is not read cannot deliver the responses it carries for others, and
   * a sender must not wait too long for its 200. Where the receiver takes anything, both go on after a while, as slowly as
   * it does; where it stands still, the sender has to learn in time that its message will not pass.
   */
  #endPauses(hop: Hop, nowMs: number): void {
    const { pauseMaxMs, holdResponseMs } = this.#options.flow;
    hop.connection.readOnAfter(pauseMaxMs, nowMs);
    for (const pace of [...hop.pacesIn]) {
      const standsForMs = pace.standsForMs(nowMs);
      // One that is told to wait itself may keep its answers for as long, and none comes in that time.
      const isStuck = standsForMs >= (pace.egress.isBetween ? 2 : 1) * holdResponseMs;
      const isHeldTooLong = nowMs - (pace.heldAnswers.sinceMs ?? nowMs) >= holdResponseMs;
      const isPausedTooLong = hop.blockedForMs(pace, nowMs) >= pauseMaxMs;
      if ((isHeldTooLong && isStuck) || (isPausedTooLong && standsForMs >= pauseMaxMs)) {
        this.#failures.paceGivenUp(pace);
        continue;
      }
      if (isHeldTooLong) pace.heldAnswers.giveSince(nowMs - holdResponseMs);
      if (isPausedTooLong) hop.unblock(pace);
    }
  }

  /** Another worker may not read for as long as a pause lasts, and sees to it itself that its receiver reads. */
  #stallMsOf({ isStream }: Hop): number {
    const { stallMs, pauseMaxMs } = this.#options.flow;
    return isStream ? stallMs + pauseMaxMs : stallMs;
  }

  /** It is there but takes nothing: 408 also where a client that is gone would be 481. */
  #breakOff(hop: Hop): void {
    this.#failures.hopLost(hop, STALLED);
    hop.connection.destroy(new Error(STALLED.comment));
  }

  /** Looks after the connections. */
  #tick(): void {
    const nowMs = this.#clock.nowMs();
    this.rates.tidy();
    for (const hop of this.#hops.all) {
      if (hop.connection.state !== 'open') continue;
      if (this.#isUseless(hop, nowMs)) hop.connection.end();
      else if (hop.connection.stalledMs(nowMs) >= this.#stallMsOf(hop)) this.#breakOff(hop);
      else this.#endPauses(hop, nowMs);
    }
    if (this.#state !== 'closed') this.#timer = this.#clock.after(TICK_MS, () => this.#tick());
  }
}
