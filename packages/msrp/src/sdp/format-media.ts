/** Writing the media sections of a session description. RFC 4975 §8, RFC 8866 §5. */
import { MsrpError } from '../base/errors.ts';
import { parseUri } from '../wire/index.ts';
import { formatAttribute } from './attributes.ts';
import { readFingerprint } from './fingerprint.ts';
import { formatLine } from './lines.ts';
import { KNOWN_ATTRIBUTES, type MsrpMedia } from './media.ts';
import { readTypes } from './media-types.ts';
import type { MediaSection } from './session-description.ts';

/**
 * Writes an MSRP stream: its m= line, c= line and attributes, each with CRLF. What it writes reads back as `media`.
 *
 * @throws MsrpError `MSRP_BAD_SDP` when the description says what may not be said: no path, a URI without port, no
 *   accept-types, an attribute that `media` has a field for, a line break in a value.
 */
export function formatMedia(media: MsrpMedia): string {
  const { port, protocol, address, attributes } = media;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw unwritable('m=', 'a port up to 65535');
  return [
    formatLine('m', `message ${port} ${protocol} *`),
    address === undefined ? '' : formatConnection(address),
    media.direction === 'sendrecv' ? '' : formatAttribute(media.direction),
    formatTypes(media),
    media.maxSize === undefined ? '' : formatAttribute('max-size', octets(media.maxSize)),
    formatPath(media),
    media.setup === undefined ? '' : formatAttribute('setup', media.setup),
    ...media.fingerprints.map(({ hash, value }) => formatFingerprint(`${hash} ${value}`)),
    ...attributes.map(({ name, value }) => formatOther(name, value)),
  ].join('');
}

/** Writes the answer to a media section, of any kind, that is not wanted: the same line with port 0 (RFC 3264 §6). */
export function formatRejection({ media, protocol, formats }: MediaSection): string {
  return formatLine('m', `${media} 0 ${protocol} ${formats}`);
}

/**
 * Writes a c= line.
 *
 * @param address - a name, or an address without brackets.
 */
export function formatConnection(address: string): string {
  if (!/^[^\s/]+$/.test(address)) throw unwritable('c=', 'a name or an address');
  return formatLine('c', `IN ${addressType(address)} ${address}`);
}

/** Names go by as IPv4, as in all examples of RFC 4975. */
export function addressType(address: string): 'IP4' | 'IP6' {
  return address.includes(':') ? 'IP6' : 'IP4';
}

function formatTypes({ port, acceptTypes, acceptWrappedTypes }: MsrpMedia): string {
  if (acceptTypes.length === 0 && port !== 0) throw unwritable('a=accept-types', 'at least one media type');
  return [
    acceptTypes.length === 0 ? '' : formatAttribute('accept-types', typeList(acceptTypes)),
    acceptWrappedTypes.length === 0 ? '' : formatAttribute('accept-wrapped-types', typeList(acceptWrappedTypes)),
  ].join('');
}

function typeList(types: readonly string[]): string {
  if (!types.every((type) => readTypes(type)?.[0] === type)) {
    throw unwritable('a=accept-types and a=accept-wrapped-types', 'media types, "type/*" or "*"');
  }
  return types.join(' ');
}

function formatPath({ port, path }: MsrpMedia): string {
  if (path.length === 0 && port === 0) return '';
  if (path.length === 0 || !path.every((uri) => parseUri(uri)?.port !== undefined)) {
    throw unwritable('a=path', 'MSRP URIs with ports');
  }
  return formatAttribute('path', path.join(' '));
}

function formatFingerprint(value: string): string {
  const read = readFingerprint(value);
  if (value !== `${read?.hash} ${read?.value}`) throw unwritable('a=fingerprint', 'what makeFingerprint makes');
  return formatAttribute('fingerprint', value);
}

function formatOther(name: string, value: string | undefined): string {
  if (KNOWN_ATTRIBUTES.has(name)) throw unwritable(`a=${name}`, 'no further attribute of this name');
  return formatAttribute(name, value);
}

function octets(size: number): string {
  if (!Number.isSafeInteger(size) || size < 0) throw unwritable('a=max-size', 'a number of octets');
  return String(size);
}

function unwritable(what: string, expected: string): MsrpError {
  return new MsrpError('MSRP_BAD_SDP', `${what} to be written: expected ${expected}`);
}
