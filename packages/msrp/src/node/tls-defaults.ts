/** What every TLS connection of this house has in common, dialled or accepted. RFC 4975 §14.2, RFC 4976 §9.2. */
import type { SecureContextOptions } from 'node:tls';

/**
 * TLS 1.2 is the floor. In 1.2 only suites with forward secrecy and authenticated encryption: the suite that the RFCs
 * made mandatory, TLS_RSA_WITH_AES_128_CBC_SHA (`AES128-SHA`), has neither and must be asked for by `ciphers`.
 */
export const tlsDefaults = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const satisfies SecureContextOptions;
