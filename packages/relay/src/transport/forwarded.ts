/** Whose request an HTTP proxy has forwarded: X-Forwarded-For, or Forwarded (RFC 7239). */
import type { IncomingHttpHeaders } from 'node:http';
import type { Networks } from './networks.ts';
import { statedAddress } from './stated-address.ts';

/** The two ways of saying it. A proxy writes one of them, and passes on whatever its client has written in the other. */
export const FORWARDED_HEADERS = ['X-Forwarded-For', 'Forwarded'] as const;

/** Whose word is taken, and in which header it stands. */
export interface ForwardingRules {
  readonly proxies: Networks;
  readonly header: (typeof FORWARDED_HEADERS)[number];
}

/**
 * The nearest address that is no proxy of ours: from the right, as each proxy adds the one that it saw.
 *
 * @param peer - the other end of the connection. It is the answer when it is no proxy, and where a proxy says nothing that
 *   can be understood, the proxy is.
 */
export function clientAddress(
  headers: IncomingHttpHeaders,
  peer: string,
  { proxies, header }: ForwardingRules,
): string {
  const value = String(headers[header === 'Forwarded' ? 'forwarded' : 'x-forwarded-for'] ?? '');
  const nodes = header === 'Forwarded' ? nodesOf(value) : value.split(',');
  let address = peer;
  for (let at = nodes.length - 1; at >= 0 && proxies.has(address); at -= 1) {
    const before = addressOf(nodes[at]?.trim() ?? '');
    if (before === undefined) break;
    address = before;
  }
  return address;
}

/** `192.0.2.1`, `2001:db8::1`, either with a port: then IPv6 in brackets. Names that hide an address are none. */
function addressOf(node: string): string | undefined {
  const [, ipv6, ipv4] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(node) ?? [];
  return statedAddress(ipv6 ?? ipv4 ?? node);
}

/** One element of Forwarded: its pairs, of which values may be in quotes. RFC 7239 §4. */
const ELEMENT = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const FOR = /(?:^|;)\s*for\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;,"\s]*))\s*(?=;|$)/i;

/** What `for` says in each element; '' where it says nothing. */
function nodesOf(value: string): string[] {
  const elements = value.match(ELEMENT) ?? [];
  return elements.map((element) => {
    const [, quoted, plain = ''] = FOR.exec(element) ?? [];
    return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
  });
}
