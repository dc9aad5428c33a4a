/** From the host of a URI to the addresses to dial. RFC 4975 §6.2. */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** Gives the addresses of a name, in the order in which they are to be tried; fails when it has none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The system's resolver, with its hosts file, in the resolver's own order. */
export async function lookupAddresses(host: string): Promise<string[]> {
  const found = await systemLookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}

/** The address that `host` spells out, without the brackets of a URI; `undefined` when it is a name. */
export function literalAddress(host: string): string | undefined {
  const address = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return isIP(address) === 0 ? undefined : address;
}

/** Whether `host` is under `.invalid`: a name that stands for nothing and is never looked up. RFC 7977 App. A. */
export function isInvalidName(host: string): boolean {
  return /(^|\.)invalid\.?$/i.test(host);
}
