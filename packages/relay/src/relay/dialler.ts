/** Opens connections to next hops that policy allows. */
import { type Clock, MsrpError } from 'msrp/base';
import { dial, dialService, type Resolver } from 'msrp/node';
import type { NextHopPolicy } from './next-hop-policy.ts';
import type { Dialler, DialRequest } from './ports.ts';

/** Most time for one next hop: look-up, all addresses, handshakes. */
const DIAL_TIMEOUT_MS = 15_000;

/** How next hops are reached and verified. */
export interface DiallerOptions {
  readonly clock: Clock;
  /** Finds the addresses of names, and the relays of domains. */
  readonly resolver: Resolver;
  readonly policy: NextHopPolicy;
  readonly allowsCleartext: boolean;
  readonly verifiesEndpoints: boolean;
  readonly tls: DiallerTls;
}

/** What TLS to next hops is made with; replaced as a whole on reload. */
export interface DiallerTls {
  /** Authorities of next hops' certificates, in PEM; Node's own when undefined. */
  readonly ca: string | undefined;
  /** Suites that are offered, in the notation of OpenSSL. */
  readonly ciphers: string;
}

/** Dials over TCP and TLS; names are judged by the addresses they resolve to, which are the ones that are dialled. */
export class NextHopDialler implements Dialler {
  readonly allowsCleartext: boolean;
  readonly verifiesEndpoints: boolean;
  readonly #options: DiallerOptions;
  #tls: DiallerTls;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.allowsCleartext = options.allowsCleartext;
    this.verifiesEndpoints = options.verifiesEndpoints;
  }

  async dial({ host, port, isSecure, isLast }: DialRequest): ReturnType<Dialler['dial']> {
    const { clock, policy, resolver } = this.#options;
    const { ca, ciphers } = this.#tls;
    const verify = this.verifiesEndpoints || !isLast;
    const options = {
      timeoutMs: DIAL_TIMEOUT_MS,
      clock,
      admit: (address: string) => policy.admits(host, address),
      tls: { verify, ciphers, ...(ca === undefined ? {} : { ca }) },
    };
    if (port === undefined && !isSecure)
      throw new MsrpError('MSRP_DIAL_FAILED', `${host} without port is for TLS only`);
    const socket = await (port === undefined
      ? dialService(host, { ...options, resolver })
      : dial({ host, port, secure: isSecure }, { ...options, lookup: resolver.addresses }));
    return { socket, remoteAddress: socket.remoteAddress ?? host };
  }

  /** New connections use `tls`; those that stand keep what they have. */
  reload(tls: DiallerTls): void {
    this.#tls = tls;
  }

  admitsLiteral(host: string): boolean {
    return this.#options.policy.admits(host, host.replace(/^\[|\]$/g, ''));
  }
}
