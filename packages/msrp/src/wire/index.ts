/** MSRP on the wire: octets to heads, bodies and end-lines, and back. No I/O, no timers, runs in a browser. */
export {
  type AuthenticationInfo,
  type AuthReading,
  type DigestChallenge,
  type DigestCredentials,
  formatAuthenticationInfo,
  formatAuthorization,
  formatChallenge,
  parseAuthenticationInfo,
  parseAuthorization,
  parseChallenge,
} from './auth-headers.ts';
export { type ByteRange, formatByteRange, parseByteRange } from './byte-range.ts';
export { type ContinuationFlag, type FailureReport, type Head, headerValues } from './head.ts';
export { isIdent, makeIdent, makeSessionId } from './ident.ts';
export { Parser, type ParserEvents, type ParserLimits } from './parser.ts';
export { countOf, firstOf, lastOf, restOf, splitPath } from './path.ts';
export { formatEndLine, formatRequestHead, formatResponse } from './serializer.ts';
export { commentOf, isSuccess } from './status.ts';
export { formatUri, isAddressLiteral, type MsrpUri, nodeKey, parseUri, sameUri, type UriParts } from './uri.ts';
