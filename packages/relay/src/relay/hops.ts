/** All hops there are, and the way to a next one: a connection that exists, or a new one (RFC 4976 §6.4.2). */
import type { Clock } from 'msrp/base';
import { MsrpError } from 'msrp/base';
import { type MsrpUri, nodeKey } from 'msrp/wire';
import { Connection, type ConnectionContext, type ConnectionOrigin } from '../transport/connection.ts';
import { Hop, type HopRules } from './hop.ts';
import type { Dialler } from './ports.ts';
import type { Loss, TransactionBudget } from './transactions.ts';

/** For so long a node that could not be reached is not tried again. */
const FAILURE_MS = 5000;

/** How many such nodes are remembered. */
const MAX_FAILURES = 1000;

/** The open hops and those that are being dialled. */
export class Hops {
  readonly all = new Set<Hop>();
  readonly #clock: Clock;
  readonly #context: ConnectionContext;
  readonly #dialler: Dialler;
  readonly #rules: HopRules;
  readonly #budget: TransactionBudget;
  readonly #maxDialled: number;
  readonly #dialled = new Map<string, Hop>();
  readonly #keys = new Map<Hop, string>();
  readonly #failures = new Map<string, Loss & { readonly untilMs: number }>();

  constructor(
    clock: Clock,
    context: ConnectionContext,
    dialler: Dialler,
    rules: HopRules,
    budget: TransactionBudget,
    maxDialled: number,
  ) {
    this.#maxDialled = maxDialled;
    this.#clock = clock;
    this.#context = context;
    this.#dialler = dialler;
    this.#rules = rules;
    this.#budget = budget;
  }

  /** A hop for a connection that a peer opened, or that is being dialled. */
  add(origin: ConnectionOrigin): Hop {
    const connection = new Connection(origin, this.#context);
    const hop = new Hop(connection, this.#rules, this.#budget, this.#clock);
    this.all.add(hop);
    return hop;
  }

  /** Whether there is a connection to the node of `uri`, or may be one more. */
  mayDial(uri: MsrpUri, isLast: boolean): boolean {
    return this.#dialled.size < this.#maxDialled || this.#dialled.has(this.#keyOf(uri, isLast));
  }

  /** The hop is over. */
  remove(hop: Hop): void {
    this.all.delete(hop);
    const key = this.#keys.get(hop);
    if (key === undefined) return;
    this.#keys.delete(hop);
    if (this.#dialled.get(key) === hop) this.#dialled.delete(key);
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
    const key = this.#keyOf(uri, isLast);
    const known = this.#dialled.get(key);
    if (known?.isUsable === true) return known;
    const isSecure = uri.scheme === 'msrps';
    const hop = this.add({
      transport: isSecure ? 'tls' : 'tcp',
      direction: 'dialled',
      remoteAddress: uri.host,
      localPort: 0,
    });
    this.#dialled.set(key, hop);
    this.#keys.set(hop, key);
    this.#dialler.dial({ host: uri.host, port: uri.port, isSecure, isLast }).then(
      ({ socket }) => {
        this.#failures.delete(key);
        hop.connection.open(socket);
      },
      (error: unknown) => {
        this.#remember(key, error);
        hop.connection.destroy(error instanceof Error ? error : new Error(String(error)));
      },
    );
    return hop;
  }

  /** An endpoint whose certificate was not checked must not serve as a checked one. */
  #keyOf(uri: MsrpUri, isLast: boolean): string {
    return isLast && !this.#dialler.verifiesEndpoints ? `${nodeKey(uri)} unverified` : nodeKey(uri);
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
