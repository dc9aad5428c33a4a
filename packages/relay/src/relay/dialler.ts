/** Opens connections to next hops that policy allows. */
import { type Clock, MsrpError } from 'msrp/base';
import { dial, dialService, provenNames, type Resolver } from 'msrp/node';
import type { NextHopPolicy } from './next-hop-policy.ts';
import type { Dialled, Dialler, DialRequest } from './ports.ts';

/** Most time for one next hop: look-up, all addresses, handshakes. */
const DIAL_TIMEOUT_MS = 15_000;

/** How next hops are reached and verified. */
export interface DiallerOptions {
  readonly clock: Clock;
  /** Finds the addresses of names, and the relays of domains. */
  readonly resolver: Resolver;
  readonly policy: Pick<NextHopPolicy, 'admits'>;
  readonly allowsCleartext: boolean;
  readonly verifiesEndpoints: boolean;
  readonly tls: DiallerTls;
}

/** What TLS to next hops is made with; replaced as a whole on reload. */
export interface DiallerTls {
  /** What this relay shows where it is asked who it is; nothing when undefined. PEM. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Authorities of the certificates of endpoints, in PEM; Node's own when undefined. */
  readonly ca: string | undefined;
  /** Those of other relays; the same as of endpoints when undefined. */
  readonly relaysCa: string | undefined;
  /** Suites that are offered, in the notation of OpenSSL. */
  readonly ciphers: string;
}

/** Dials over TCP and TLS; names are judged by the addresses they resolve to, which are the ones that are dialled. */
export class NextHopDialler implements Dialler {
  readonly allowsCleartext: boolean;
  readonly #options: DiallerOptions;
  #tls: DiallerTls;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.allowsCleartext = options.allowsCleartext;
  }

  get checksEndpointsAsRelays(): boolean {
    return this.#options.verifiesEndpoints && this.#tls.relaysCa === undefined;
  }

  async dial({ host, port, isSecure, isLast }: DialRequest): Promise<Dialled> {
    const { clock, policy, resolver, verifiesEndpoints } = this.#options;
    const { cert, key, relaysCa, ciphers } = this.#tls;
    const ca = isLast ? this.#tls.ca : (relaysCa ?? this.#tls.ca);
    const isCheckedAsRelay = !isLast || this.checksEndpointsAsRelays;
    const options = {
      timeoutMs: DIAL_TIMEOUT_MS,
      clock,
      admit: (address: string) => policy.admits(host, address),
      tls: { verify: verifiesEndpoints || !isLast, cert, key, ca, ciphers },
    };
    if (port === undefined && !isSecure)
      throw new MsrpError('MSRP_DIAL_FAILED', `${host} without port is for TLS only`);
    const socket = await (port === undefined
      ? dialService(host, { ...options, resolver })
      : dial({ host, port, secure: isSecure }, { ...options, lookup: resolver.addresses }));
    const certifiedNames = isCheckedAsRelay ? provenNames(socket, clock.nowMs()) : [];
    return { socket, remoteAddress: socket.remoteAddress ?? host, certifiedNames };
  }

  /** New connections use `tls`; those that stand keep what they have. */
  reload(tls: DiallerTls): void {
    this.#tls = tls;
  }

  admitsLiteral(host: string): boolean {
    return this.#options.policy.admits(host, host.replace(/^\[|\]$/g, ''));
  }
}
