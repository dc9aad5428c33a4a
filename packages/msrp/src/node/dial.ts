/** Opens a connection to the node of a URI: from its name to a socket that is ready. RFC 4975 §5.4, §6.2. */
import type { Socket } from 'node:net';
import type { ConnectionOptions, SecureContextOptions } from 'node:tls';
import { type Clock, systemClock } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import { isInvalidName, type Lookup, literalAddress, lookupAddresses } from './addresses.ts';
import { attempt } from './attempt.ts';
import { failed, timedOut } from './dial-errors.ts';
import { checkPeerName } from './peer-name.ts';
import { inTime, orAborted } from './time-limit.ts';
import { tlsDefaults } from './tls-defaults.ts';

/** Whom to reach. */
export interface DialTarget {
  /** Host of the URI, a name or a literal (IPv6 with or without brackets). SNI and certificate check use it. */
  readonly host: string;
  readonly port: number;
  /** TLS when true (`msrps`), plain TCP when false. */
  readonly secure: boolean;
  /** Addresses that were already found, by SRV for example; `host` is then not looked up. They are still admitted. */
  readonly addresses?: readonly string[] | undefined;
}

/** How this side behaves in TLS. Without `ca` the authorities that Node comes with are trusted. */
export interface DialTls extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'ciphers'> {
  /** False accepts any certificate, whoever it names. */
  readonly verify: boolean;
}

/** How to reach it. */
export interface DialOptions {
  /** For everything together: looking up, all addresses, handshakes. Each address may use an equal share of what is left. */
  readonly timeoutMs: number;
  readonly tls?: DialTls | undefined;
  /** The system's resolver when absent. */
  readonly lookup?: Lookup | undefined;
  /** Judges each address after resolution; what it admits is what is dialled, no name is looked up again. */
  readonly admit?: ((address: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Connects to the first address of `target` that answers and, when `secure`, proves to be `target.host`; the addresses
 * are tried one after the other, in the order given.
 *
 * @returns a socket (a `TLSSocket` when secure) that is open, paused, without Nagle delay and with keep-alive. Errors of
 *   it are swallowed until the caller listens; `close` always follows them.
 * @throws MsrpError `MSRP_DIAL_FAILED`, `MSRP_DIAL_TIMEOUT`, `MSRP_DIAL_DENIED` (`admit` refused every address) or
 *   `MSRP_BAD_PEER_NAME`. No socket and no timer stays behind.
 */
export function dial(target: DialTarget, options: DialOptions): Promise<Socket> {
  return inTime(target.host, options, async (signal, deadlineMs) => {
    const addresses = await addressesOf(target, options, signal);
    return firstOpen(target, addresses, options, deadlineMs, signal);
  });
}

async function addressesOf(target: DialTarget, options: DialOptions, signal: AbortSignal): Promise<readonly string[]> {
  const { host, addresses } = target;
  const { lookup = lookupAddresses, admit = () => true } = options;
  signal.throwIfAborted();
  if (isInvalidName(host)) throw failed(host, 'names under .invalid have no address');
  const literal = literalAddress(host);
  const known = addresses ?? (literal === undefined ? undefined : [literal]);
  const found =
    known ?? (await orAborted(lookup(host), signal, (cause) => failed(host, 'no address was found', cause)));
  // Whatever is no address would be looked up when dialled, past `admit`.
  const usable = found.filter((address) => literalAddress(address) === address);
  if (usable.length === 0) throw failed(host, 'it has no address');
  const admitted = usable.filter(admit);
  if (admitted.length > 0) return admitted;
  throw new MsrpError('MSRP_DIAL_DENIED', `none of the addresses of ${host} is admitted`);
}

async function firstOpen(
  target: DialTarget,
  addresses: readonly string[],
  options: DialOptions,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const { clock = systemClock } = options;
  const tls = target.secure ? tlsOptions(target.host, options.tls) : undefined;
  let last: unknown;
  for (const [index, address] of addresses.entries()) {
    signal.throwIfAborted();
    const shareMs = (deadlineMs - clock.nowMs()) / (addresses.length - index);
    try {
      const socket = await attempt({ address, port: target.port, tls, timeoutMs: shareMs, clock, signal });
      if (!socket.destroyed) return socket;
      last = new Error('closed by the peer as soon as it was open');
    } catch (error) {
      signal.throwIfAborted();
      last = error;
    }
  }
  if (last instanceof MsrpError) throw last.code === 'MSRP_DIAL_TIMEOUT' ? timedOut(target.host) : last;
  const why = last instanceof Error ? `: ${last.message}` : '';
  throw failed(target.host, `no address answered as it should${why}`, last);
}

function tlsOptions(host: string, tls: DialTls = { verify: true }): ConnectionOptions {
  const { ca, cert, key, ciphers = tlsDefaults.ciphers, verify } = tls;
  // SNI carries names only, and without a final dot. RFC 6066 §3.
  const servername = literalAddress(host) === undefined ? host.replace(/\.$/, '') : undefined;
  return {
    minVersion: tlsDefaults.minVersion,
    ciphers,
    rejectUnauthorized: verify,
    checkServerIdentity: (_dialled, certificate) => checkPeerName(host, certificate),
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
