/** The header with which a proxy says whose connection it passes on: the PROXY protocol, versions 1 and 2, of HAProxy. */
import { isIP } from 'node:net';
import { statedAddress } from './stated-address.ts';

/**
 * What the first octets of a connection are.
 *
 * - `incomplete`: as far as they go they may be a header.
 * - `malformed`: they are none; `why` goes on with "a header that".
 * - `complete`: its first so many `octets` are one. `source` is the address of the client; undefined when the proxy speaks
 *   for itself, or of something that has no address.
 */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'complete'; readonly octets: number; readonly source: string | undefined };

const TEXT_BEGINS = Buffer.from('PROXY ');
const BINARY_BEGINS = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

/** The longest header of version 1, its CRLF included. */
const MAX_TEXT_OCTETS = 107;

/** Version 2: what comes before the addresses, and the most that may follow. Additions of clouds take some hundreds. */
const FIXED_OCTETS = 16;
const MAX_REST_OCTETS = 4096;

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };

/** Reads a header at the beginning of `octets`, which may go on behind it. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (begins(octets, TEXT_BEGINS)) return octets.length < TEXT_BEGINS.length ? INCOMPLETE : readText(octets);
  if (!begins(octets, BINARY_BEGINS)) return malformed('is none');
  return octets.length < FIXED_OCTETS ? INCOMPLETE : readBinary(octets);
}

/** As far as there are octets. */
function begins(octets: Buffer, beginning: Buffer): boolean {
  const length = Math.min(octets.length, beginning.length);
  return octets.subarray(0, length).equals(beginning.subarray(0, length));
}

function readText(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, MAX_TEXT_OCTETS).indexOf('\r\n');
  if (end < 0) return octets.length < MAX_TEXT_OCTETS ? INCOMPLETE : malformed('does not end');
  const [, family, source = '', destination = '', ...ports] = octets.toString('latin1', 0, end).split(' ');
  const complete = { kind: 'complete', octets: end + 2 } as const;
  // Whatever follows is not to be looked at.
  if (family === 'UNKNOWN') return { ...complete, source: undefined };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined;
  const areAddresses = isIP(source) === version && isIP(destination) === version;
  const stated = statedAddress(source);
  if (!areAddresses || stated === undefined) return malformed('names no two addresses of a known family');
  if (ports.length !== 2 || !ports.every(isPort)) return malformed('names no two ports');
  return { ...complete, source: stated };
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** Where the source address stands, and how much there has to be: of IPv4 and IPv6 two addresses and two ports. */
const ADDRESSES = { 1: { end: FIXED_OCTETS + 4, rest: 12 }, 2: { end: FIXED_OCTETS + 16, rest: 36 } } as const;
const OVER_STREAM = 1;

function readBinary(octets: Buffer): ProxyHeader {
  const [versionAndCommand = 0, familyAndTransport = 0] = octets.subarray(BINARY_BEGINS.length);
  const command = versionAndCommand & 15;
  const rest = octets.readUInt16BE(FIXED_OCTETS - 2);
  if (versionAndCommand >> 4 !== 2 || command > 1) return malformed('has an unknown version or command');
  if (rest > MAX_REST_OCTETS) return malformed(`is longer than ${FIXED_OCTETS + MAX_REST_OCTETS} octets`);
  const family = familyAndTransport >> 4;
  const isKnown = family <= 3 && (family === 0 || (familyAndTransport & 15) === OVER_STREAM);
  // A proxy that looks whether somebody is there speaks for itself, whatever addresses it writes.
  const isLocal = command === 0;
  if (!isLocal && !isKnown) return malformed('is about no stream of a known family');
  const layout = isLocal || (family !== 1 && family !== 2) ? undefined : ADDRESSES[family];
  if (layout !== undefined && rest < layout.rest) return malformed('is too short for its addresses');
  if (octets.length < FIXED_OCTETS + rest) return INCOMPLETE;
  const source = layout === undefined ? undefined : addressOf(octets.subarray(FIXED_OCTETS, layout.end));
  return { kind: 'complete', octets: FIXED_OCTETS + rest, source };
}

function addressOf(octets: Buffer): string | undefined {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => octets.readUInt16BE(at * 2).toString(16));
  return statedAddress(groups.join(':'));
}

function malformed(why: string): ProxyHeader {
  return { kind: 'malformed', why };
}
