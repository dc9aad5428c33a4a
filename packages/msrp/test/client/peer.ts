/**
 * A scripted peer and an endpoint that talks to it over memory. The peer reads and writes MSRP straight from RFC 4975 §9,
 * with nothing of the project's own parser, so that it can contradict it.
 */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { ManualClock } from '../../src/base/index.ts';
import { Endpoint } from '../../src/client/endpoint.ts';
import type { Session } from '../../src/client/session.ts';
import type { Peer as PeerDescription, SessionOptions } from '../../src/client/session-options.ts';
import { type ChannelTraits, MemoryChannel } from './memory-channel.ts';

/** The peer's node; each of its sessions has a session-id there. */
const PEER_NODE = 'msrps://peer.example:9000';

/** The URI of the peer in the first session. */
export const PEER_URI = `${PEER_NODE}/p4aQ7c2XsW0b;tcp`;

/** One request or response as the peer reads it. Texts hold one character an octet. */
export interface Message {
  readonly tid: string;
  /** '' in a response. */
  readonly method: string;
  /** 0 in a request. */
  readonly status: number;
  readonly comment: string;
  /** All lines between start line and end-line or empty line. */
  readonly lines: readonly string[];
  /** The value of the header with exactly this name; undefined when there is none. */
  header(name: string): string | undefined;
  /** Undefined without body. */
  readonly body: Buffer | undefined;
  readonly flag: string;
  /** Every octet of it. */
  readonly text: string;
}

/** A SEND to write; what is left out has the plainest value, or is left out on the wire. */
export interface SendParts {
  readonly tid?: string;
  readonly messageId?: string;
  readonly fromPath?: string;
  readonly toPath?: string;
  /** `null` for none. */
  readonly range?: string | null;
  readonly failureReport?: string;
  readonly successReport?: string;
  readonly contentType?: string;
  /** More header lines, each with its CRLF. */
  readonly extra?: string;
  readonly body?: string | Uint8Array;
  readonly flag?: '$' | '+' | '#';
}

/** The other end of a channel. */
export class Peer {
  readonly channel: MemoryChannel;
  /** Everything that has come, in whole messages. */
  readonly messages: Message[] = [];
  #octets = Buffer.alloc(0);
  #searchedOctets = 0;
  #taken = 0;
  #wake: (() => void) | undefined;

  constructor(traits?: ChannelTraits) {
    this.channel = new MemoryChannel((octets) => this.#read(octets), traits);
  }

  /** What has come of a message that is not complete. */
  get unfinished(): string {
    return this.#octets.toString('latin1');
  }

  /** The next message that this has not given yet. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.messages[this.#taken];
      this.#taken += 1;
      if (message !== undefined) return message;
      this.#taken -= 1;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** All that has come by now and that `next` has not given. */
  async rest(): Promise<Message[]> {
    await turn();
    const rest = this.messages.slice(this.#taken);
    this.#taken = this.messages.length;
    return rest;
  }

  write(octets: string | Uint8Array): void {
    this.channel.deliver(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : Buffer.from(octets));
  }

  answer(request: Message, status = 200, comment = 'OK'): void {
    const [toPath] = (request.header('From-Path') ?? '').split(' ');
    const [fromPath] = (request.header('To-Path') ?? '').split(' ');
    const start = `MSRP ${request.tid} ${status} ${comment}`.trimEnd();
    this.write(`${start}\r\nTo-Path: ${toPath}\r\nFrom-Path: ${fromPath}\r\n-------${request.tid}$\r\n`);
  }

  /** @param lines - after From-Path, each with its CRLF. */
  report(session: Session, lines: string, fromPath = PEER_URI): void {
    const tid = randomId();
    this.write(`MSRP ${tid} REPORT\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${fromPath}\r\n${lines}-------${tid}$\r\n`);
  }

  /** Reports octets of a message. @param range - as in Byte-Range. */
  reportOn(session: Session, messageId: string, range: string, status = '000 200 OK'): void {
    this.report(session, `Message-ID: ${messageId}\r\nByte-Range: ${range}\r\nStatus: ${status}\r\n`);
  }

  /** Writes a SEND to `session`. @returns its transaction id. */
  send(session: Session, parts: SendParts = {}): string {
    const { tid = randomId(), flag = '$', body } = parts;
    this.write(this.sendHead(session, { ...parts, tid }));
    if (body !== undefined) this.write(Buffer.concat([bodyOf(body), Buffer.from('\r\n')]));
    this.write(`-------${tid}${flag}\r\n`);
    return tid;
  }

  /** A SEND up to its body, as text. */
  sendHead(session: Session, parts: SendParts & { readonly tid: string }): string {
    const { tid, messageId = randomId(), fromPath = PEER_URI, toPath = session.uri, extra = '', body } = parts;
    const octets = body === undefined ? 0 : bodyOf(body).length;
    const { range = `1-${octets}/${octets}`, failureReport, successReport, contentType = 'text/plain' } = parts;
    return [
      `MSRP ${tid} SEND`,
      `To-Path: ${toPath}`,
      `From-Path: ${fromPath}`,
      `Message-ID: ${messageId}`,
      ...(range === null ? [] : [`Byte-Range: ${range}`]),
      ...(successReport === undefined ? [] : [`Success-Report: ${successReport}`]),
      ...(failureReport === undefined ? [] : [`Failure-Report: ${failureReport}`]),
      `${extra}${body === undefined ? '' : `Content-Type: ${contentType}\r\n\r\n`}`,
    ].join('\r\n');
  }

  #read(octets: Buffer): void {
    this.#octets = Buffer.concat([this.#octets, octets]);
    for (let end = this.#messageEnd(); end > 0; end = this.#messageEnd()) {
      this.messages.push(readMessage(this.#octets.subarray(0, end)));
      this.#octets = this.#octets.subarray(end);
      this.#searchedOctets = 0;
    }
    this.#wake?.();
  }

  /** Where the first message ends; 0 when it is not complete. */
  #messageEnd(): number {
    const lineEnd = this.#octets.indexOf('\r\n');
    const tid = /^MSRP (\S+) /.exec(this.#octets.toString('latin1', 0, Math.max(0, lineEnd)))?.[1];
    if (lineEnd >= 0 && tid === undefined) throw new Error(`no start line: ${this.#octets.toString('latin1', 0, 80)}`);
    const mark = `\r\n-------${tid}`;
    const at = lineEnd < 0 ? -1 : this.#octets.indexOf(mark, Math.max(lineEnd, this.#searchedOctets), 'latin1');
    this.#searchedOctets = at < 0 ? Math.max(0, this.#octets.length - mark.length) : at;
    if (at < 0 || this.#octets.length < at + mark.length + 3) return 0;
    if (!/^[$+#]\r\n$/.test(this.#octets.toString('latin1', at + mark.length, at + mark.length + 3))) {
      throw new Error('what begins like the end-line stands in the body');
    }
    return at + mark.length + 3;
  }
}

/** Takes one whole message apart. @throws when it is not as RFC 4975 wants it written. */
function readMessage(octets: Buffer): Message {
  const text = octets.toString('latin1');
  const [start = ''] = text.split('\r\n', 1);
  const [, tid = '', third = '', comment = ''] =
    /^MSRP ([A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}) ([A-Z]+|\d{3})(?: (.+))?$/.exec(start) ?? [];
  const endAt = text.length - `-------${tid}$\r\n`.length;
  const blankAt = text.indexOf('\r\n\r\n');
  const hasBody = blankAt >= 0 && blankAt + 4 <= endAt - 2;
  const lines = text.slice(start.length + 2, hasBody ? blankAt : endAt - 2).split('\r\n');
  const isResponse = /^\d/.test(third);
  const paths = lines.slice(0, 2).map((line) => /^(To|From)-Path: \S+( \S+)*$/.test(line));
  if (tid === '' || paths.includes(false)) throw new Error(`not as it must be: ${text.slice(0, 400)}`);
  const isLast = /^Content-Type: \S/.test(lines.at(-1) ?? '');
  if (hasBody !== isLast) throw new Error(`a body must follow Content-Type: ${text.slice(0, 400)}`);
  return {
    tid,
    method: isResponse ? '' : third,
    status: isResponse ? Number(third) : 0,
    comment,
    lines,
    header: (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2),
    body: hasBody ? octets.subarray(blankAt + 4, endAt - 2) : undefined,
    flag: text.charAt(text.length - 3),
    text,
  };
}

function bodyOf(body: string | Uint8Array): Buffer {
  return typeof body === 'string' ? Buffer.from(body, 'latin1') : Buffer.from(body);
}

/** A fresh transaction or message id. */
function randomId(): string {
  return `t${randomBytes(9).toString('hex')}`;
}

/** Until everything has happened that needs no time and no system. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Octets that differ by their place. */
export function octetsUpTo(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 31 + (index >> 8) * 7) % 251);
}

/** An endpoint under test and its peer. */
export interface Conversation {
  readonly clock: ManualClock;
  readonly endpoint: Endpoint;
  readonly session: Session;
  readonly peer: Peer;
  /** One more session over the same connection, its first SEND read and answered. */
  another(options?: SessionOptions): Promise<Session>;
}

/** How a conversation begins. */
export interface ConversationOptions extends SessionOptions {
  readonly traits?: ChannelTraits;
  /** What is said of the peer in SDP, besides its path. */
  readonly description?: Partial<PeerDescription>;
}

/**
 * A session that has connected to a peer; its first SEND was read and answered. At the end of the test the endpoint is
 * closed, and nothing may be left to wait for.
 */
export async function converse(options: ConversationOptions = {}): Promise<Conversation> {
  const { traits, description, ...sessionOptions } = options;
  const clock = new ManualClock();
  const peer = new Peer(traits);
  const endpoint = new Endpoint({ clock, network: { dial: async () => peer.channel } });
  onTestFinished(async () => {
    endpoint.close();
    await turn();
    expect(clock.waitingCount).toBe(0);
  });
  let count = 0;
  const open = async (own: SessionOptions) => {
    const path = count === 0 ? PEER_URI : `${PEER_NODE}/another${count}xYz;tcp`;
    count += 1;
    const session = endpoint.createSession(own);
    await session.open({ path, ...description });
    peer.answer(await peer.next());
    return session;
  };
  return { clock, endpoint, peer, session: await open(sessionOptions), another: (own = {}) => open(own) };
}
