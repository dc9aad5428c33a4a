/** As much of a SIP phone as it takes to register and to call, over TCP. Shares nothing with the project. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { answerDigest } from '../digest-answer.ts';

/** A SIP message as it came. */
export interface SipMessage {
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

const PATIENCE_MS = 5000;
const CRLF = '\r\n';

/** The values of all headers of this name. */
function valuesOf({ headers }: SipMessage, name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

function statusOf({ startLine }: SipMessage): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(startLine)?.[1] ?? Number.NaN);
}

/** One user of a domain, on a connection to its server. */
export class SipPhone {
  readonly #socket: net.Socket;
  readonly #user: string;
  readonly #domain: string;
  readonly #password: string;
  readonly #callId = randomBytes(8).toString('hex');
  #sequence = 0;
  #octets = Buffer.alloc(0);

  private constructor(socket: net.Socket, user: string, domain: string, password: string) {
    this.#socket = socket;
    this.#user = user;
    this.#domain = domain;
    this.#password = password;
  }

  static async connect(port: number, user: string, domain: string, password: string): Promise<SipPhone> {
    const socket = net.connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new SipPhone(socket, user, domain, password);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The status of a REGISTER with the password. */
  async register(): Promise<number> {
    return statusOf(await this.#request('REGISTER', `sip:${this.#domain}`, this.#user, ''));
  }

  /** Calls a user of the same domain; the SDP of the answer. @throws when there is none. */
  async call(user: string, offer: string): Promise<string> {
    const answer = await this.#request('INVITE', `sip:${user}@${this.#domain}`, user, offer);
    if (statusOf(answer) !== 200) throw new Error(`${user} was not reached: ${answer.startLine}`);
    return answer.body;
  }

  /** Waits for a call and takes it; the SDP of the offer. */
  async takeCall(answer: string): Promise<string> {
    const invite = await this.#next();
    if (!invite.startLine.startsWith('INVITE ')) throw new Error(`not a call: ${invite.startLine}`);
    const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'];
    const headers = copied.flatMap((name) => valuesOf(invite, name).map((value) => [name, value] as const));
    const to = `${valuesOf(invite, 'To')[0]};tag=callee`;
    this.#write('SIP/2.0 200 OK', [...headers, ['To', to], ['Contact', this.#contact]], answer);
    return invite.body;
  }

  get #contact(): string {
    return `<sip:${this.#user}@127.0.0.1:${this.#socket.localPort};transport=tcp>`;
  }

  /** The final response, after the challenge was answered. */
  async #request(method: string, uri: string, toUser: string, body: string): Promise<SipMessage> {
    const challenge = await this.#ask(method, uri, toUser, body, []);
    const [header, answerHeader] =
      statusOf(challenge) === 401
        ? ['WWW-Authenticate', 'Authorization']
        : ['Proxy-Authenticate', 'Proxy-Authorization'];
    const { authorization } = answerDigest({
      user: this.#user,
      password: this.#password,
      algorithm: 'MD5',
      challenges: valuesOf(challenge, header),
      digestUri: uri,
      method,
    });
    return this.#ask(method, uri, toUser, body, [[answerHeader, authorization]]);
  }

  async #ask(
    method: string,
    uri: string,
    toUser: string,
    body: string,
    extra: readonly (readonly [string, string])[],
  ): Promise<SipMessage> {
    this.#sequence += 1;
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const headers = [
      ['Via', `SIP/2.0/TCP 127.0.0.1:${this.#socket.localPort};branch=${branch}`],
      ['Max-Forwards', '70'],
      ['From', `<sip:${this.#user}@${this.#domain}>;tag=caller`],
      ['To', `<sip:${toUser}@${this.#domain}>`],
      ['Call-ID', this.#callId],
      ['CSeq', `${this.#sequence} ${method}`],
      ['Contact', this.#contact],
    ] as const;
    this.#write(`${method} ${uri} SIP/2.0`, [...headers, ...extra], body);
    for (;;) {
      const response = await this.#next();
      if (statusOf(response) < 200) continue;
      // A call that failed is acknowledged in its own transaction; one that stands is by the dialogue, which nobody needs here.
      if (method === 'INVITE' && statusOf(response) >= 300) {
        const acknowledged = headers.map(([name, value]) =>
          name === 'CSeq' ? ([name, `${this.#sequence} ACK`] as const) : ([name, value] as const),
        );
        this.#write(`ACK ${uri} SIP/2.0`, acknowledged, '');
      }
      return response;
    }
  }

  #write(startLine: string, headers: readonly (readonly [string, string])[], body: string): void {
    const type = body === '' ? [] : [['Content-Type', 'application/sdp'] as const];
    const all = [...headers, ...type, ['Content-Length', String(Buffer.byteLength(body))] as const];
    const lines = [startLine, ...all.map(([name, value]) => `${name}: ${value}`), '', body];
    this.#socket.write(lines.join(CRLF));
  }

  async #next(): Promise<SipMessage> {
    for (;;) {
      const message = this.#takeMessage();
      if (message !== undefined) return message;
      const [octets] = await once(this.#socket, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) });
      this.#octets = Buffer.concat([this.#octets, octets]);
    }
  }

  #takeMessage(): SipMessage | undefined {
    const headEnd = this.#octets.indexOf(`${CRLF}${CRLF}`);
    if (headEnd < 0) return undefined;
    const [startLine = '', ...lines] = this.#octets.toString('utf8', 0, headEnd).split(CRLF);
    const headers = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    });
    const bodyAt = headEnd + 2 * CRLF.length;
    const head = { startLine, headers, body: '' };
    const end = bodyAt + Number(valuesOf(head, 'Content-Length')[0] ?? 0);
    if (this.#octets.length < end) return undefined;
    const body = this.#octets.toString('utf8', bodyAt, end);
    this.#octets = this.#octets.subarray(end);
    return { ...head, body };
  }
}
