/** An adjacent node, as one connection to it: what the rules know about it. */
import type { Clock, MsrpError } from 'msrp/base';
import { namesCover } from 'msrp/node';
import type { ContinuationFlag, Head } from 'msrp/wire';
import type { Admission } from '../transport/admissions.ts';
import type { Connection, ConnectionEvents } from '../transport/connection.ts';
import type { HandshakeToken } from '../transport/handshake-token.ts';
import type { PauseCause } from '../transport/pauses.ts';
import type { Crossing } from './crossing.ts';
import type { FlowRoute } from './flow.ts';
import { LazySet } from './lazy-set.ts';
import { Notices } from './notices.ts';
import type { Pace } from './pace.ts';
import type { Session } from './sessions.ts';
import { type TransactionBudget, TransactionTable } from './transactions.ts';

/** What is being received on a hop: the rest of a request or response whose head was read. */
export interface Incoming {
  body(hop: Hop, octets: Uint8Array): void;
  /** The end-line came. */
  end(hop: Hop, flag: ContinuationFlag): void;
  /** All octets of a read were told, and this is not at its end. */
  pause?(hop: Hop): void;
  /** The connection ended before the end-line came. */
  lost?(hop: Hop): void;
}

/** Where a hop takes what it is told. */
export interface HopRules {
  /** A head was read: says who takes what follows it. */
  begin(hop: Hop, head: Head): Incoming;
  broken(hop: Hop, error: MsrpError, head: Head | undefined): void;
  /** What came in one read was told: so many octets, so many SENDs. */
  read(hop: Hop, octets: number, sends: number): void;
  closed(hop: Hop, error: Error | undefined): void;
}

/** One connection to an adjacent node, and everything that lives and dies with it. */
export class Hop implements ConnectionEvents {
  /** Tells it from a refusal, where there may be either. */
  readonly kind = 'hop';
  /** By which people speak of it; never given twice. */
  readonly number: number;
  readonly connection: Connection;
  /** Of the other end; the host of the URI while it is being dialled. */
  remoteAddress: string;
  /** Sessions of the client at the other end, if there is one. */
  readonly sessions = new Set<Session>();
  /** Sessions for which the node at the other end is the outside peer (RFC 4975 §5.4). */
  readonly outsideOf = new LazySet<Session>();
  /** A stream between two workers: what passes is counted where it comes in and where it goes out, not here. */
  readonly isStream: boolean;
  /** What waits to be told to the worker at the other end of a stream. */
  readonly notices: Notices | undefined;
  readonly transactions: TransactionTable;
  /** What it sends to others, and what others send to it. */
  readonly pacesIn = new LazySet<Pace>();
  readonly pacesOut = new LazySet<Pace>();
  /** Those whose senders were slowed down because too many requests other than SENDs waited here. */
  readonly crowded = new LazySet<Pace>();
  /** Transaction ids of requests of this hop that are still to be answered from afar. */
  readonly awaited = new LazySet<string>();
  readonly openedAtMs: number;
  /** Since when a head has been waiting for its rest; undefined when none is. */
  headSinceMs: number | undefined;
  /** A request of it succeeded: its probation is over (RFC 4976 §6.1). */
  isProven = false;
  /** Requests of it that failed during probation; failed AUTHs; requests not addressed to this relay. */
  failures = 0;
  authFailures = 0;
  misaddressed = 0;
  /** Failed AUTHs that went through here to other relays, by relay; made with the first. */
  authFailuresAt: Map<string, number> | undefined;
  /** AUTHs that came without credentials. */
  challenges = 0;
  /** AUTHs that are being judged. */
  authsInProgress = 0;
  /** The dNSNames that the certificate of the other end proved; none by default. */
  certifiedNames: readonly string[] = [];
  /** What the handshake was authenticated with; undefined when it was not. */
  token: HandshakeToken | undefined;
  /** The node at the other end has acted as a relay whose name it proved. */
  isRelay = false;
  /** The streams by which its requests are carried to other workers, by worker; made with the first. */
  crossings: Map<string, Crossing> | undefined;
  /** It is such a stream. */
  crossing: Crossing | undefined;
  /** Octets seen in both directions when it was last looked at, and since when there were no others. */
  #octetsSeen = 0;
  #quietSinceMs: number;
  /** What it was let in with; told when an AUTH succeeds. */
  admission: Pick<Admission, 'exempt'> | undefined;
  readonly #clock: Clock;
  readonly #rules: HopRules;
  #blockedSinceMs = 0;
  #blockedMs = 0;
  /** What stands in the way of reading it, and since when. */
  #blockers: Map<object, number> | undefined;
  #incoming: Incoming | undefined;
  #sendsInRead = 0;
  /** The head of the request or response that is being received. */
  latest: Head | undefined;
  /** Where its requests went lately: most go the same way as the one before. */
  latestRoute: FlowRoute | undefined;

  constructor(number: number, connection: Connection, rules: HopRules, budget: TransactionBudget, clock: Clock) {
    this.number = number;
    this.connection = connection;
    const { transport, remoteAddress, worker } = connection.origin;
    this.remoteAddress = transport === 'worker' ? `worker ${worker}` : remoteAddress;
    this.isStream = worker !== undefined;
    this.notices = this.isStream ? new Notices(clock, connection) : undefined;
    this.transactions = new TransactionTable(budget);
    this.openedAtMs = clock.nowMs();
    this.#clock = clock;
    this.#quietSinceMs = this.openedAtMs;
    this.#rules = rules;
    connection.listen(this);
  }

  get isUsable(): boolean {
    return this.connection.isUsable;
  }

  get isSecure(): boolean {
    return this.connection.origin.transport !== 'tcp';
  }

  /** Over WebSocket come clients alone, never peers of others, and clients authenticate (RFC 7977 §5.1, §5.3.1). */
  get mustAuthenticate(): boolean {
    const { transport } = this.connection.origin;
    // Its own worker knows whether it has.
    return (transport === 'ws' || transport === 'wss') && this.sessions.size === 0 && !this.isStream;
  }

  /** Whether what goes there goes on to somebody else: at the other end is a relay, or another worker. */
  get isBetween(): boolean {
    return this.isRelay || this.isStream;
  }

  /** Whether the other end proved that it may speak for `host`. */
  proves(host: string): boolean {
    return this.certifiedNames.length > 0 && namesCover(this.certifiedNames, host);
  }

  /**
   * Whether more depends on its being read than `pace` and the other direction of its session: another next hop or session
   * that it feeds, or the answers to what another session sends here. Then it must not stand still for `pace`.
   */
  isNeededBeside(pace: Pace): boolean {
    for (const other of this.pacesIn) if (other.egress !== pace.egress || !other.sharesSessionWith(pace)) return true;
    for (const other of this.pacesOut) if (!other.sharesSessionWith(pace)) return true;
    return false;
  }

  /** Reads nothing from this hop as long as `blocker` stands in the way. A pause has the cause of its first one. */
  block(blocker: object, cause: PauseCause): void {
    this.#blockers ??= new Map();
    if (this.#blockers.has(blocker)) return;
    const nowMs = this.#clock.nowMs();
    const isFirst = this.#blockers.size === 0;
    this.#blockers.set(blocker, nowMs);
    if (!isFirst) return;
    this.#blockedSinceMs = nowMs;
    this.connection.pause(cause);
    for (const pace of this.pacesOut) pace.goOn();
  }

  /** `blocker` is out of the way; reads on when it was the last. */
  unblock(blocker: object): void {
    if (this.#blockers?.delete(blocker) !== true || this.#blockers.size > 0) return;
    this.#blockedMs += this.#clock.nowMs() - this.#blockedSinceMs;
    this.connection.resume();
  }

  /** How long nothing has passed here, and nobody may expect anything to: 0 while a session or a request needs it. */
  idleMs(nowMs: number): number {
    const octets = this.connection.octetsIn + this.connection.octetsOut;
    const isNeeded =
      this.sessions.size > 0 || this.outsideOf.size > 0 || this.transactions.openCount > 0 || this.hasCrossings;
    if (octets !== this.#octetsSeen || isNeeded) this.#quietSinceMs = nowMs;
    this.#octetsSeen = octets;
    return nowMs - this.#quietSinceMs;
  }

  /** Whether no live session has to do with it, no request is under way, and nothing waits. */
  get isUnneeded(): boolean {
    const sessions = this.sessions.size + this.outsideOf.size + this.pacesIn.size + this.pacesOut.size;
    const requests = this.transactions.openCount + this.awaited.size + this.authsInProgress;
    return sessions + requests === 0 && this.connection.isDrained && !this.connection.isInsideMessage;
  }

  /** Whether other workers have to do with it: a stream lasts as long as the worker at its end needs it. */
  get hasCrossings(): boolean {
    return this.crossings !== undefined && this.crossings.size > 0;
  }

  get isBlocked(): boolean {
    return this.#blockers !== undefined && this.#blockers.size > 0;
  }

  /** For how long `blocker` has stood in the way; 0 when it does not. */
  blockedForMs(blocker: object, nowMs: number): number {
    return nowMs - (this.#blockers?.get(blocker) ?? nowMs);
  }

  /** How long, in all, this hop was not read; a response on it could not come in that time. */
  get blockedMs(): number {
    const since = this.isBlocked ? this.#clock.nowMs() - this.#blockedSinceMs : 0;
    return this.#blockedMs + since;
  }

  head(head: Head): void {
    if (head.method === 'SEND') this.#sendsInRead += 1;
    this.headSinceMs = undefined;
    this.latest = head;
    this.#incoming = this.#rules.begin(this, head);
  }

  body(octets: Uint8Array): void {
    this.#incoming?.body(this, octets);
  }

  end(flag: ContinuationFlag): void {
    const incoming = this.#incoming;
    this.#incoming = undefined;
    incoming?.end(this, flag);
    // A quiet connection must not hold the text that its last head was cut from.
    this.latest = undefined;
  }

  readDone(octets: number): void {
    const sends = this.#sendsInRead;
    this.#sendsInRead = 0;
    this.#rules.read(this, octets, sends);
    this.#incoming?.pause?.(this);
  }

  lastWords(): string | undefined {
    return this.notices?.take();
  }

  urgentTaken(): void {
    for (const pace of this.crowded) if (!pace.lane.isOverHigh) pace.laneIsLow();
    this.crowded.clear();
    this.crossing?.endIfOver();
  }

  broken(error: MsrpError, head: Head | undefined): void {
    this.#rules.broken(this, error, head);
  }

  closed(error: Error | undefined): void {
    const incoming = this.#incoming;
    this.#incoming = undefined;
    incoming?.lost?.(this);
    this.#rules.closed(this, error);
  }
}
