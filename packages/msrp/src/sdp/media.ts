/** The MSRP part of a session description: one `m=message` and its attributes. RFC 4975 §8, RFC 6135, RFC 8122. */
import { parseUri, splitPath } from '../wire/index.ts';
import { type Attribute, type AttributeLine, attributesIn, readOne, readValue } from './attributes.ts';
import { FINGERPRINT_FORM, type Fingerprint, readFingerprint } from './fingerprint.ts';
import { badLine, type SdpLine } from './lines.ts';
import { type AcceptedTypes, readTypes } from './media-types.ts';
import type { MediaSection, SessionDescription } from './session-description.ts';

/** Who may open the connection. `holdconn` is ignored (RFC 6135 §4.2.1). */
export type Setup = 'active' | 'passive' | 'actpass';

/** Which way content may go, as seen by the side that says it. REPORTs and control messages are free (RFC 4975 §8.9). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What one side says about one MSRP stream. */
export interface MsrpMedia extends AcceptedTypes {
  /** 0 when the stream is rejected; 9 when its side will not listen. Nobody connects to it (RFC 4975 §8.1). */
  readonly port: number;
  readonly protocol: 'TCP/MSRP' | 'TCP/TLS/MSRP';
  /** The host of the c= line that is in force, without brackets. Nobody connects to it either. */
  readonly address: string | undefined;
  /** URIs as written, where to connect first, the endpoint itself last. Empty only when the stream is rejected. */
  readonly path: readonly string[];
  /** Octets of a whole message; undefined when the side names no limit. */
  readonly maxSize: number | undefined;
  /** undefined for a side that knows RFC 4975 only. */
  readonly setup: Setup | undefined;
  readonly direction: Direction;
  /** In their order; which of them are good for anything, `strongestFingerprints` says. */
  readonly fingerprints: readonly Fingerprint[];
  /** All other attributes of the section, in their order: those of file transfer, chat rooms, CEMA, unknown ones. */
  readonly attributes: readonly Attribute[];
}

const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
const SETUPS: readonly (Setup | 'holdconn')[] = ['active', 'passive', 'actpass', 'holdconn'];

/** What `MsrpMedia` has fields for, and a=connection, which is ignored and never sent (RFC 6135 §4.4). */
export const KNOWN_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...DIRECTIONS,
  ...['accept-types', 'accept-wrapped-types', 'max-size', 'path', 'setup', 'connection', 'fingerprint'],
]);

const PATH_FORM = 'MSRP URIs and single spaces between, the first with a port';
const TYPES_FORM = 'media types, "type/*" or "*", and spaces between';

/** Whether a media section is about MSRP over TCP or TLS. Its list of formats is not looked at (RFC 4975 §8.1). */
export function isMsrp({ media, protocol }: MediaSection): boolean {
  return media === 'message' && isProtocol(protocol);
}

/**
 * Reads one media section. What the section does not say, setup, direction, fingerprints and address, is taken from the
 * lines of the session. Who wants all sections takes `readMsrpMedia`, which reads those lines once.
 *
 * @param section - one of `description.media` of which `isMsrp` is true.
 * @throws MsrpError `MSRP_BAD_SDP`, naming the line and what was expected there. A rejected stream needs no path and no
 *   accept-types.
 */
export function readMedia(description: SessionDescription, section: MediaSection): MsrpMedia {
  return readSection(section, sharedBy(description));
}

/** The MSRP streams of a description, in their order, as `readMedia` reads them. */
export function readMsrpMedia(description: SessionDescription): MsrpMedia[] {
  const shared = sharedBy(description);
  return description.media.filter(isMsrp).map((section) => readSection(section, shared));
}

/** What the lines of the session say for all sections that do not say otherwise. */
export type Shared = Pick<MsrpMedia, 'address' | 'setup' | 'direction' | 'fingerprints'>;

/** Reads the lines of the session. */
export function sharedBy({ lines }: SessionDescription): Shared {
  const attributes = attributesIn(lines);
  return {
    address: addressIn(lines),
    setup: setupIn(attributes),
    direction: directionIn(attributes) ?? 'sendrecv',
    fingerprints: fingerprintsIn(attributes),
  };
}

/** Reads one media section, as `readMedia` does. */
export function readSection(section: MediaSection, shared: Shared): MsrpMedia {
  const { head, media, port, protocol, lines } = section;
  if (media !== 'message' || !isProtocol(protocol)) {
    throw badLine(head.number, '"m=message" with TCP/MSRP or TCP/TLS/MSRP');
  }
  const attributes = attributesIn(lines);
  const has = (wanted: string) => attributes.some(({ name }) => name === wanted);
  const path = readOne(attributes, 'path', readPath, PATH_FORM);
  const acceptTypes = readOne(attributes, 'accept-types', readTypes, TYPES_FORM);
  if (port !== 0 && path === undefined) throw badLine(head.number, 'a=path below this m= line');
  if (port !== 0 && acceptTypes === undefined) throw badLine(head.number, 'a=accept-types below this m= line');
  return {
    port,
    protocol,
    address: addressIn(lines) ?? shared.address,
    path: path ?? [],
    acceptTypes: acceptTypes ?? [],
    acceptWrappedTypes: readOne(attributes, 'accept-wrapped-types', readTypes, TYPES_FORM) ?? [],
    maxSize: readOne(attributes, 'max-size', readMaxSize, 'a number of octets'),
    setup: has('setup') ? setupIn(attributes) : shared.setup,
    direction: directionIn(attributes) ?? shared.direction,
    fingerprints: has('fingerprint') ? fingerprintsIn(attributes) : shared.fingerprints,
    attributes: attributes
      .filter(({ name }) => !KNOWN_ATTRIBUTES.has(name))
      .map(({ name, value }) => ({ name, value })),
  };
}

/**
 * Whether content may be sent: this side wants to and the peer wants to hear it. Asks nothing about REPORTs and about
 * SENDs with control messages, such as IMDN: those may always be sent (RFC 4975 §8.9).
 */
export function maySendContent(own: Pick<MsrpMedia, 'direction'>, peer: Pick<MsrpMedia, 'direction'>): boolean {
  return (
    (own.direction === 'sendrecv' || own.direction === 'sendonly') &&
    (peer.direction === 'sendrecv' || peer.direction === 'recvonly')
  );
}

/** Reads the value of a=path: only the first URI needs a port, since that is the one somebody has to connect to. */
function readPath(value: string): string[] | undefined {
  const path = splitPath(value);
  const uris = path.map(parseUri);
  return uris[0]?.port === undefined || uris.includes(undefined) ? undefined : path;
}

/** Sizes that a number cannot hold exactly count as the largest one that can: no message is that long. */
function readMaxSize(value: string): number | undefined {
  return /^ *\d{1,400} *$/.test(value) ? Math.min(Number(value), Number.MAX_SAFE_INTEGER) : undefined;
}

function readSetup(value: string): Setup | 'holdconn' | undefined {
  const role = value.trim().toLowerCase();
  return SETUPS.find((setup) => setup === role);
}

function setupIn(attributes: readonly AttributeLine[]): Setup | undefined {
  const setup = readOne(attributes, 'setup', readSetup, 'active, passive, actpass or holdconn');
  return setup === 'holdconn' ? undefined : setup;
}

function directionIn(attributes: readonly AttributeLine[]): Direction | undefined {
  const [first, second] = attributes.flatMap(({ name, line }) => {
    const direction = DIRECTIONS.find((one) => one === name);
    return direction === undefined ? [] : [{ direction, line }];
  });
  if (second !== undefined) throw badLine(second.line, 'no second direction');
  return first?.direction;
}

function fingerprintsIn(attributes: readonly AttributeLine[]): Fingerprint[] {
  return attributes
    .filter(({ name }) => name === 'fingerprint')
    .map((attribute) => readValue(attribute, readFingerprint, FINGERPRINT_FORM));
}

/** The last field of the c= line, whatever stands in front: RFC 8873 §4.8 prints one field too many. */
function addressIn(lines: readonly SdpLine[]): string | undefined {
  const connection = lines.find(({ type }) => type === 'c')?.value.trim();
  return connection?.slice(connection.lastIndexOf(' ') + 1);
}

function isProtocol(protocol: string): protocol is MsrpMedia['protocol'] {
  return protocol === 'TCP/MSRP' || protocol === 'TCP/TLS/MSRP';
}
