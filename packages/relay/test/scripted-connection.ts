/** One end of one connection in the hands of a test: octets out as they are told, messages in one by one. */
import type net from 'node:net';
import { type Algorithm, answerDigest, digestParameters } from './digest-answer.ts';
import { type Message, readMessage, request } from './message.ts';

/** How long a wait lasts before the test is told that nothing came. */
export const WAIT_MS = 10_000;

/** What an AUTH dialogue needs to know. */
export interface AuthOptions {
  readonly user: string;
  readonly password: string;
  /** The relay's URI, the whole To-Path of the AUTH. */
  readonly target: string;
  readonly algorithm?: Algorithm;
  /** Seconds. */
  readonly expires?: number;
}

interface Waiter {
  readonly matches: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** One end of one connection. */
export class Endpoint {
  /** The socket itself, for what only a socket can do: pause, resetAndDestroy, getPeerCertificate. */
  readonly socket: net.Socket;
  /** A URI for this endpoint's From-Path; its session-id is random. */
  readonly uri: string;
  /** Settles when the connection is gone, whoever closed it. */
  readonly closed: Promise<void>;
  readonly #inbox: Message[] = [];
  readonly #waiters = new Set<Waiter>();
  #octets: Buffer = Buffer.alloc(0);
  #scannedOctets = 0;
  #fault: Error | undefined;

  constructor(socket: net.Socket, uri: string) {
    this.socket = socket;
    this.uri = uri;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#fail(new Error('the connection was closed'));
        resolve();
      });
    });
    socket.setNoDelay(true);
    // Losing the connection is an event like others here: `closed` tells.
    socket.on('error', () => {});
    socket.on('data', (octets) => this.#onData(octets));
  }

  /** Writes octets as they are; a string is one octet per character. Settles, never rejects, when the OS has them or the connection is gone. */
  send(octets: string | Uint8Array): Promise<void> {
    const data = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    return new Promise((resolve) => {
      this.socket.write(data, () => resolve());
    });
  }

  /** The first message not handed out yet that matches; others stay where they are. Rejects after `timeoutMs`, or when none can come any more. */
  next(matches: (message: Message) => boolean = () => true, timeoutMs = WAIT_MS): Promise<Message> {
    const at = this.#inbox.findIndex(matches);
    const [found] = at < 0 ? [] : this.#inbox.splice(at, 1);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => {
      const expire = () =>
        this.#settle(waiter, () => reject(new Error(`nothing came in ${timeoutMs} ms; ${this.#pending()}`)));
      const waiter: Waiter = { matches, resolve, reject, timer: setTimeout(expire, timeoutMs) };
      this.#waiters.add(waiter);
    });
  }

  /** Sends a request and waits for the response to it. */
  async ask(octets: string | Uint8Array, timeoutMs = WAIT_MS): Promise<Message> {
    const tid = transactionIdOf(octets);
    void this.send(octets);
    return await this.next((message) => message.tid === tid && message.status !== undefined, timeoutMs);
  }

  /**
   * Fails if anything came, or comes before the answer to `fence`: a request that must be answered
   * on this connection after everything that must not come would have been sent.
   */
  async expectSilence(fence: string | Uint8Array): Promise<void> {
    const tid = transactionIdOf(fence);
    let earlier = '';
    void this.send(fence);
    await this.next((message) => {
      const isAnswer = message.tid === tid && message.status !== undefined;
      if (isAnswer) earlier = this.#inbox.map(({ startLine }) => startLine).join(', ');
      return isAnswer;
    });
    if (earlier !== '') throw new Error(`expected silence, got: ${earlier}`);
  }

  /**
   * The whole AUTH dialogue: asked without credentials, challenged, answered, the relay's own proof checked.
   *
   * @returns the Use-Path, as it stands in the header.
   */
  async auth({ user, password, target, algorithm = 'MD5', expires }: AuthOptions): Promise<string> {
    const paths = { toPath: target, fromPath: this.uri };
    const wish = expires === undefined ? [] : [['Expires', String(expires)] as const];
    const challenge = await this.ask(request('AUTH', { ...paths, extra: wish }));
    if (challenge.status !== 401) throw new Error(`expected a challenge, got ${challenge.startLine}`);
    const challenges = challenge.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value);
    const digestUri = target.split(' ').at(-1) ?? target;
    const answer = answerDigest({ user, password, algorithm, challenges, digestUri });
    const extra = [...wish, ['Authorization', answer.authorization] as const];
    const granted = await this.ask(request('AUTH', { ...paths, extra }));
    const usePath = granted.header('Use-Path');
    if (granted.status !== 200 || usePath === undefined)
      throw new Error(`expected a Use-Path, got ${granted.raw.toString('latin1')}`);
    const rspauth = digestParameters(granted.header('Authentication-Info') ?? '').get('rspauth');
    if (rspauth !== answer.rspauth) throw new Error(`the relay did not prove that it knows the password: ${rspauth}`);
    return usePath;
  }

  /** Stops and resumes reading: a receiver that lets everything pile up before it. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Ends the connection (FIN), and settles when it is gone. */
  async close(): Promise<void> {
    this.socket.end();
    this.socket.resume();
    await this.closed;
  }

  /** Drops the connection at once (RST). */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #onData(octets: Buffer): void {
    this.#octets = this.#octets.length === 0 ? octets : Buffer.concat([this.#octets, octets]);
    try {
      while (this.#octets.length > 0) {
        const result = readMessage(this.#octets, this.#scannedOctets);
        if (!('message' in result)) {
          this.#scannedOctets = result.scannedOctets;
          return;
        }
        this.#scannedOctets = 0;
        this.#octets = this.#octets.subarray(result.message.raw.length);
        this.#deliver(result.message);
      }
    } catch (cause) {
      this.#fail(new Error('what came is not MSRP', { cause }));
      this.socket.destroy();
    }
  }

  #deliver(message: Message): void {
    const waiter = [...this.#waiters].find(({ matches }) => matches(message));
    if (waiter === undefined) this.#inbox.push(message);
    else this.#settle(waiter, () => waiter.resolve(message));
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    for (const waiter of this.#waiters) this.#settle(waiter, () => waiter.reject(this.#fault ?? error));
  }

  #settle(waiter: Waiter, act: () => void): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    act();
  }

  #pending(): string {
    const lines = this.#inbox.map((message) => message.startLine);
    return lines.length === 0 ? 'nothing is waiting' : `waiting: ${lines.join(', ')}`;
  }
}

function transactionIdOf(octets: string | Uint8Array): string {
  const start =
    typeof octets === 'string' ? octets.slice(0, 80) : Buffer.from(octets.subarray(0, 80)).toString('latin1');
  const tid = /^MSRP (\S+) /.exec(start)?.[1];
  if (tid === undefined) throw new Error(`not a request: ${start}`);
  return tid;
}
