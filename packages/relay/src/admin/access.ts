/** Who may do what at the admin door. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** `operator` may do everything, `reader` may look. */
export type Role = 'operator' | 'reader';

/** Bearer tokens by what they permit. */
export interface Tokens {
  readonly operators: readonly string[];
  readonly readers: readonly string[];
}

/** Why somebody may not: 401 when a token would help, 403 when none is known. */
export interface Denial {
  readonly status: 401 | 403;
  readonly error: string;
}

/** What is known of whoever asks. */
export interface Asker {
  readonly authorization: string | undefined;
  readonly host: string | undefined;
}

const NO_TOKENS =
  'the API needs admin.token in the configuration; without it, it can only be read, and only at a loopback address';
const WRONG_TOKEN = 'the API needs the header Authorization: Bearer TOKEN, with a token of the configuration';
const MAY_ONLY_READ = 'this needs a token of admin.token; what was shown, or not shown, may only read';

/** The rules of one door. */
export class Access {
  readonly #isUnix: boolean;
  readonly #isLoopback: boolean;
  #operators: readonly Buffer[] = [];
  #readers: readonly Buffer[] = [];

  /** @param door - a Unix socket has its own rights: whoever may open it may do everything. */
  constructor(door: { readonly isUnix: boolean; readonly isLoopback: boolean }, tokens: Tokens) {
    this.#isUnix = door.isUnix;
    this.#isLoopback = door.isLoopback;
    this.replace(tokens);
  }

  /** Other tokens from now on. */
  replace({ operators, readers }: Tokens): void {
    this.#operators = operators.map(digest);
    this.#readers = readers.map(digest);
  }

  /** What whoever asks may do here, or why nothing. */
  roleOf({ authorization, host }: Asker): Role | Denial {
    if (this.#isUnix) return 'operator';
    if (this.#operators.length + this.#readers.length === 0) {
      // A page of a stranger in a browser on this machine gets here under a name of its own.
      const isHere = this.#isLoopback && isLoopbackHost(host);
      return isHere ? 'reader' : { status: 403, error: NO_TOKENS };
    }
    const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    const shown = digest(token ?? '');
    // All are compared, and always in the same time: nobody learns a token by trying.
    const isOperator = isAmong(shown, this.#operators);
    const isReader = isAmong(shown, this.#readers);
    if (token === undefined || !(isOperator || isReader)) return { status: 401, error: WRONG_TOKEN };
    return isOperator ? 'operator' : 'reader';
  }

  /** Whether whoever asks may change something; if not, why. */
  denialOf(asker: Asker, isChange: boolean): Denial | undefined {
    const role = this.roleOf(asker);
    if (typeof role !== 'string') return role;
    return isChange && role === 'reader' ? { status: 403, error: MAY_ONLY_READ } : undefined;
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function isAmong(shown: Buffer, known: readonly Buffer[]): boolean {
  let isKnown = false;
  for (const one of known) isKnown = timingSafeEqual(shown, one) || isKnown;
  return isKnown;
}

/** Whether nobody but this machine can get to a host, as it stands in a URL or in the header Host. */
export function isLoopbackHost(host = ''): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}
