/** The hop to the next URI of a path: what stands is used, what policy allows is dialled (RFC 4976 §6.4.2). */
import { isAddressLiteral, type MsrpUri, sameUri } from 'msrp/wire';
import type { Hop } from './hop.ts';
import type { Hops } from './hops.ts';
import type { Dialler } from './ports.ts';
import { type Refusal, refusal } from './refusals.ts';
import type { Session } from './sessions.ts';

const TRANSPORT = refusal(408, 'Next hop cannot be dialled', 'transport');
const NO_PORT = refusal(408, 'Next hop has no port', 'no port');
const CLEARTEXT = refusal(403, 'Next hop is not secure', 'cleartext next hop');
const DENIED = refusal(403, 'Next hop not allowed', 'denied');
const TOO_MANY_CONNECTIONS = refusal(408, 'Too many connections', 'connections');

/** Finds and opens ways onward, for requests that have been admitted. */
export class NextHops {
  readonly #hops: Hops;
  readonly #dialler: Dialler;

  constructor(hops: Hops, dialler: Dialler) {
    this.#hops = hops;
    this.#dialler = dialler;
  }

  /** From the inside hop of `session` to the node of `next`, the last one of the path or not. */
  outward(session: Session, next: MsrpUri, isLast: boolean): Hop | Refusal {
    const { outside } = session;
    if (isLast && outside?.peer !== undefined && outside.hop.isUsable && sameUri(outside.peer, next))
      return outside.hop;
    return next.port === undefined ? NO_PORT : this.#reach(next, isLast);
  }

  /** To the next relay of an AUTH: always over TLS, its name checked; where it has no port, SRV records may know one. */
  toRelay(next: MsrpUri): Hop | Refusal {
    return this.#reach(next, false);
  }

  /**
   * To the inside hop of `session`, which `next` names. A relay is reached on a connection of the port that `next` names,
   * else on any that it has: one is opened only when there is none, so that nobody outside chooses ports to dial.
   */
  inward({ inside }: Session, next: MsrpUri): Hop | Refusal {
    if (inside.kind === 'client') return inside.hop;
    const ofPort = next.scheme === 'msrps' ? this.#hops.find(next, false) : undefined;
    const known = ofPort ?? this.#hops.ofRelay(inside.name);
    return known ?? (next.port === undefined ? NO_PORT : this.#reach(next, false));
  }

  /** To a relay that had proved to be the node of `uri` on a connection that is gone; undefined when it cannot be reached. */
  backTo(uri: MsrpUri): Hop | undefined {
    const way = uri.port === undefined ? NO_PORT : this.#reach(uri, false);
    return way.kind === 'hop' ? way : undefined;
  }

  #reach(next: MsrpUri, isLast: boolean): Hop | Refusal {
    if (next.transport !== 'tcp') return TRANSPORT;
    if (next.scheme === 'msrp' && !(isLast && this.#dialler.allowsCleartext)) return CLEARTEXT;
    if (isAddressLiteral(next) && !this.#dialler.admitsLiteral(next.host)) return DENIED;
    const known = this.#hops.find(next, isLast);
    if (known !== undefined) return known;
    const failure = this.#hops.failureOf(next, isLast);
    if (failure !== undefined) return refusal(failure.status, failure.comment, failure.trigger);
    if (!this.#hops.hasRoom()) return TOO_MANY_CONNECTIONS;
    return this.#hops.towards(next, isLast);
  }
}
