/** Ways to the other workers of this relay: by which requests are carried to the sessions that they have. */
import type { Clock } from 'msrp/base';
import { formatUri, type MsrpUri } from 'msrp/wire';
import { Crossing } from './crossing.ts';
import type { Flow } from './flow.ts';
import type { Hop } from './hop.ts';
import type { Hops } from './hops.ts';
import type { OwnNames } from './names.ts';
import type { PaceLimits } from './pace.ts';
import type { CarriedConnection, OtherWorkers } from './ports.ts';
import { type Refusal, refusal } from './refusals.ts';

/** For so long a worker that could not be reached is not tried again: it takes longer to start. */
const FAILURE_MS = 500;

const UNREACHABLE = refusal(408, 'Next hop unreachable', 'unreachable');
const TOO_MANY = refusal(408, 'Too many next hops', 'next hops');

/** What ways to other workers are made from. */
export interface CrossingsParts {
  readonly clock: Clock;
  readonly hops: Hops;
  readonly names: OwnNames;
  readonly workers: OtherWorkers;
  /** Bounds of every way. */
  readonly flow: PaceLimits;
}

/** A request for a session of another worker. */
export interface ForeignRequest {
  readonly ingress: Hop;
  readonly owner: string;
  /** The session URI, first of `toPath`. */
  readonly uri: string;
  readonly toPath: string;
  readonly fromPath: string;
  /** The relay that it comes from, where a certificate proved that it does. */
  readonly previousRelay: MsrpUri | undefined;
}

/** The way that it goes. */
interface Carried {
  readonly kind: 'flow';
  readonly flow: Flow;
}

/** All streams that this worker has opened to others: one for each connection whose requests it carries, and one for its own clients. */
export class Crossings {
  readonly #parts: CrossingsParts;
  /** By worker: on which this worker is a relay like any other. */
  readonly #links = new Map<string, Hop>();
  readonly #failedUntilMs = new Map<string, number>();

  constructor(parts: CrossingsParts) {
    this.#parts = parts;
  }

  /** The other worker that has the session of `uri`, one of this relay's URIs; undefined when no other has. */
  ownerOf({ sessionId = '' }: MsrpUri): string | undefined {
    const owner = sessionId.slice(0, Math.max(0, sessionId.indexOf('.')));
    return this.#parts.workers.has(owner) ? owner : undefined;
  }

  /** The way that the last request for the session `uri` went from `ingress`, if one with these paths may go the same way. */
  known(ingress: Hop, uri: string, toPath: string, fromPath: string): Flow | undefined {
    if (ingress.crossings === undefined) return undefined;
    const slash = uri.indexOf('/', 8);
    return ingress.crossings.get(uri.slice(slash + 1, uri.indexOf('.', slash)))?.known(uri, toPath, fromPath);
  }

  /** Carries a request to the worker that has its session. That one judges it. */
  carry({ ingress, owner, uri, toPath, fromPath, previousRelay }: ForeignRequest): Carried | Refusal {
    const known = ingress.crossings?.get(owner);
    if (known?.stream.isUsable !== true && this.#isFailing(owner)) return UNREACHABLE;
    const crossing = known?.stream.isUsable === true ? known : this.#open(owner, ingress);
    const flow = crossing.inward(uri, toPath, fromPath, previousRelay);
    return flow === undefined ? TOO_MANY : { kind: 'flow', flow };
  }

  /** To a session of another worker, of a client of this one: two relays, one before the other. */
  link(owner: string): Hop | Refusal {
    const known = this.#links.get(owner);
    if (known?.isUsable === true) return known;
    if (this.#isFailing(owner)) return UNREACHABLE;
    const certifiedNames = this.#parts.names.hosts;
    const relays = certifiedNames.map((host) => formatUri({ scheme: 'msrps', host, transport: 'tcp' }));
    const origin = { transport: 'worker', direction: 'accepted', remoteAddress: '', localPort: 0 } as const;
    const link = this.#dial(owner, { origin, certifiedNames, relays, isProven: true });
    link.certifiedNames = certifiedNames;
    link.isRelay = true;
    this.#links.set(owner, link);
    return link;
  }

  #open(owner: string, outside: Hop): Crossing {
    const { hops, flow } = this.#parts;
    const { origin, chunk } = outside.connection;
    const { certifiedNames, isProven, remoteAddress } = outside;
    const relays = hops.relaysAt(outside);
    const carried = { origin: { ...origin, remoteAddress, chunk }, certifiedNames, relays, isProven };
    return new Crossing(owner, outside, this.#dial(owner, carried), flow);
  }

  #dial(owner: string, connection: CarriedConnection): Hop {
    const { hops, workers, clock } = this.#parts;
    const hop = hops.add({
      transport: 'worker',
      direction: 'dialled',
      remoteAddress: '',
      localPort: 0,
      worker: owner,
    });
    workers.open(owner, connection).then(
      (stream) => {
        this.#failedUntilMs.delete(owner);
        hop.connection.open(stream);
      },
      (error: unknown) => {
        this.#failedUntilMs.set(owner, clock.nowMs() + FAILURE_MS);
        hop.connection.destroy(error instanceof Error ? error : new Error(String(error)));
      },
    );
    return hop;
  }

  #isFailing(owner: string): boolean {
    return (this.#failedUntilMs.get(owner) ?? 0) > this.#parts.clock.nowMs();
  }
}
