/**
 * The kinds of values a configuration holds. Every schema made here carries, as the message of its error, the words that
 * follow "expected" when a value is wrong.
 */
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** A whole number of `unit` between two bounds, both allowed. */
export function integer(min: number, max: number, unit: string) {
  const error = `a whole number of ${unit} from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** `true` or `false`. */
export function flag() {
  return z.boolean({ error: 'true or false' });
}

const REALM_EXPECTED = 'text without quotes, backslashes and control characters, at most 255 characters';

/** A realm of Digest: it stands between quotes on the wire. */
export function realmName() {
  return z.string({ error: REALM_EXPECTED }).regex(/^[^"\\\p{Cc}]{1,255}$/u, { error: REALM_EXPECTED });
}

/** One or more lines of text. */
export function text(expected: string) {
  return z.string({ error: expected }).min(1, { error: expected });
}

/** A mapping in which every key is known. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: 'a mapping' });
}

/** A list without repetitions of what `item` describes. */
export function list<Item extends z.ZodType>(item: Item, expected: string) {
  return z
    .array(item, { error: expected })
    .refine((items) => new Set(items.map((entry) => JSON.stringify(entry))).size === items.length, {
      error: `${expected}, each only once`,
    });
}

const DNS_NAME_EXPECTED = 'a fully qualified DNS name such as relay.example.org, not an address';

/** A fully qualified DNS name, or `localhost`; given back in lower case. */
export function dnsName() {
  return z
    .string({ error: DNS_NAME_EXPECTED })
    .toLowerCase()
    .refine((name) => name === 'localhost' || (isDnsName(name) && name.includes('.')), { error: DNS_NAME_EXPECTED });
}

/** Whether `name`, in lower case, is a DNS name. */
export function isDnsName(name: string): boolean {
  if (name.length > 253 || isIP(name) !== 0) return false;
  const labels = name.split('.');
  // A last label of digits alone would be read as part of an address (RFC 3696 §2).
  return labels.every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** Where to accept connections. `host` is an address without brackets, or `localhost`; port 0 means any free one. */
export interface Endpoint<Scheme extends string> {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number;
}

/** A URI `scheme://address:port`, given back in its parts. */
export function endpoint<Scheme extends string>(schemes: readonly Scheme[]) {
  const expected = `${schemes.map((scheme) => `${scheme}://`).join(' or ')} followed by ADDRESS:PORT`;
  return z.string({ error: expected }).transform((uri, context): Endpoint<Scheme> => {
    const parsed = parseEndpoint(uri, schemes);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/** A Unix socket by its path. */
export interface UnixSocket {
  readonly scheme: 'unix';
  /** Absolute. */
  readonly path: string;
}

/** The longest path that the system takes for a socket, in octets. */
const MAX_SOCKET_PATH = 107;
const ADMIN_EXPECTED = 'http://ADDRESS:PORT, or unix: followed by the absolute path of a socket';

/** Where the admin door is: an address, or a Unix socket such as `unix:/run/msrp-relay/admin.sock`. */
export function adminDoor() {
  return z.string({ error: ADMIN_EXPECTED }).transform((uri, context): Endpoint<'http'> | UnixSocket => {
    const path = uri.startsWith('unix:') ? uri.slice('unix:'.length) : undefined;
    if (path?.startsWith('/') && !path.includes('\0') && Buffer.byteLength(path) <= MAX_SOCKET_PATH) {
      return { scheme: 'unix', path };
    }
    const parsed = parseEndpoint(uri, ['http'] as const);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: ADMIN_EXPECTED });
    return z.NEVER;
  });
}

const TOKEN_EXPECTED = 'tokens of 16 to 256 characters from A-Z a-z 0-9 - . _ ~ + / =, one a line';

/** Bearer tokens (RFC 6750 §2.1), one or several: while they are changed, the old and the new one hold. */
export function tokens() {
  return z.string({ error: TOKEN_EXPECTED }).refine(
    (text) => {
      const found = tokensIn(text);
      return found.length > 0 && found.every((token) => /^[\w\-.~+/=]{16,256}$/.test(token));
    },
    { error: TOKEN_EXPECTED },
  );
}

/** The tokens in such a text. */
export function tokensIn(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((token) => token !== '');
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether nobody but this machine can reach the host of an endpoint. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || LOOPBACK.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

function parseEndpoint<Scheme extends string>(uri: string, schemes: readonly Scheme[]): Endpoint<Scheme> | undefined {
  const match = /^([a-z]+):\/\/(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+|localhost)):(\d{1,5})\/?$/.exec(uri);
  const scheme = schemes.find((known) => known === match?.[1]);
  const host = match?.[2] ?? match?.[3];
  const port = Number(match?.[4]);
  if (scheme === undefined || host === undefined || port > 65_535) return undefined;
  if (match?.[2] === undefined ? host !== 'localhost' && isIP(host) !== 4 : isIP(host) !== 6) return undefined;
  return { scheme, host, port };
}

const NAME_SERVER_EXPECTED = 'an IP address with or without port, such as 192.0.2.53 or [2001:db8::53]:5353';
const NAME_SERVERS_EXPECTED = 'system, or a list of one to three DNS servers such as 192.0.2.53';

/** `system`, or addresses of DNS servers. Three at most: more could not all be asked in the time that dialling has. */
export function nameServers() {
  const server = z.string({ error: NAME_SERVER_EXPECTED }).refine(isNameServer, { error: NAME_SERVER_EXPECTED });
  const error = NAME_SERVERS_EXPECTED;
  return z.union([z.literal('system', { error }), list(server, error).min(1, { error }).max(3, { error })], { error });
}

/** An address, IPv6 in brackets where a port follows; the port is not 0. */
function isNameServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, ipv6, ipv4, port = '53'] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const isAddress = ipv6 === undefined ? isIP(ipv4 ?? '') === 4 : isIP(ipv6) === 6;
  return isAddress && Number(port) > 0 && Number(port) <= 65_535;
}

const NETWORK_EXPECTED =
  'a network such as 10.0.0.0/8, an address, a name, *.suffix, loopback, private, linklocal or any';

/** Who a rule is about: CIDR, address, name, `*.suffix`, or `loopback`, `private`, `linklocal`, `any`; in lower case. */
export function network() {
  return z.string({ error: NETWORK_EXPECTED }).toLowerCase().refine(isNetwork, { error: NETWORK_EXPECTED });
}

function isNetwork(entry: string): boolean {
  if (['loopback', 'private', 'linklocal', 'any'].includes(entry) || isIP(entry) !== 0) return true;
  const [address = '', prefix, ...rest] = entry.split('/');
  if (prefix !== undefined) {
    const widestPrefix = isIP(address) === 4 ? 32 : 128;
    return rest.length === 0 && isIP(address) !== 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= widestPrefix;
  }
  return isDnsName(entry.startsWith('*.') ? entry.slice(2) : entry);
}

const ADDRESSES_EXPECTED = 'an address or a network such as 10.0.0.0/8';

/** An address, or a network in CIDR notation. */
export function addresses() {
  return z
    .string({ error: ADDRESSES_EXPECTED })
    .refine((entry) => isIP(entry.split('/')[0] ?? '') !== 0 && isNetwork(entry), { error: ADDRESSES_EXPECTED });
}

const RELAY_EXPECTED = 'a DNS name, *.suffix or any';

/** Which relays a rule is about, by the names that they prove: name, `*.suffix`, or `any`; in lower case. */
export function relayName() {
  return z
    .string({ error: RELAY_EXPECTED })
    .toLowerCase()
    .refine((entry) => entry === 'any' || isDnsName(entry.startsWith('*.') ? entry.slice(2) : entry), {
      error: RELAY_EXPECTED,
    });
}

/** The text of an endpoint, IPv6 addresses in brackets, such as `tls://[::1]:2855`. */
export function formatEndpoint({ scheme, host, port }: Endpoint<string>): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
