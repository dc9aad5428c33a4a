/** Making an offer. RFC 4975 §8, RFC 6135 §4.2, RFC 3264 §5. */
import { MsrpError } from '../base/errors.ts';
import { parseUri } from '../wire/index.ts';
import type { Attribute } from './attributes.ts';
import type { Fingerprint } from './fingerprint.ts';
import { addressType, formatConnection, formatMedia } from './format-media.ts';
import { formatLine } from './lines.ts';
import type { Direction, MsrpMedia, Setup } from './media.ts';

/** Who makes a description: its o= line. RFC 8866 §5.2. */
export interface Origin {
  /** `-` for none; no blanks. */
  readonly user: string;
  /** Decimal digits, never used by this user and host before, such as seconds since 1900. */
  readonly sessionId: string;
  /** Decimal digits; `followUp` raises them. */
  readonly sessionVersion: string;
  /** A name, or an address without brackets, of this host. */
  readonly address: string;
}

/** What an offer or an answer says about one stream. */
export interface MediaParts {
  /** As `localPath` makes it; its last URI is for this session alone. */
  readonly path: readonly string[];
  /** All that can be received as a whole message: also the containers that everybody must know, or `*`. */
  readonly acceptTypes: readonly string[];
  /** What can be received in a container only. */
  readonly acceptWrappedTypes?: readonly string[] | undefined;
  /** Octets of a whole message. */
  readonly maxSize?: number | undefined;
  /** Whether a peer can connect to the last URI of the path: no NAT in front. Behind a relay, every peer can. */
  readonly reachable: boolean;
  readonly direction?: Direction | undefined;
  /** One's own certificate's, when it is self-signed. */
  readonly fingerprints?: readonly Fingerprint[] | undefined;
  /** Further attributes of the stream. */
  readonly attributes?: readonly Attribute[] | undefined;
}

/**
 * The path to put into a description: one's relays, the outermost first, then oneself. RFC 4976 §5.1.
 *
 * @param usePath - URIs of the Use-Path that the outermost relay granted, in their order; empty without relays.
 * @param own - one's own session URI.
 */
export function localPath(usePath: readonly string[], own: string): string[] {
  return [...usePath.toReversed(), own];
}

/**
 * Writes an offer of one or more MSRP streams. Each says `a=setup:actpass` when a peer can connect, else
 * `a=setup:active`. An offer with other streams is put together by its author, from `offeredMedia` and `formatMedia`.
 *
 * @throws MsrpError `MSRP_BAD_SDP` when the parts cannot be written, as `formatMedia` does.
 */
export function formatOffer(origin: Origin, streams: readonly MediaParts[]): string {
  const sections = streams.map(offeredMedia);
  return formatSession(origin, sections[0]?.address ?? origin.address, sections);
}

/** One stream of an offer. */
export function offeredMedia(parts: MediaParts): MsrpMedia {
  return makeMedia(parts, isReachable(parts) ? 'actpass' : 'active', parts.direction ?? 'sendrecv');
}

/** Whether a peer can connect, to this side itself or to its relay. */
export function isReachable({ path, reachable }: MediaParts): boolean {
  return reachable || path.length > 1;
}

/**
 * One stream as this side describes it. Port and address are those of its own URI, the last one, as RFC 4975 §8.1 has
 * it; an active side has port 9 (RFC 6135 §4.2.2). The first URI tells the protocol, since it is connected to.
 *
 * @throws MsrpError `MSRP_BAD_SDP` when the first or the last URI of the path is none, or the last one has no port or port 0,
 *   which would reject the stream.
 */
export function makeMedia(parts: MediaParts, setup: Setup, direction: Direction): MsrpMedia {
  const { path, acceptTypes, acceptWrappedTypes = [], maxSize, fingerprints = [], attributes = [] } = parts;
  const first = parseUri(path[0] ?? '');
  const own = parseUri(path.at(-1) ?? '');
  if (first === undefined || own?.port === undefined || own.port === 0) {
    throw new MsrpError('MSRP_BAD_SDP', 'a=path to be written: expected MSRP URIs with ports');
  }
  return {
    port: setup === 'active' ? 9 : own.port,
    protocol: first.scheme === 'msrps' ? 'TCP/TLS/MSRP' : 'TCP/MSRP',
    address: own.host.startsWith('[') ? own.host.slice(1, -1) : own.host,
    path,
    acceptTypes,
    acceptWrappedTypes: acceptWrappedTypes.filter((type) => !acceptTypes.includes(type)),
    maxSize,
    setup,
    direction,
    fingerprints,
    attributes,
  };
}

/**
 * Writes a whole description.
 *
 * @param address - of the c= line of the session; sections that have the same need none of their own.
 * @param sections - streams, or whole sections as text.
 */
export function formatSession(origin: Origin, address: string, sections: readonly (MsrpMedia | string)[]): string {
  const { user, sessionId, sessionVersion } = origin;
  const fields = [user, sessionId, sessionVersion, 'IN', addressType(origin.address), origin.address];
  if (!/^[^\s]+ \d{1,20} \d{1,20} IN IP[46] [^\s]+$/.test(fields.join(' '))) {
    throw new MsrpError('MSRP_BAD_SDP', 'o= to be written: expected no blanks, and decimal digits for id and version');
  }
  return [
    formatLine('v', '0'),
    formatLine('o', fields.join(' ')),
    formatLine('s', '-'),
    formatConnection(address),
    formatLine('t', '0 0'),
    ...sections.map((section) => (typeof section === 'string' ? section : formatMedia(without(section, address)))),
  ].join('');
}

function without(media: MsrpMedia, address: string): MsrpMedia {
  return media.address === address ? { ...media, address: undefined } : media;
}
