/** Where the relay may connect to. */
import { isIP, isIPv6 } from 'node:net';
import { Networks } from '../transport/networks.ts';
import { NameList } from './name-list.ts';

/** Names, suffixes, networks and classes, as the configuration has them. */
export interface NextHopRules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** The classes that rules may name. RFC 1918, RFC 4193, RFC 6598, RFC 3927, RFC 4291, RFC 1122; RFC 2765, RFC 4380. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: [
    ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '192.0.0.0/24', '198.18.0.0/15'],
    ...['fc00::/7', 'fec0::/10'],
    // These carry an IPv4 address in them that may be any of the others.
    ...['64:ff9b::/96', '64:ff9b:1::/48', '2002::/16', '2001::/32', '::/96', '::ffff:0:0:0/96'],
  ],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  any: ['0.0.0.0/0', '::/0'],
};

/** No next hop is ever there: "this network", multicast, broadcast. */
const NOWHERE = ['0.0.0.0/8', '224.0.0.0/3', '::/128', 'ff00::/8'];

interface Matcher {
  readonly networks: Networks;
  readonly names: NameList;
}

/**
 * Judges a next hop by the name in its URI and the address it resolved to: allow beats deny, and
 * what neither names is allowed. Addresses are judged after resolution, so a name cannot lead inside.
 */
export class NextHopPolicy {
  readonly #allow: Matcher;
  readonly #deny: Matcher;
  readonly #nowhere: Networks;

  constructor(rules: NextHopRules) {
    this.#allow = matcher(rules.allow);
    this.#deny = matcher(rules.deny);
    this.#nowhere = new Networks(NOWHERE);
  }

  /** @param host - from the URI, lower case. @param address - an IP address without brackets. */
  admits(host: string, address: string): boolean {
    const plain = withoutMapping(address);
    if (isIP(plain) === 0 || this.#nowhere.has(plain)) return false;
    return matches(this.#allow, host, plain) || !matches(this.#deny, host, plain);
  }
}

/** `::ffff:127.0.0.1` leads where 127.0.0.1 does. */
function withoutMapping(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? address;
}

function matcher(rules: readonly string[]): Matcher {
  const entries = rules.flatMap((name) => CLASSES[name] ?? [name]);
  const isNetwork = (entry: string) => entry.includes('/') || isIPv6(entry) || /^[\d.]+$/.test(entry);
  return {
    networks: new Networks(entries.filter(isNetwork)),
    names: new NameList(entries.filter((entry) => !isNetwork(entry))),
  };
}

function matches({ networks, names }: Matcher, host: string, address: string): boolean {
  return names.has(host) || networks.has(address);
}
