/** A service that is asked over HTTP, on few connections that are kept. */
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

/** A service handles many requests on few connections. */
const CONNECTIONS = 8;

/** One request. */
export interface ServiceRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: string | undefined;
}

/** Follows no redirection: what is sent with a request is for this service only. */
export class WebService {
  readonly #agent: HttpAgent;

  /**
   * @param protocol - `https:` or `http:`, that of all its addresses.
   * @param ca - authorities in PEM that vouch for it; undefined: those of Node.
   */
  constructor(protocol: string, ca: string | undefined) {
    const pool = { keepAlive: true, maxSockets: CONNECTIONS };
    this.#agent = protocol === 'https:' ? new HttpsAgent({ ...pool, ...(ca && { ca }) }) : new HttpAgent(pool);
  }

  /** Settles when the head of the answer has come. */
  send({ url, method, headers, body = '' }: ServiceRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const request = send(url, { method, headers, signal, agent: this.#agent }, resolve);
        request.on('error', (cause) => (isOver(request, cause) ? attempt() : reject(cause))).end(body);
      };
      attempt();
    });
  }

  /** Ends its connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** The service had closed a connection that was kept, when the question was on its way: it can be asked on another one. */
function isOver({ reusedSocket }: ClientRequest, cause: Error): boolean {
  return reusedSocket && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}

/** The whole of an answer. @throws {Error} when it is longer than it may be. */
export async function textOf(response: IncomingMessage, maxOctets: number): Promise<string> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of response) {
    octets += piece.length;
    if (octets > maxOctets) throw new Error(`the answer of the service is longer than ${maxOctets} octets`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
