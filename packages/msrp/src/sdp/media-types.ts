/** The lists of accept-types and accept-wrapped-types, and what they let pass. RFC 4975 §8.6, §13. */
import { scan, TOKEN } from '../wire/uri-characters.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const ASTERISK = 0x2a;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** The two lists of a description. Entries as written: `text/plain`, `image/*`, `*`, parameters included. */
export interface AcceptedTypes {
  /** What may be the whole of a message, or stand in a container. */
  readonly acceptTypes: readonly string[];
  /** What may stand only in a container that `acceptTypes` lists. */
  readonly acceptWrappedTypes: readonly string[];
}

/**
 * Reads a format-list. More than one space between entries and spaces at the ends are let pass: RFC 4976 §11 has one
 * in front.
 *
 * @returns undefined when there is no entry, or one that is no media type, `type/*` or `*`.
 */
export function readTypes(value: string): string[] | undefined {
  const entries: string[] = [];
  for (let at = skipSpaces(value, 0); at < value.length; ) {
    const end = entryEnd(value, at);
    if (end < 0 || (end < value.length && value.charCodeAt(end) !== SPACE)) return undefined;
    entries.push(value.slice(at, end));
    at = skipSpaces(value, end);
  }
  return entries.length === 0 ? undefined : entries;
}

/**
 * Whether a message as a whole may have this type: listed, or let pass by `type/*` or `*`. Case and parameters take no
 * part. What only a wildcard lets pass may still be answered 415.
 */
export function acceptsType({ acceptTypes }: Pick<AcceptedTypes, 'acceptTypes'>, contentType: string): boolean {
  return covers(acceptTypes, mediaTypeOf(contentType));
}

/** Whether this type may stand inside a message of the type `container`. */
export function acceptsWrapped(accepted: AcceptedTypes, container: string, contentType: string): boolean {
  const type = mediaTypeOf(contentType);
  return (
    acceptsType(accepted, container) &&
    (covers(accepted.acceptTypes, type) || covers(accepted.acceptWrappedTypes, type))
  );
}

/**
 * Which of the types that the same content could be sent as to take: the first one that the peer lists, else the first
 * one that a wildcard lets pass.
 *
 * @param candidates - one's own favourite first.
 * @returns undefined when the peer takes none of them.
 */
export function preferredType(peer: AcceptedTypes, candidates: readonly string[]): string | undefined {
  const listed = peer.acceptTypes.map(mediaTypeOf);
  return (
    candidates.find((candidate) => listed.includes(mediaTypeOf(candidate))) ??
    candidates.find((candidate) => acceptsType(peer, candidate))
  );
}

/** Whether the peer asks for all messages in message/cpim: it stands first in its accept-types. RFC 4975 §13. */
export function wantsCpim({ acceptTypes: [first = ''] }: AcceptedTypes): boolean {
  return mediaTypeOf(first) === 'message/cpim';
}

/**
 * The types of a list that another list has too. Where one side says `*` or `type/*`, what the other side says counts.
 *
 * @param ours - its order is that of the result.
 */
export function commonTypes(ours: readonly string[], theirs: readonly string[]): string[] {
  const common = ours.flatMap((own) => {
    if (covers(theirs, mediaTypeOf(own))) return [own];
    return theirs.filter((other) => covers([own], mediaTypeOf(other)));
  });
  return [...new Set(common)];
}

/** Whether one of the entries lets `type` pass, which may be a wildcard itself. */
function covers(entries: readonly string[], type: string): boolean {
  return entries.some((entry) => {
    const pattern = mediaTypeOf(entry);
    if (pattern === '*' || pattern === '*/*' || pattern === type) return true;
    return pattern.endsWith('/*') && type.startsWith(pattern.slice(0, -1));
  });
}

/** Type and subtype of a Content-Type as they compare: in lower case, without parameters. */
export function mediaTypeOf(type: string): string {
  const semicolon = type.indexOf(';');
  return (semicolon < 0 ? type : type.slice(0, semicolon)).trim().toLowerCase();
}

/** Offset after the entry at `at`, -1 when there is none. */
function entryEnd(value: string, at: number): number {
  let end = scan(value, at, TOKEN);
  if (value.charCodeAt(end) !== SLASH) return end === at + 1 && value.charCodeAt(at) === ASTERISK ? end : -1;
  const subtype = end + 1;
  end = scan(value, subtype, TOKEN);
  if (subtype === at + 1 || end === subtype) return -1;
  while (value.charCodeAt(end) === SEMICOLON) {
    end = parameterEnd(value, end + 1);
    if (end < 0) return -1;
  }
  return end;
}

function parameterEnd(value: string, at: number): number {
  const equals = scan(value, at, TOKEN);
  if (equals === at || value.charCodeAt(equals) !== EQUALS) return -1;
  if (value.charCodeAt(equals + 1) === QUOTE) return quotedEnd(value, equals + 2);
  const end = scan(value, equals + 1, TOKEN);
  return end === equals + 1 ? -1 : end;
}

/** Offset after the closing quote. */
function quotedEnd(value: string, at: number): number {
  for (let end = at; end < value.length; end += 1) {
    const code = value.charCodeAt(end);
    if (code === QUOTE) return end + 1;
    if (code === BACKSLASH) end += 1;
  }
  return -1;
}

function skipSpaces(value: string, at: number): number {
  let end = at;
  while (value.charCodeAt(end) === SPACE) end += 1;
  return end;
}
