/** Senders that keep a window of SENDs under way each, and remember all they were told of every message. */
import { EventEmitter, once } from 'node:events';
import { type Endpoint, type Message, sendRequest } from '../endpoint.ts';

/** Octets `start` to `end` of a message, from 1. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One message of one chunk, and what its sender heard of it. */
export interface Sent {
  readonly messageId: string;
  readonly octets: number;
  /** False: Failure-Report no. Otherwise it is yes, said or left out. */
  readonly asksForReports: boolean;
  /** Statuses of the responses; there must be one. */
  readonly responses: number[];
  readonly reports: (Span & { readonly status: string | undefined })[];
}

/** How a load is made. */
export interface LoadOptions {
  /** How many SENDs each sender has unanswered at a time. */
  readonly window: number;
  /** Size of a message, in octets. */
  readonly octets: number;
  /** A sender that was refused so often sends no more. */
  readonly refusals: number;
  /**
   * Whether nothing of a sender may be accepted once it was refused. A message of many reads may be refused in its middle because
   * the connection to its receiver breaks; the next one is what dials again and finds out that nobody is there.
   */
  readonly staysRefused: boolean;
}

/** How long what is waited for may take. */
const PATIENCE_MS = 8000;

/** One message in so many asks for no reports and no responses. */
const SILENT_EVERY = 9;

/** All senders together. */
export class Load {
  readonly sent = new Map<string, Sent>();
  /** What must not have happened at all. */
  readonly offences: string[] = [];
  readonly options: LoadOptions;
  readonly body: Buffer;
  okCount = 0;
  readonly #senders: Sender[] = [];
  readonly #news = new EventEmitter();

  constructor(options: LoadOptions) {
    this.options = options;
    this.body = Buffer.alloc(options.octets, 'abcdefghijklmnopqrstuvwxyz\r\n');
  }

  /** Starts a sender. */
  add(endpoint: Endpoint, toPath: string): void {
    const sender = new Sender(this, endpoint, toPath, this.#senders.length);
    this.#senders.push(sender);
    sender.start();
  }

  /** Waits until so many SENDs were answered 200, some of each sender: one that has had none yet is still on probation. */
  async accepted(count: number): Promise<void> {
    await this.#until(() => this.okCount >= count && this.#senders.every(({ okCount }) => okCount > 0));
  }

  /** Waits until all senders have stopped, and all they sent was answered or will never be. */
  async quiet(): Promise<void> {
    await this.#until(() => this.#senders.every(({ isQuiet }) => isQuiet));
  }

  /** Waits for the answer to a request of each sender, which comes behind everything written to it before. */
  async fenced(fence: (endpoint: Endpoint) => Buffer): Promise<void> {
    for (const sender of this.#senders) sender.fence(fence(sender.endpoint));
    await this.#until(() => this.#senders.every(({ isFenced }) => isFenced));
  }

  /** Waits until all connections of the senders are gone, and what came over them was taken. */
  async gone(): Promise<void> {
    await this.#until(() => this.#senders.every(({ isGone }) => isGone));
  }

  tell(): void {
    this.#news.emit('news');
  }

  async #until(condition: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      while (!condition()) await once(this.#news, 'news', { signal });
    } catch (cause) {
      throw new Error(`did not happen: ${condition}\n${this.#senders.map(String).join('\n')}`, { cause });
    }
  }
}

/** One sender on one connection. */
class Sender {
  readonly endpoint: Endpoint;
  isGone = false;
  isFenced = false;
  okCount = 0;
  readonly #load: Load;
  readonly #toPath: string;
  readonly #number: number;
  readonly #pending = new Map<string, Sent>();
  #sentCount = 0;
  #refusals = 0;
  #fenceId: string | undefined;

  constructor(load: Load, endpoint: Endpoint, toPath: string, number: number) {
    this.endpoint = endpoint;
    this.#load = load;
    this.#toPath = toPath;
    this.#number = number;
  }

  get isQuiet(): boolean {
    return this.isGone || (this.#hasStopped && this.#pending.size === 0);
  }

  start(): void {
    void this.#listen();
    for (let count = 0; count < this.#load.options.window; count += 1) this.#send();
  }

  fence(octets: Buffer): void {
    this.#fenceId = octets.toString('latin1', 5, octets.indexOf(' ', 5));
    void this.endpoint.send(octets);
  }

  /** For the one who has to find out why it waits: its SENDs and what they were answered. */
  toString(): string {
    const pending = [...this.#pending.keys()].join(' ');
    return `sender ${this.#number}: sent ${this.#sentCount}, refused ${this.#refusals}, gone ${this.isGone}, waits for ${pending}`;
  }

  get #hasStopped(): boolean {
    return this.#refusals >= this.#load.options.refusals;
  }

  async #listen(): Promise<void> {
    try {
      for (;;) this.#take(await this.endpoint.next(undefined, 60_000));
    } catch {
      this.isGone = true;
      this.#load.tell();
    }
  }

  #send(): void {
    this.#sentCount += 1;
    if (this.#sentCount % SILENT_EVERY === 0) this.#sendOne('no');
    this.#sendOne(this.#sentCount % 2 === 0 ? 'yes' : undefined);
  }

  #sendOne(failureReport: 'yes' | 'no' | undefined): void {
    const { sent, body } = this.#load;
    const asksForReports = failureReport !== 'no';
    const messageId = `m${this.#number}.${this.#sentCount}${asksForReports ? '' : '.silent'}`;
    const tid = `t${messageId}`;
    const one: Sent = { messageId, octets: body.length, asksForReports, responses: [], reports: [] };
    sent.set(messageId, one);
    if (asksForReports) this.#pending.set(tid, one);
    const wish = failureReport === undefined ? {} : { failureReport };
    const paths = { toPath: this.#toPath, fromPath: this.endpoint.uri };
    void this.endpoint.send(
      sendRequest({ ...paths, ...wish, tid, messageId, byteRange: `1-${body.length}/${body.length}`, body }),
    );
  }

  #take(message: Message): void {
    if (message.tid === this.#fenceId) this.isFenced = true;
    else if (message.status !== undefined) this.#answered(message.tid, message.status);
    else this.#reported(message);
    this.#load.tell();
  }

  #answered(tid: string, status: number): void {
    const { sent, offences } = this.#load;
    const one = sent.get(tid.slice(1));
    if (one === undefined) {
      offences.push(`a response to nothing: ${tid} ${status}`);
      return;
    }
    one.responses.push(status);
    this.#pending.delete(tid);
    if (status !== 200) this.#refusals += 1;
    else if (this.#refusals > 0 && this.#load.options.staysRefused)
      offences.push(`${tid} was accepted after another was refused`);
    else this.#accepted();
    if (!this.#hasStopped) this.#send();
  }

  #accepted(): void {
    this.okCount += 1;
    this.#load.okCount += 1;
  }

  #reported(message: Message): void {
    const { sent, offences } = this.#load;
    const one = sent.get(message.header('Message-ID') ?? '');
    const [, start, end] = /^(\d+)-(\d+)\/\d+$/.exec(message.header('Byte-Range') ?? '') ?? [];
    if (message.method !== 'REPORT' || one === undefined || end === undefined) {
      offences.push(`what is this? ${message.raw.toString('latin1').slice(0, 500)}`);
      return;
    }
    if (one.responses[0] !== 200) offences.push(`${one.messageId} was reported without having been accepted`);
    one.reports.push({ start: Number(start), end: Number(end), status: message.header('Status') });
  }
}
