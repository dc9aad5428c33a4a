/** Opens a connection to the relay of a domain: from a URI without port to a socket that is ready. RFC 4976 §8. */
import type { Socket } from 'node:net';
import { systemClock } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import { isInvalidName, literalAddress } from './addresses.ts';
import { type DialOptions, dial } from './dial.ts';
import { failed } from './dial-errors.ts';
import type { Resolver } from './resolver.ts';
import { orderServices, type ServiceRecord } from './service-records.ts';
import { inTime, orAborted } from './time-limit.ts';

/** How to find and reach it: as for {@link dial}, `timeoutMs` for everything together. */
export interface ServiceDialOptions extends Omit<DialOptions, 'lookup'> {
  readonly resolver: Pick<Resolver, 'addresses' | 'services'>;
  /** Draws among targets of the same priority; numbers from 0 to less than 1. */
  readonly random?: (() => number) | undefined;
}

/** The port of a domain that has no SRV records. RFC 4976 §8. */
const DEFAULT_PORT = 2855;

/** Where a connection is tried next. */
type ServiceTarget = Pick<ServiceRecord, 'port' | 'target'>;

/** So that many targets do not leave each too little for a handshake: the time that one may use at least. */
const LEAST_SHARE_MS = 3000;

/**
 * Connects over TLS to `host`, a name that came without port: to the targets of its SRV records `_msrps._tcp` in the
 * order of RFC 2782, each with all its addresses, or to port 2855 of the name itself when there are none. SNI and the
 * certificate check keep to `host`, whatever the records say. RFC 4976 §8, §9.2.
 *
 * @returns and throws as {@link dial} does. `MSRP_DIAL_DENIED` when no target has an address that is admitted. When the
 *   records cannot be looked up, or say that the service is not offered, that is the end: `MSRP_DIAL_FAILED`.
 */
export function dialService(host: string, options: ServiceDialOptions): Promise<Socket> {
  const { clock = systemClock, resolver } = options;
  return inTime(host, options, async (signal, deadlineMs) => {
    const targets = await targetsOf(host, options, signal);
    let failure: unknown;
    for (const [index, { port, target }] of targets.entries()) {
      const leftMs = deadlineMs - clock.nowMs();
      const timeoutMs = Math.max(leftMs / (targets.length - index), Math.min(leftMs, LEAST_SHARE_MS));
      const lookup = () => resolver.addresses(target);
      try {
        return await dial({ host, port, secure: true }, { ...options, timeoutMs, lookup, signal });
      } catch (error) {
        signal.throwIfAborted();
        if (failure === undefined || !isDenial(error)) failure = error;
      }
    }
    throw failure;
  });
}

async function targetsOf(
  host: string,
  { resolver, random = Math.random }: ServiceDialOptions,
  signal: AbortSignal,
): Promise<readonly ServiceTarget[]> {
  signal.throwIfAborted();
  if (isInvalidName(host)) throw failed(host, 'names under .invalid have no address');
  if (literalAddress(host) !== undefined) throw failed(host, 'an address needs a port');
  const records = await orAborted(resolver.services(host), signal, (cause) =>
    failed(host, 'its SRV records cannot be looked up', cause),
  );
  if (records.length === 0) return [{ port: DEFAULT_PORT, target: host }];
  const offered = records.filter(({ target }) => target !== '');
  if (offered.length === 0) throw failed(host, 'its SRV record says that MSRP is not offered there');
  return orderServices(offered, random);
}

function isDenial(error: unknown): boolean {
  return error instanceof MsrpError && error.code === 'MSRP_DIAL_DENIED';
}
