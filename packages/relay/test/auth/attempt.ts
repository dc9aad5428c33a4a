/** A client's Authorization for tests, every parameter of which can be bent; calculated with node:crypto alone. */
import { createHash } from 'node:crypto';
import { digestParameters } from '../digest-answer.ts';

const HASHES = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' } as const;

/** What the client knows and does. */
export interface AttemptInput {
  readonly user: string;
  readonly password: string;
  /** The value of one WWW-Authenticate header; its algorithm is used. */
  readonly challenge: string;
  readonly digestUri: string;
  /** 1 when left out. */
  readonly count?: number;
  /** Replaces parameters as they are written, after the digest was calculated; undefined leaves one out. */
  readonly bend?: Readonly<Record<string, string | undefined>>;
}

/** The header's value, and what the relay has to prove in return. */
export interface Attempt {
  readonly authorization: string;
  readonly rspauth: string;
}

export function attempt(input: AttemptInput): Attempt {
  const { user, password, challenge, digestUri, count = 1, bend = {} } = input;
  const offered = digestParameters(challenge);
  const algorithm = (offered.get('algorithm') ?? 'MD5') as keyof typeof HASHES;
  const hash = (text: string) => createHash(HASHES[algorithm]).update(text).digest('hex');
  const realm = Buffer.from(offered.get('realm') ?? '', 'latin1').toString();
  const nonce = offered.get('nonce') ?? '';
  const nc = count.toString(16).padStart(8, '0');
  const cnonce = 'a6bc7aace203871d';
  const proof = (a2: string) =>
    hash(`${hash(`${user}:${realm}:${password}`)}:${nonce}:${nc}:${cnonce}:auth:${hash(a2)}`);
  const parameters = {
    username: `"${Buffer.from(user).toString('latin1')}"`,
    realm: `"${offered.get('realm')}"`,
    nonce: `"${nonce}"`,
    uri: `"${digestUri}"`,
    response: `"${proof(`AUTH:${digestUri}`)}"`,
    algorithm,
    cnonce: `"${cnonce}"`,
    opaque: `"${offered.get('opaque')}"`,
    qop: 'auth',
    nc,
    ...bend,
  };
  const written = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return {
    authorization: `Digest ${written.map(([name, value]) => `${name}=${value}`).join(', ')}`,
    rspauth: proof(`:${digestUri}`),
  };
}
