/** The MSRP part of session descriptions (SDP): reading, offering, answering. No I/O, runs in a browser. */
export { type Answer, answeredMedia, formatAnswer } from './answer.ts';
export type { Attribute } from './attributes.ts';
export { type ConnectionPlan, planConnection, type SessionSide } from './connection-plan.ts';
export {
  type Fingerprint,
  type FingerprintHash,
  makeFingerprint,
  strongestFingerprints,
  type UsableFingerprint,
} from './fingerprint.ts';
export { formatMedia, formatRejection } from './format-media.ts';
export type { SdpLine } from './lines.ts';
export {
  type Direction,
  isMsrp,
  type MsrpMedia,
  maySendContent,
  readMedia,
  readMsrpMedia,
  type Setup,
} from './media.ts';
export {
  type AcceptedTypes,
  acceptsType,
  acceptsWrapped,
  commonTypes,
  preferredType,
  wantsCpim,
} from './media-types.ts';
export { formatOffer, localPath, type MediaParts, type Origin, offeredMedia } from './offer.ts';
export {
  followUp,
  formatSessionDescription,
  type MediaSection,
  parseSessionDescription,
  type SessionDescription,
} from './session-description.ts';
