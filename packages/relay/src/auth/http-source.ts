/** Users that a web service knows: it is asked with a JSON document, or a query, and answers with one. */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type DigestAlgorithm, digestHexDigits, hashA1, toWire } from 'msrp/digest';
import type { Credential } from './credential-store.ts';
import type { CredentialSource } from './remote-store.ts';
import { userNameFault } from './user-name.ts';

/** Where the service is and how it is asked. */
export interface HttpSourceOptions {
  /** `https:` or `http:`. */
  readonly url: string;
  readonly method: 'POST' | 'GET';
  /** Goes into every request as a bearer token (RFC 6750 §2.1). */
  readonly token: string | undefined;
  /** Authorities in PEM that vouch for the service; undefined: those of Node. */
  readonly ca: string | undefined;
}

const MAX_ANSWER_OCTETS = 16_384;

/** A service handles many requests on few connections. */
const CONNECTIONS = 8;

/**
 * What a service says of a name that it does not know or cannot even read. A stranger can make it say so, so that it must not
 * count as a failure.
 */
const UNKNOWN: ReadonlySet<number | undefined> = new Set([400, 404, 410, 414, 422]);

/** Asks a service. Follows no redirection: the token is for this service only. */
export class HttpSource implements CredentialSource {
  readonly name = 'http';
  readonly #options: HttpSourceOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent;

  constructor(options: HttpSourceOptions) {
    const { url, ca } = options;
    this.#options = options;
    this.#url = new URL(url);
    const pool = { keepAlive: true, maxSockets: CONNECTIONS };
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent({ ...pool, ...(ca && { ca }) }) : new HttpAgent(pool);
  }

  async ask(user: string, realm: string, algorithm: DigestAlgorithm, signal: AbortSignal) {
    // Nobody can have such a name: that gives nothing away.
    if (userNameFault(user) !== undefined) return undefined;
    const response = await this.#send({ user, realm, algorithm }, signal);
    if (UNKNOWN.has(response.statusCode)) {
      response.resume();
      return undefined;
    }
    const text = await textOf(response);
    if (response.statusCode !== 200) throw new Error(`the service answered ${response.statusCode}`);
    return credentialIn(text, user, realm, algorithm);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
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
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const request = send(url, { method, headers, signal, agent: this.#agent }, resolve);
        request.on('error', (cause) => (isOver(request, cause) ? attempt() : reject(cause))).end(body);
      };
      attempt();
    });
  }
}

/** The service had closed a connection that was kept, when the question was on its way: it can be asked on another one. */
function isOver({ reusedSocket }: ClientRequest, cause: Error): boolean {
  return reusedSocket && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of response) {
    octets += piece.length;
    if (octets > MAX_ANSWER_OCTETS)
      throw new Error(`the answer of the service is longer than ${MAX_ANSWER_OCTETS} octets`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Nothing of a text that may be secret gets into an error. */
function credentialIn(text: string, user: string, realm: string, algorithm: DigestAlgorithm): Credential {
  const { ha1, password, mayUse = true } = parse(text);
  if (typeof mayUse !== 'boolean') throw new Error('mayUse in the answer of the service is neither true nor false');
  if (typeof ha1 === 'string' && ha1.length === digestHexDigits(algorithm) && /^[0-9a-f]+$/i.test(ha1)) {
    return { ha1: ha1.toLowerCase(), mayUse };
  }
  if (typeof password === 'string' && password !== '') {
    return { ha1: hashA1(algorithm, user, toWire(realm), password), mayUse };
  }
  throw new Error(`the answer of the service has neither an ha1 for ${algorithm} nor a password`);
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // What stood there may be a secret.
  }
  throw new Error('the answer of the service is no JSON object');
}
