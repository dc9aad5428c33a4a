/** Passwords that a web service makes for a while, under a secret that it shares with relays: as TURN servers know them. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { DigestAlgorithm } from 'msrp/digest';
import type { Credential, CredentialStore, TokenHolder } from './credential-store.ts';
import { loginNameFault } from './user-name.ts';

/** What both sides have agreed on. */
export interface EphemeralOptions {
  /** Any of them is good, so that a new one can be brought in before the old one goes. */
  readonly secrets: readonly string[];
  /** `time:user`, as coturn and Kamailio's auth_ephemeral have it, or `user:time`. A name may be the time alone. */
  readonly order: 'time-first' | 'user-first';
  /** The character between time and user. */
  readonly separator: string;
  /** Hash of the HMAC that is the password. */
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512';
  readonly maySessionsOutlive: boolean;
}

/** As `createHash` calls them. */
const HASHES = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' } as const;

/** Seconds since 1970, up to the year 2286. */
const TIME = /^\d{1,10}$/;

/** Knows nobody and believes everybody who has the password that belongs to the name; the name says until when. */
export class EphemeralStore implements CredentialStore {
  readonly name = 'ephemeral';
  readonly #options: EphemeralOptions;

  constructor(options: EphemeralOptions) {
    this.#options = options;
  }

  async find(user: string, realm: string, algorithm: DigestAlgorithm): Promise<Credential | undefined> {
    const { maySessionsOutlive } = this.#options;
    const read = this.#read(user);
    const [first, ...others] = this.#passwordsOf(user).map((password) =>
      // Not hashA1, which wants no colon in a name: here it is what the name is made of.
      createHash(HASHES[algorithm]).update(`${user}:${realm}:${password}`).digest('hex'),
    );
    if (read === undefined || first === undefined) return undefined;
    return { ha1: first, otherHa1s: others, mayUse: true, maySessionsOutlive, ...read };
  }

  /** A token is name and password as in HTTP's Basic (RFC 7617 §2), but parted at the last colon: in base64, of either alphabet. */
  async findByToken(token: string): Promise<TokenHolder | undefined> {
    const octets = Buffer.from(token, 'base64');
    const written = token.replaceAll('+', '-').replaceAll('/', '_');
    // What reads base64 passes over everything else.
    if (octets.toString('base64url') !== written.replace(/={1,2}$/, '')) return undefined;
    const text = octets.toString('utf8');
    const at = text.lastIndexOf(':');
    const name = text.slice(0, Math.max(at, 0)).normalize('NFC');
    const read = this.#read(name);
    const given = text.slice(at + 1);
    const isRight = this.#passwordsOf(name).some((password) => isSame(password, given));
    if (read === undefined || !isRight) return undefined;
    const { account: user, expiresAtMs } = read;
    return { user, mayUse: true, expiresAtMs, maySessionsOutlive: this.#options.maySessionsOutlive };
  }

  async close(): Promise<void> {}

  /** One for each secret. */
  #passwordsOf(name: string): string[] {
    const { secrets, hash } = this.#options;
    return secrets.map((secret) => createHmac(hash, secret).update(name).digest('base64'));
  }

  #read(name: string): { readonly account: string; readonly expiresAtMs: number } | undefined {
    const { order, separator } = this.#options;
    if (loginNameFault(name) !== undefined) return undefined;
    const at = order === 'time-first' ? name.indexOf(separator) : name.lastIndexOf(separator);
    const before = at < 0 ? '' : name.slice(0, at);
    const after = name.slice(at + 1);
    const [time, user] = order === 'time-first' && at >= 0 ? [before, after] : [after, before];
    if (!TIME.test(time) || (at >= 0 && user === '')) return undefined;
    return { account: user === '' ? name : user, expiresAtMs: Number(time) * 1000 };
  }
}

/** Hashed first, so that texts of any length take the same time. */
function isSame(text: string, other: string): boolean {
  const [hash, otherHash] = [text, other].map((one) => createHash('sha256').update(one).digest());
  return hash !== undefined && otherHash !== undefined && timingSafeEqual(hash, otherHash);
}
