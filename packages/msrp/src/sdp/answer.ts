/** Answering an offer. RFC 4975 §8, RFC 6135 §4.2.2, RFC 3264 §6. */
import { formatRejection } from './format-media.ts';
import { type Direction, isMsrp, type MsrpMedia, maySendContent, readSection, type Setup, sharedBy } from './media.ts';
import { commonTypes } from './media-types.ts';
import { formatSession, isReachable, type MediaParts, makeMedia, type Origin } from './offer.ts';
import type { SessionDescription } from './session-description.ts';

/** What comes of an offer. */
export type Answer =
  | { readonly kind: 'answer'; readonly text: string }
  /** Nothing of the offer is accepted. Say so in the signalling, for SIP with this status (RFC 4975 §8.6). */
  | { readonly kind: 'refuse'; readonly status: 488 };

/**
 * Writes the answer to an offer. It has a section for each of the offer's, in the same order; port 0 rejects a stream.
 *
 * @param origin - one's own; `followUp` fits the answer to the last description that was sent in the same dialog.
 * @param streams - for each section of the offer what to accept it with. Rejected are those with undefined, those that
 *   are not MSRP or that the offer has switched off, and those that list no type which this side knows. Sections that
 *   are rejected unseen may be malformed.
 * @throws MsrpError `MSRP_BAD_SDP` when a section that is to be accepted is malformed, or the parts cannot be written.
 */
export function formatAnswer(
  offer: SessionDescription,
  origin: Origin,
  streams: readonly (MediaParts | undefined)[],
): Answer {
  const shared = sharedBy(offer);
  const sections = offer.media.map((section, index) => {
    const parts = streams[index];
    if (parts === undefined || !isMsrp(section)) return formatRejection(section);
    return answeredMedia(readSection(section, shared), parts) ?? formatRejection(section);
  });
  const accepted = sections.find((section) => typeof section !== 'string');
  const isOff = offer.media.every(({ port }) => port === 0);
  if (accepted === undefined && !isOff) return { kind: 'refuse', status: 488 };
  return { kind: 'answer', text: formatSession(origin, accepted?.address ?? origin.address, sections) };
}

/**
 * One stream of an answer. It lists all types that this side can receive, also those that the offer does not name: the
 * lists are what each side takes, not a common choice (RFC 4975 §8.6).
 *
 * @returns undefined when the stream is to be rejected: the offer has switched it off, or lists no type that this side
 *   knows.
 */
export function answeredMedia(offered: MsrpMedia, parts: MediaParts): MsrpMedia | undefined {
  const known = [...parts.acceptTypes, ...(parts.acceptWrappedTypes ?? [])];
  if (offered.port === 0 || commonTypes(known, offered.acceptTypes).length === 0) return undefined;
  const direction = answeredDirection(offered.direction, parts.direction ?? 'sendrecv');
  return makeMedia(parts, answeredSetup(offered.setup, isReachable(parts)), direction);
}

/** Without a=setup the offerer knows RFC 4975 only, and connects. */
function answeredSetup(offered: Setup | undefined, reachable: boolean): Setup {
  if (offered === 'actpass') return reachable ? 'passive' : 'active';
  return offered === 'passive' ? 'active' : 'passive';
}

/** What this side wants, less what the offerer does not take part in. RFC 3264 §6.1. */
function answeredDirection(offered: Direction, wanted: Direction): Direction {
  const sends = maySendContent({ direction: wanted }, { direction: offered });
  const receives = maySendContent({ direction: offered }, { direction: wanted });
  if (sends) return receives ? 'sendrecv' : 'sendonly';
  return receives ? 'recvonly' : 'inactive';
}
