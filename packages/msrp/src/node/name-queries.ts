/** The questions about names: to the system, or to DNS servers. What they cost and how often is the resolver's concern. */
import { Resolver as DnsClient } from 'node:dns/promises';
import { MsrpError } from '../base/errors.ts';
import { lookupAddresses } from './addresses.ts';
import type { Found } from './lookup-cache.ts';
import type { ServiceRecord } from './service-records.ts';

/** Who is asked: the system's resolver, or servers such as `192.0.2.53` and `[2001:db8::53]:5353`, in this order. */
export type NameServers = 'system' | readonly string[];

/** Asks anew with every call. Failures are an `MsrpError` `MSRP_LOOKUP_FAILED`. */
export interface NameQueries {
  /** The addresses of `host` (A and AAAA), at least one, in the order in which they are to be tried. */
  addresses(host: string): Promise<Found<readonly string[]>>;
  /** The SRV records for MSRP over TLS at `host`; none when there are none, which is not a failure. RFC 4976 §8. */
  services(host: string): Promise<Found<readonly ServiceRecord[]>>;
  /** Lets fail what is under way: servers that are silent would keep the process alive. */
  cancel(): void;
}

/** How long a server may take to answer; each is asked twice before the look-up fails. */
const SERVER_TIMEOUT_MS = 2000;

/** The system does not tell how long an answer holds. */
const SYSTEM_LIFETIME_MS = 10_000;

/** Node does not tell the lifetime of SRV records. */
const SERVICE_LIFETIME_MS = 60_000;

/** Less would make a query of every message, more would outlive any change of plan. */
const [MIN_LIFETIME_MS, MAX_LIFETIME_MS] = [1000, 3_600_000];

/** One of the two families did not answer: it is asked again soon. */
const HALF_LIFETIME_MS = 5000;

/** More addresses of one family, and more records, than anybody tries. */
const MAX_ADDRESSES = 16;
const MAX_SERVICES = 64;

/** The questions as `servers` want to be asked. @throws Error when one of them is no address. */
export function nameQueries(servers: NameServers, serverTimeoutMs = SERVER_TIMEOUT_MS): NameQueries {
  const client = new DnsClient({ timeout: serverTimeoutMs, maxTimeout: serverTimeoutMs, tries: 2 });
  if (servers !== 'system') client.setServers(servers);
  return {
    addresses: (host) => (servers === 'system' ? systemAddresses(host) : addresses(client, host)),
    services: (host) => services(client, host),
    cancel: () => client.cancel(),
  };
}

async function systemAddresses(host: string): Promise<Found<readonly string[]>> {
  try {
    return { value: await lookupAddresses(host), lifetimeMs: SYSTEM_LIFETIME_MS };
  } catch (cause) {
    throw failed(`no address of ${host} was found`, cause);
  }
}

/**
 * IPv4 first: addresses are tried one after the other, and an IPv6 address that is published but leads nowhere is
 * more common than the reverse.
 */
async function addresses(client: DnsClient, host: string): Promise<Found<readonly string[]>> {
  const families = await Promise.allSettled([
    client.resolve4(host, { ttl: true }),
    client.resolve6(host, { ttl: true }),
  ]);
  const records = families.flatMap((family) =>
    family.status === 'fulfilled' ? family.value.slice(0, MAX_ADDRESSES) : [],
  );
  const reasons = families.flatMap((family) => (family.status === 'rejected' ? [family.reason] : []));
  const unanswered = reasons.find((reason) => !isAbsence(reason));
  if (records.length === 0) throw failed(`no address of ${host} was found`, unanswered ?? reasons[0]);
  const shortestMs = Math.min(...records.map(({ ttl }) => ttl * 1000));
  const longestMs = unanswered === undefined ? MAX_LIFETIME_MS : HALF_LIFETIME_MS;
  return {
    value: records.map(({ address }) => address),
    lifetimeMs: Math.min(Math.max(shortestMs, MIN_LIFETIME_MS), longestMs),
  };
}

async function services(client: DnsClient, host: string): Promise<Found<readonly ServiceRecord[]>> {
  try {
    const records = await client.resolveSrv(`_msrps._tcp.${host}`);
    const value = records
      .map(({ priority, weight, port, name }) => ({ priority, weight, port, target: name }))
      .sort((a, b) => a.priority - b.priority)
      .slice(0, MAX_SERVICES);
    return { value, lifetimeMs: SERVICE_LIFETIME_MS };
  } catch (cause) {
    // A failure is no answer: other relays than the one that is meant might be found without the records.
    if (!isAbsence(cause)) throw failed(`the SRV records of ${host} could not be looked up`, cause);
    return { value: [], lifetimeMs: SERVICE_LIFETIME_MS };
  }
}

/** The servers say that there is no such name, or none with such records. */
function isAbsence(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

function failed(what: string, cause: unknown): MsrpError {
  return new MsrpError('MSRP_LOOKUP_FAILED', what, { cause });
}
