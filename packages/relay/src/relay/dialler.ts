/** Opens connections to next hops that policy allows. */
import type { Clock } from 'msrp/base';
import { dial } from 'msrp/node';
import type { NextHopPolicy } from './next-hop-policy.ts';
import type { Dialler, DialRequest } from './ports.ts';

/** Most time for one next hop: look-up, all addresses, handshakes. */
const DIAL_TIMEOUT_MS = 15_000;

/** How next hops are reached and verified. */
export interface DiallerOptions {
  readonly clock: Clock;
  readonly policy: NextHopPolicy;
  readonly allowsCleartext: boolean;
  readonly verifiesEndpoints: boolean;
  /** Authorities of next hops' certificates, in PEM; Node's own when undefined. */
  readonly ca: string | undefined;
}

/** Dials over TCP and TLS; names are judged by the addresses they resolve to, which are the ones that are dialled. */
export class NextHopDialler implements Dialler {
  readonly allowsCleartext: boolean;
  readonly verifiesEndpoints: boolean;
  readonly #options: DiallerOptions;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.allowsCleartext = options.allowsCleartext;
    this.verifiesEndpoints = options.verifiesEndpoints;
  }

  async dial({ host, port, isSecure, isLast }: DialRequest): ReturnType<Dialler['dial']> {
    const { clock, policy, ca } = this.#options;
    const verify = this.verifiesEndpoints || !isLast;
    const socket = await dial(
      { host, port, secure: isSecure },
      {
        timeoutMs: DIAL_TIMEOUT_MS,
        clock,
        admit: (address) => policy.admits(host, address),
        tls: { verify, ...(ca === undefined ? {} : { ca }) },
      },
    );
    return { socket, remoteAddress: socket.remoteAddress ?? host };
  }

  admitsLiteral(host: string): boolean {
    return this.#options.policy.admits(host, host.replace(/^\[|\]$/g, ''));
  }
}
