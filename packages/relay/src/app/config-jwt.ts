/** What an entry of `credentials` of type `jwt` may hold. */
import { z } from 'zod';
import { authorities, cacheMs, remote, serviceUrl } from './config-remote-store.ts';
import { integer, list, realmName, section, text } from './config-values.ts';

/** The hash of each algorithm with a shared secret, and the shortest secret: as long as the hash (RFC 7518 §3.2). */
export const SECRET_OCTETS = { HS256: 32, HS384: 48, HS512: 64 } as const;

/** What is taken when nothing is said: with secrets, and with keys. */
export const SECRET_ALGORITHMS = ['HS256'] as const;
export const KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

const ALGORITHMS = [
  ...(['HS256', 'HS384', 'HS512'] as const),
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
];

const SECRETS = 'one to eight different secrets of at least 32 octets';
const CLAIM = 'the name of a claim';
const NAMES = 'a list of texts';

/** JSON Web Tokens. Which keys go together is judged by `checkJwt`. */
export const jwtStore = section({
  type: z
    .literal('jwt')
    .describe(
      'Users show a JSON Web Token at the handshake of a WebSocket (`webSocketAuth`). One of `secrets`, `keys` and `url` says how its signature is checked.',
    ),
  secrets: list(
    z.string({ error: SECRETS }).refine((secret) => Buffer.byteLength(secret) >= SECRET_OCTETS.HS256, {
      error: SECRETS,
    }),
    SECRETS,
  )
    .min(1, { error: SECRETS })
    .max(8, { error: SECRETS })
    .optional()
    .describe(
      'Secrets that the issuer shares; several while a new one replaces an old one. HS384 needs 48 octets, HS512 64.',
    ),
  keys: text('a path, PEM text or a JWK Set')
    .optional()
    .describe(
      'Public keys of the issuer: PEM (keys or certificates), or a JWK Set in JSON; a path, or the text itself.',
    ),
  url: serviceUrl()
    .optional()
    .describe(
      'Where the issuer publishes its keys as a JWK Set. `http://` only on this machine, or with `trustedNetwork`.',
    ),
  ca: authorities(),
  algorithms: list(
    z.enum(ALGORITHMS, { error: `some of ${ALGORITHMS.join(', ')}` }),
    `some of ${ALGORITHMS.join(', ')}`,
  )
    .min(1, { error: `some of ${ALGORITHMS.join(', ')}` })
    .optional()
    .describe(
      `What a token may be signed with. Without it, ${SECRET_ALGORITHMS.join()} with \`secrets\`, else ${KEY_ALGORITHMS.join(', ')}.`,
    ),
  issuers: list(text(NAMES), NAMES)
    .min(1, { error: NAMES })
    .optional()
    .describe('The issuer (`iss`) has to be one of these. May be left out with `secrets` only.'),
  audiences: list(text(NAMES), NAMES)
    .min(1, { error: NAMES })
    .optional()
    .describe('The token has to be meant (`aud`) for one of these. May be left out with `secrets` only.'),
  userClaim: z
    .string({ error: CLAIM })
    .min(1, { error: CLAIM })
    .default('sub')
    .describe('The claim that names the user: a text.'),
  toleranceMs: integer(0, 300_000, 'milliseconds')
    .default(5000)
    .describe('By how much, in milliseconds, the clock of the issuer may differ.'),
  realm: realmName().optional().describe('The realm of these users, if it is not `realm`.'),
  cacheMs: cacheMs('keys from `url` are used without asking again', 600_000),
  timeoutMs: remote.timeoutMs.describe(
    'How long `url` may take to answer, in milliseconds; then the handshake is answered 503.',
  ),
  retryMs: remote.retryMs.describe('How often, in milliseconds, `url` is tried when it does not answer.'),
  staleMs: remote.staleMs
    .default(3_600_000)
    .describe('For how much longer than `cacheMs`, in milliseconds, keys are used when `url` does not answer.'),
});
