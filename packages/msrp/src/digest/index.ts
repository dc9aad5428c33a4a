/** HTTP Digest as MSRP's AUTH uses it (RFC 4976 §9.1, RFC 7616): calculations only. No I/O, runs in a browser. */
export {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  digestHexDigits,
  type HashHex,
  hashHex,
  parseDigestAlgorithm,
} from './algorithm.ts';
export { type DigestInput, type DigestProofs, digestResponse, hashA1 } from './digest.ts';
export { fromWire, toWire } from './text.ts';
