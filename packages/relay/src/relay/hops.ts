/** All hops there are, and the way to a next one: a connection that exists, or a new one (RFC 4976 §6.4.2). */
import type { Clock } from 'msrp/base';
import { MsrpError } from 'msrp/base';
import { type MsrpUri, nodeKey } from 'msrp/wire';
import { Connection, type ConnectionContext } from '../transport/connection.ts';
import type { ConnectionOrigin } from '../transport/connection-origin.ts';
import { Hop, type HopRules } from './hop.ts';
import type { Dialler } from './ports.ts';
import { SpareHops } from './spare-hops.ts';
import type { Loss, TransactionBudget } from './transactions.ts';

/** For so long a node that could not be reached is not tried again. */
const FAILURE_MS = 5000;

/** How many such nodes are remembered. */
const MAX_FAILURES = 1000;

/** One connection leads to a relay under so many names and ports at most. */
const MAX_KEYS = 32;

/** The open hops and those that are being dialled. */
export class Hops {
  readonly all = new Set<Hop>();
  readonly #clock: Clock;
  readonly #context: ConnectionContext;
  readonly #dialler: Dialler;
  readonly #rules: HopRules;
  readonly #budget: TransactionBudget;
  readonly #limits: { readonly dialled: number };
  readonly #dialled = new Set<Hop>();
  readonly #spare: SpareHops;
  #lastNumber: number;
  /** The hops that lead to a node, and to a relay by its host name alone, in the order in which they came. */
  readonly #leading = new Map<string, Set<Hop>>();
  readonly #keys = new Map<Hop, Set<string>>();
  readonly #failures = new Map<string, Loss & { readonly untilMs: number }>();

  constructor(
    clock: Clock,
    context: ConnectionContext,
    dialler: Dialler,
    rules: HopRules,
    budget: TransactionBudget,
    limits: { readonly dialled: number },
    numbersAbove = 0,
  ) {
    this.#lastNumber = numbersAbove;
    this.#limits = limits;
    this.#clock = clock;
    this.#spare = new SpareHops(clock, this.all);
    this.#context = context;
    this.#dialler = dialler;
    this.#rules = rules;
    this.#budget = budget;
  }

  /** A hop for a connection that a peer opened, or that is being dialled. */
  add(origin: ConnectionOrigin): Hop {
    const connection = new Connection(origin, this.#context);
    this.#lastNumber += 1;
    const hop = new Hop(this.#lastNumber, connection, this.#rules, this.#budget, this.#clock);
    this.all.add(hop);
    return hop;
  }

  /** Whether one more connection may be opened; one that is not needed gives way to it. */
  hasRoom(): boolean {
    return this.#dialled.size < this.#limits.dialled || this.#spare.closeOne(true);
  }

  /** Closes the least recently used connection that nobody needs; false when all are needed. */
  makeRoom(): boolean {
    return this.#spare.closeOne(false);
  }

  /** The hop is over. */
  remove(hop: Hop): void {
    this.all.delete(hop);
    this.#dialled.delete(hop);
    for (const key of this.#keys.get(hop) ?? []) {
      const hops = this.#leading.get(key);
      hops?.delete(hop);
      if (hops?.size === 0) this.#leading.delete(key);
    }
    this.#keys.delete(hop);
  }

  /**
   * The hop to the node of `uri`, whoever opened it: of several the first that still lives, so that what goes there
   * keeps its order. A URI without port names the relay on whatever port.
   */
  find(uri: MsrpUri, isLast: boolean): Hop | undefined {
    const known = this.#firstOf(this.#keyOf(uri, isLast));
    return known === undefined && uri.port === undefined ? this.ofRelay(uri.host) : known;
  }

  /** Any hop to the relay that proved to be `name`, on whatever port. */
  ofRelay(name: string): Hop | undefined {
    return this.#firstOf(name);
  }

  /** The node at the other end of `hop` has acted as the relay of `uri`, and a certificate proves that it is: other requests go there on it, too. */
  confirm(hop: Hop, uri: MsrpUri): void {
    if (!this.all.has(hop)) return;
    hop.isRelay = true;
    if (uri.scheme === 'msrps') this.#lead(hop, nodeKey(uri));
    this.#lead(hop, uri.host);
  }

  /** URIs of the relays that the other end of `hop` has acted as, as far as they were proved. */
  relaysAt(hop: Hop): string[] {
    return hop.isRelay ? [...(this.#keys.get(hop) ?? [])].filter((key) => key.startsWith('msrps:')) : [];
  }

  /** Why `uri` cannot be reached just now, if that was found out a moment ago. */
  failureOf(uri: MsrpUri, isLast: boolean): Loss | undefined {
    const key = this.#keyOf(uri, isLast);
    const failure = this.#failures.get(key);
    if (failure === undefined) return undefined;
    if (failure.untilMs > this.#clock.nowMs()) return failure;
    this.#failures.delete(key);
    return undefined;
  }

  /**
   * The hop to the node of `uri`: the one that stands or is being dialled, else a new one. What is given to it
   * before it is open waits. `uri` has transport tcp; without port it is a domain whose relay DNS names.
   */
  towards(uri: MsrpUri, isLast: boolean): Hop {
    const known = this.find(uri, isLast);
    if (known !== undefined) return known;
    const key = this.#keyOf(uri, isLast);
    const isSecure = uri.scheme === 'msrps';
    const hop = this.add({
      transport: isSecure ? 'tls' : 'tcp',
      direction: 'dialled',
      remoteAddress: uri.host,
      localPort: 0,
    });
    this.#dialled.add(hop);
    this.#lead(hop, key);
    this.#dialler.dial({ host: uri.host, port: uri.port, isSecure, isLast }).then(
      ({ socket, certifiedNames, remoteAddress }) => {
        this.#failures.delete(key);
        hop.certifiedNames = certifiedNames;
        hop.remoteAddress = remoteAddress;
        hop.isRelay = !isLast;
        // Only now: a port that leads nowhere must not hold up what goes to the relay of this name.
        if (hop.isRelay && this.all.has(hop)) this.#lead(hop, uri.host);
        hop.connection.open(socket);
      },
      (error: unknown) => {
        this.#remember(key, error);
        hop.connection.destroy(error instanceof Error ? error : new Error(String(error)));
      },
    );
    return hop;
  }

  #lead(hop: Hop, key: string): void {
    const keys = this.#keys.get(hop) ?? new Set();
    if (keys.size >= MAX_KEYS) return;
    this.#keys.set(hop, keys.add(key));
    this.#leading.set(key, (this.#leading.get(key) ?? new Set()).add(hop));
  }

  #firstOf(key: string): Hop | undefined {
    for (const hop of this.#leading.get(key) ?? []) if (hop.isUsable) return hop;
    return undefined;
  }

  /** An endpoint whose certificate was checked less strictly than a relay's must not serve as a relay. */
  #keyOf(uri: MsrpUri, isLast: boolean): string {
    return isLast && !this.#dialler.checksEndpointsAsRelays ? `${nodeKey(uri)} endpoint` : nodeKey(uri);
  }

  #remember(key: string, error: unknown): void {
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size < MAX_FAILURES) break;
      this.#failures.delete(oldest);
    }
    this.#failures.set(key, { ...failureFor(error), untilMs: this.#clock.nowMs() + FAILURE_MS });
  }
}

/** What the end of a connection means for the requests that were to go over it. */
export function failureFor(error: unknown): Loss {
  if (!(error instanceof MsrpError)) return { status: 408, comment: 'Connection to next hop lost', trigger: 'lost' };
  if (error.code === 'MSRP_DIAL_DENIED') return { status: 403, comment: 'Next hop not allowed', trigger: 'denied' };
  return { status: 408, comment: 'Next hop unreachable', trigger: 'unreachable' };
}
