/** Users that a web service knows: it is asked with a JSON document, or a query, and answers with one. */
import type { IncomingMessage } from 'node:http';
import { type DigestAlgorithm, digestHexDigits, hashA1, toWire } from 'msrp/digest';
import type { Credential, TokenHolder } from './credential-store.ts';
import type { CredentialSource } from './remote-store.ts';
import { loginNameFault, userNameFault } from './user-name.ts';
import { textOf, WebService } from './web-service.ts';

/** Where the service is and how it is asked. */
export interface HttpSourceOptions {
  /** `https:` or `http:`. */
  readonly url: string;
  readonly method: 'POST' | 'GET';
  /** Goes into every request as a bearer token (RFC 6750 §2.1). */
  readonly token: string | undefined;
  /** Authorities in PEM that vouch for the service; undefined: those of Node. */
  readonly ca: string | undefined;
  /** Whether it knows tokens of users, too. Those are asked for with POST only: an address is kept in many places. */
  readonly tokens: boolean;
}

const MAX_ANSWER_OCTETS = 16_384;

/**
 * What a service says of a name that it does not know or cannot even read. A stranger can make it say so, so that it must not
 * count as a failure.
 */
const UNKNOWN: ReadonlySet<number | undefined> = new Set([400, 404, 410, 414, 422]);

/** Asks a service. */
export class HttpSource implements CredentialSource {
  readonly name = 'http';
  readonly askToken: CredentialSource['askToken'];
  readonly #options: HttpSourceOptions;
  readonly #url: URL;
  readonly #service: WebService;

  constructor(options: HttpSourceOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#service = new WebService(this.#url.protocol, options.ca);
    if (options.tokens) this.askToken = (token, realm, signal) => this.#askToken(token, realm, signal);
  }

  async ask(user: string, realm: string, algorithm: DigestAlgorithm, signal: AbortSignal) {
    // Nobody can have such a name: that gives nothing away.
    if (userNameFault(user) !== undefined) return undefined;
    const text = await this.#answerTo({ user, realm, algorithm }, signal);
    return text === undefined ? undefined : credentialIn(text, user, realm, algorithm);
  }

  async close(): Promise<void> {
    this.#service.close();
  }

  async #askToken(token: string, realm: string, signal: AbortSignal): Promise<TokenHolder | undefined> {
    const text = await this.#answerTo({ token, realm }, signal);
    return text === undefined ? undefined : holderIn(text);
  }

  /** What it says; undefined when it knows no such user or token. */
  async #answerTo(question: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string | undefined> {
    const response = await this.#send(question, signal);
    if (UNKNOWN.has(response.statusCode)) {
      response.resume();
      return undefined;
    }
    const text = await textOf(response, MAX_ANSWER_OCTETS);
    if (response.statusCode !== 200) throw new Error(`the service answered ${response.statusCode}`);
    return text;
  }

  #send(question: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    const { method, token } = this.#options;
    const url = new URL(this.#url);
    const body = method === 'POST' ? JSON.stringify(question) : '';
    if (method === 'GET') for (const [key, value] of Object.entries(question)) url.searchParams.set(key, value);
    const headers = {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(method === 'POST' ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {}),
    };
    return this.#service.send({ url, method, headers, body }, signal);
  }
}

/** Nothing of a text that may be secret gets into an error. */
function credentialIn(text: string, user: string, realm: string, algorithm: DigestAlgorithm): Credential {
  const { ha1, password, mayUse } = parse(text);
  if (typeof ha1 === 'string' && ha1.length === digestHexDigits(algorithm) && /^[0-9a-f]+$/i.test(ha1)) {
    return { ha1: ha1.toLowerCase(), mayUse };
  }
  if (typeof password === 'string' && password !== '') {
    return { ha1: hashA1(algorithm, user, toWire(realm), password), mayUse };
  }
  throw new Error(`the answer of the service has neither an ha1 for ${algorithm} nor a password`);
}

function holderIn(text: string): TokenHolder {
  const { user, expires, mayUse } = parse(text);
  if (typeof user !== 'string' || loginNameFault(user) !== undefined) {
    throw new Error('user in the answer of the service is no name that a user may have');
  }
  if (expires !== undefined && (typeof expires !== 'number' || !(expires >= 0))) {
    throw new Error('expires in the answer of the service is no time in seconds since 1970');
  }
  return { user: user.normalize('NFC'), mayUse, expiresAtMs: (expires ?? Number.POSITIVE_INFINITY) * 1000 };
}

function parse(text: string): Readonly<Record<string, unknown>> & { readonly mayUse: boolean } {
  const value = objectIn(text);
  const { mayUse = true } = value;
  if (typeof mayUse !== 'boolean') throw new Error('mayUse in the answer of the service is neither true nor false');
  return { ...value, mayUse };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // What stood there may be a secret.
  }
  throw new Error('the answer of the service is no JSON object');
}
