/** The client's half of HTTP Digest as RFC 4976 §9.1 uses it, for tests; shares nothing with the project's own. */
import { createHash, randomBytes } from 'node:crypto';

/** The algorithms a relay may offer. */
export type Algorithm = 'MD5' | 'SHA-256';

/** What the client knows, and what it is asked. */
export interface DigestInput {
  readonly user: string;
  readonly password: string;
  readonly algorithm: Algorithm;
  /** The values of all WWW-Authenticate headers. */
  readonly challenges: readonly string[];
  /** The rightmost To-Path URI, octet for octet. */
  readonly digestUri: string;
  /** Of the request; AUTH when left out. */
  readonly method?: string;
  /** Eight hexadecimal digits; the first use of the nonce when left out. */
  readonly nonceCount?: string;
  /** Random when left out. */
  readonly cnonce?: string;
}

/** The client's credentials, and what the relay must answer to prove that it knows the password too. */
export interface DigestAnswer {
  /** The value of the Authorization header. */
  readonly authorization: string;
  readonly rspauth: string;
}

/** The parameters of a challenge, or of Authentication-Info, unquoted; names in lower case. */
export function digestParameters(value: string): Map<string, string> {
  const found = value.matchAll(/([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g);
  return new Map(
    [...found].map(([, name = '', quoted, token = '']) => [
      name.toLowerCase(),
      quoted?.replace(/\\(.)/g, '$1') ?? token,
    ]),
  );
}

/** @throws when no challenge offers `algorithm` with qop auth. */
export function answerDigest(input: DigestInput): DigestAnswer {
  const { user, password, algorithm, digestUri, method = 'AUTH', nonceCount = '00000001' } = input;
  const cnonce = input.cnonce ?? randomBytes(8).toString('hex');
  const challenge = input.challenges
    .map(digestParameters)
    .find((parameters) => (parameters.get('algorithm') ?? 'MD5') === algorithm);
  if (challenge?.get('qop') !== 'auth')
    throw new Error(`no ${algorithm} with qop auth in: ${input.challenges.join(' | ')}`);
  const hash = (text: string) =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const realm = challenge.get('realm') ?? '';
  const nonce = challenge.get('nonce') ?? '';
  const opaque = challenge.get('opaque');
  const ha1 = hash(`${user}:${realm}:${password}`);
  const proof = (a2: string) => hash(`${ha1}:${nonce}:${nonceCount}:${cnonce}:auth:${hash(a2)}`);
  const parameters = [
    `username="${user}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${digestUri}"`,
    `response="${proof(`${method}:${digestUri}`)}"`,
    `algorithm=${algorithm}`,
    `cnonce="${cnonce}"`,
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
    'qop=auth',
    `nc=${nonceCount}`,
  ];
  return { authorization: `Digest ${parameters.join(', ')}`, rspauth: proof(`:${digestUri}`) };
}
