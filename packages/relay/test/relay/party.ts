/** A client of some relays with all it is told: it answers what comes as an endpoint does, and keeps it. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { Span } from '../delivery/load.ts';
import { type Endpoint, type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { randomId } from '../message.ts';

const FOR_EVER_MS = 600_000;
const PATIENCE_MS = 10_000;

/** A REPORT that came. */
export interface ReportSeen extends Span {
  readonly messageId: string;
  /** Of its Byte-Range, as it stands there. */
  readonly total: string;
  readonly status: string;
  /** Who made it, and through whom it came. */
  readonly fromPath: string;
}

/** One chunk that came. */
interface ChunkSeen {
  readonly start: number;
  readonly body: Buffer;
  readonly byteRange: string;
  readonly flag: string;
}

/** Where and how a party sends. */
export interface SendWish {
  /** The whole To-Path. */
  readonly to: string;
  readonly messageId: string;
  readonly body: Uint8Array | string;
  /** Octets of one chunk; the whole message is one when left out. */
  readonly chunkOctets?: number;
  readonly failureReport?: string;
  readonly successReport?: string;
}

/** A client that has authenticated. */
export class Party {
  readonly endpoint: Endpoint;
  /** As the last of its relays granted it. */
  readonly usePath: string;
  /** What it tells others: the way to it. */
  readonly sdpPath: string;
  /** The statuses of all responses, by transaction id. */
  readonly answers = new Map<string, number[]>();
  readonly reports: ReportSeen[] = [];
  readonly received = new Map<string, ChunkSeen[]>();
  /** The status that SENDs are answered with; undefined for none. */
  respond: (send: Message) => number | undefined = () => 200;
  isGone = false;
  readonly #news = new EventEmitter().setMaxListeners(0);

  constructor(endpoint: Endpoint, usePath: string) {
    this.endpoint = endpoint;
    this.usePath = usePath;
    this.sdpPath = [...usePath.split(' ').toReversed(), endpoint.uri].join(' ');
    void this.#listen();
  }

  /** The To-Path of what goes from here to `other`. */
  pathTo(other: Party): string {
    return `${this.usePath} ${other.sdpPath}`;
  }

  /** Sends a message, chunk by chunk, as the connection takes it; returns the range of each chunk by its transaction id. */
  async send(wish: SendWish): Promise<Map<string, Span>> {
    const body = typeof wish.body === 'string' ? Buffer.from(wish.body) : wish.body;
    const { to, messageId, chunkOctets = body.length, failureReport, successReport } = wish;
    const sent = new Map<string, Span>();
    for (let at = 0; at < body.length && !this.isGone; at += chunkOctets) {
      const end = Math.min(at + chunkOctets, body.length);
      const octets = sendRequest({
        tid: randomId(),
        toPath: to,
        fromPath: this.endpoint.uri,
        messageId,
        byteRange: `${at + 1}-${end - at > 2048 ? '*' : end}/${body.length}`,
        ...(failureReport === undefined ? {} : { failureReport }),
        ...(successReport === undefined ? {} : { successReport }),
        body: body.subarray(at, end),
        flag: end === body.length ? '$' : '+',
      });
      sent.set(octets.toString('latin1', 5, octets.indexOf(' ', 5)), { start: at + 1, end });
      if (!this.endpoint.socket.write(octets)) {
        await Promise.race([once(this.endpoint.socket, 'drain'), this.endpoint.closed]);
      }
    }
    return sent;
  }

  /**
   * The status of the answer to a request that goes all the way to `to`, or as far as it can: what relays said of earlier SENDs
   * to there came before it.
   */
  async fence(to: string): Promise<number> {
    const tid = randomId();
    void this.endpoint.send(request('FENCE', { tid, toPath: to, fromPath: this.endpoint.uri }));
    await this.until(() => this.answers.has(tid) || this.isGone);
    return this.answers.get(tid)?.[0] ?? 0;
  }

  /** Waits for something that comes here to make `condition` true. */
  async until(condition: () => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      while (!condition()) await once(this.#news, 'news', { signal });
    } catch (cause) {
      throw new Error(`did not happen in ${timeoutMs} ms: ${condition}`, { cause });
    }
  }

  /** The ranges of what was reported of a message, in order. */
  reported(messageId: string): ReportSeen[] {
    return this.reports.filter((report) => report.messageId === messageId).toSorted((a, b) => a.start - b.start);
  }

  /** The ranges of what came of a message, in the order in which it came. */
  got(messageId: string): Span[] {
    const chunks = this.received.get(messageId) ?? [];
    return chunks.map(({ start, body }) => ({ start, end: start + body.length - 1 }));
  }

  /** A message as it came: its SHA-256, and every Byte-Range and flag that is not what it must be when each chunk begins where the one before ended. */
  message(messageId: string, total: number): { readonly sha256: string; readonly wrong: readonly string[] } {
    const hash = createHash('sha256');
    const wrong: string[] = [];
    let next = 1;
    for (const { body, byteRange, flag } of this.received.get(messageId) ?? []) {
      const last = next + body.length - 1;
      const expected = `${next}-${body.length > 2048 ? '*' : last}/${total} ${last === total ? '$' : '+'}`;
      if (`${byteRange} ${flag}` !== expected) wrong.push(`${byteRange} ${flag} instead of ${expected}`);
      hash.update(body);
      next = last + 1;
    }
    return { sha256: hash.digest('hex'), wrong };
  }

  async #listen(): Promise<void> {
    try {
      for (;;) this.#take(await this.endpoint.next(undefined, FOR_EVER_MS));
    } catch {
      this.isGone = true;
      this.#news.emit('news');
    }
  }

  #take(message: Message): void {
    const { status, method } = message;
    if (status !== undefined) {
      this.answers.set(message.tid, [...(this.answers.get(message.tid) ?? []), status]);
    } else if (method === 'REPORT') this.reports.push(reportSeen(message));
    else if (method === 'SEND') this.#takeSend(message);
    else void this.endpoint.send(responseTo(message, 200));
    this.#news.emit('news');
  }

  #takeSend(message: Message): void {
    const messageId = message.header('Message-ID') ?? '';
    const byteRange = message.header('Byte-Range') ?? '';
    const body = message.body ?? Buffer.alloc(0);
    const chunk = { start: Number.parseInt(byteRange, 10), body, byteRange, flag: message.flag };
    const chunks = this.received.get(messageId);
    if (chunks === undefined) this.received.set(messageId, [chunk]);
    else chunks.push(chunk);
    const status = this.respond(message);
    const failureReport = message.header('Failure-Report') ?? 'yes';
    const isAnswered = failureReport === 'yes' || (failureReport === 'partial' && status !== 200);
    if (status !== undefined && isAnswered) void this.endpoint.send(responseTo(message, status));
    if (message.flag === '$' && message.header('Success-Report') === 'yes') this.#reportSuccess(message, messageId);
  }

  #reportSuccess(message: Message, messageId: string): void {
    const octets = this.got(messageId).reduce((sum, { start, end }) => sum + end - start + 1, 0);
    const extra = [
      ['Message-ID', messageId],
      ['Byte-Range', `1-${octets}/${octets}`],
      ['Status', '000 200 OK'],
    ] as const;
    const toPath = message.header('From-Path') ?? '';
    void this.endpoint.send(request('REPORT', { toPath, fromPath: this.endpoint.uri, extra }));
  }
}

function reportSeen(message: Message): ReportSeen {
  const [, start, end, total = ''] = /^(\d+)-(\d+)\/(\d+|\*)$/.exec(message.header('Byte-Range') ?? '') ?? [];
  return {
    messageId: message.header('Message-ID') ?? '',
    start: Number(start),
    end: Number(end),
    total,
    status: message.header('Status') ?? '',
    fromPath: message.header('From-Path') ?? '',
  };
}
