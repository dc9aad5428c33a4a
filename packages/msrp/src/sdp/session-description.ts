/**
 * A whole session description: the lines of the session and its media sections. Nothing is understood here but what
 * holds them together; every line stays as it came. RFC 8866.
 */
import { MsrpError } from '../base/errors.ts';
import { badLine, formatLine, readLines, type SdpLine } from './lines.ts';

/** A session description. Made by `parseSessionDescription`. */
export interface SessionDescription {
  /** The value of the o= line. */
  readonly origin: string;
  /** What stands between the o= line and the first m= line. */
  readonly lines: readonly SdpLine[];
  /** In their order, which is that of the media sections of an answer too (RFC 3264 §6). */
  readonly media: readonly MediaSection[];
}

/** An m= line and what stands below it. */
export interface MediaSection {
  /** The m= line itself. */
  readonly head: SdpLine;
  /** Such as `message` or `audio`. */
  readonly media: string;
  /** 0 when the stream is rejected or switched off. */
  readonly port: number;
  /** Such as `TCP/TLS/MSRP`. */
  readonly protocol: string;
  /** The list of formats, with single spaces between. */
  readonly formats: string;
  readonly lines: readonly SdpLine[];
}

/** `IN` and `IP4` or `IP6` are not looked at: nobody connects to this address. */
const ORIGIN = /^\S+ \d{1,20} \d{1,20} \S+ \S+ \S+$/;

/**
 * Reads a session description with lines that end in CRLF or LF. Lines of unknown types are kept; media sections are
 * not looked into, `readMedia` does that. Time grows with the length of the text, nothing else does.
 *
 * @throws MsrpError `MSRP_BAD_SDP`, naming the line and what was expected there. Lines s= and t= may be missing, as in
 *   RFC 7701's examples.
 */
export function parseSessionDescription(text: string): SessionDescription {
  const all = readLines(text);
  const [version, origin] = all;
  if (version?.type !== 'v' || version.value !== '0') throw badLine(1, '"v=0"');
  if (origin?.type !== 'o' || !isOrigin(origin.value)) {
    throw badLine(2, '"o=" with user, session id, session version, "IN", "IP4" or "IP6" and an address');
  }
  const lines: SdpLine[] = [];
  const media: (MediaSection & { readonly lines: SdpLine[] })[] = [];
  for (const line of all.slice(2)) {
    if (line.type === 'm') media.push(readHead(line));
    else (media.at(-1)?.lines ?? lines).push(line);
  }
  return { origin: origin.value, lines, media };
}

/** Writes a description as it was read, with CRLF at the end of each line. */
export function formatSessionDescription({ origin, lines, media }: SessionDescription): string {
  const all = [...lines, ...media.flatMap((section) => [section.head, ...section.lines])];
  return `v=0\r\n${formatLine('o', origin)}${all.map(({ type, value }) => formatLine(type, value)).join('')}`;
}

/**
 * Fits a new description of one's own to the one that was sent before in the same dialog: when nothing else changed it
 * keeps the o= line of before (RFC 4975 §8.4), otherwise it gets that o= line with the next session version
 * (RFC 3264 §8). Whatever o= line `next` has is replaced.
 *
 * @param previous - the text of the description that was sent last.
 * @param next - the text of the one to be sent.
 * @throws MsrpError `MSRP_BAD_SDP` when one of them is no session description.
 */
export function followUp(previous: string, next: string): string {
  const before = parseSessionDescription(previous);
  const unchanged = formatSessionDescription({ ...parseSessionDescription(next), origin: before.origin });
  if (unchanged === formatSessionDescription(before)) return unchanged;
  const [user, id, version, ...address] = before.origin.split(' ');
  const origin = [user, id, BigInt(version ?? 0) + 1n, ...address].join(' ');
  if (!isOrigin(origin)) throw new MsrpError('MSRP_BAD_SDP', 'o= to be written: there is no higher session version');
  return formatSessionDescription({ ...parseSessionDescription(next), origin });
}

function isOrigin(value: string): boolean {
  return ORIGIN.test(value);
}

function readHead(head: SdpLine): MediaSection & { readonly lines: SdpLine[] } {
  const [media, ports, protocol, ...formats] = head.value.split(' ').filter((field) => field !== '');
  const port = /^(\d{1,5})(?:\/\d{1,5})?$/.exec(ports ?? '')?.[1];
  if (media === undefined || protocol === undefined || formats.length === 0 || port === undefined || +port > 65_535) {
    throw badLine(head.number, '"m=" with media, a port up to 65535, protocol and formats');
  }
  return { head, media, port: Number(port), protocol, formats: formats.join(' '), lines: [] };
}
