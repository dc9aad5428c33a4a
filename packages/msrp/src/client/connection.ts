/** One connection of an endpoint: its octets become requests and responses, and go to the session they are for. */
import type { Clock } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import type { ContinuationFlag, Head } from '../wire/head.ts';
import { Parser } from '../wire/parser.ts';
import { countOf, firstOf } from '../wire/path.ts';
import { formatResponse } from '../wire/serializer.ts';
import { commentOf } from '../wire/status.ts';
import type { Channel } from './channel.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { OpenRequests } from './open-requests.ts';
import type { ChunkVerdict } from './receiver.ts';

const LIMITS = { maxHeadOctets: 16_384, maxHeadLines: 64 };

/** What becomes of the requests for one session. */
export interface RequestHandler {
  /** A SEND begins on `connection`. */
  send(head: Head, connection: Connection): ChunkVerdict;
  /** A REPORT; it is never answered. */
  report(head: Head): void;
  /** Any other method; its body, if it has one, is not for us. @returns the status to answer. */
  other(head: Head): number;
}

/** Who knows the sessions. */
export interface Directory {
  /** The session whose own URI is `uri`, for a request that came on `connection`; a status when there is none, or not here. */
  sessionFor(uri: string, connection: Connection): RequestHandler | number;
  /** The connection is over. */
  lost(connection: Connection, error: MsrpError): void;
}

/** An open connection and everything that waits on it. */
export class Connection {
  readonly channel: Channel;
  readonly writer: ChunkWriter;
  readonly requests: OpenRequests;
  readonly #directory: Directory;
  readonly #parser: Parser;
  /** What reads the body of the request whose head came last, and its end. */
  #taker: { body(octets: Uint8Array): void; end(flag: ContinuationFlag): void } | undefined;
  #pauses = 0;
  #error: MsrpError | undefined;

  constructor(channel: Channel, directory: Directory, clock: Clock) {
    this.channel = channel;
    this.#directory = directory;
    this.writer = new ChunkWriter(channel, clock, () =>
      this.destroy(new MsrpError('MSRP_CONNECTION_LOST', 'the other end takes no answers')),
    );
    this.requests = new OpenRequests(clock, () => this.#pauses === 0);
    this.#parser = new Parser(
      {
        head: (head) => this.#onHead(head),
        body: (octets) => this.#taker?.body(octets),
        end: (flag) => this.#taker?.end(flag),
        broken: (error, head) => this.#onBroken(error, head),
      },
      LIMITS,
    );
    channel.start({
      octets: (octets) => this.#parser.write(octets),
      drained: () => this.writer.pump(),
      closed: (error) => this.#onClosed(error),
    });
  }

  /** Whether it can be used. */
  get isOpen(): boolean {
    return this.#error === undefined;
  }

  /** Reads nothing until every `pause` had its `resume`. */
  pause(): void {
    this.#pauses += 1;
    if (this.#pauses === 1) this.channel.pause();
  }

  resume(): void {
    this.#pauses -= 1;
    if (this.#pauses === 0 && this.isOpen) this.channel.resume();
  }

  /** Ends in order: what was to be written is, and nothing comes any more. */
  close(): void {
    if (!this.isOpen) return;
    this.writer.pump();
    this.writer.finish();
    this.#end(new MsrpError('MSRP_CONNECTION_LOST', 'this side has closed the connection'));
    this.channel.end();
  }

  /** Ends at once, for `error`. */
  destroy(error: MsrpError): void {
    if (!this.isOpen) return;
    this.#end(error);
    this.channel.destroy();
  }

  #onHead(head: Head): void {
    this.#taker = undefined;
    if (head.method === '') {
      if (head.fault === undefined) this.requests.answer(head);
    } else if (head.method === 'REPORT') this.#onReport(head);
    else if (head.method === 'SEND') this.#onSend(head);
    else this.#onOther(head);
  }

  #onReport(head: Head): void {
    if (head.fault !== undefined) return;
    const session = this.#sessionOf(head);
    // A REPORT may have a body, which nobody relies on (RFC 4975 §7.1.2).
    if (typeof session !== 'number') this.#taker = { body: () => undefined, end: () => session.report(head) };
  }

  #onSend(head: Head): void {
    const verdict = this.#verdictOn(head);
    let status = typeof verdict === 'number' ? verdict : undefined;
    const taker = typeof verdict === 'number' ? undefined : verdict;
    const refuse = (code: number | undefined) => {
      status = code;
      if (code !== undefined) this.#answer(head, code);
    };
    refuse(status);
    this.#taker = {
      body: (octets) => {
        if (status === undefined) refuse(taker?.body(octets));
      },
      end: (flag) => {
        if (status === undefined) refuse(taker?.end(flag));
        if (status === undefined) this.#answer(head, 200);
      },
    };
  }

  #verdictOn(head: Head): ChunkVerdict {
    if (head.fault !== undefined) return 400;
    const session = this.#sessionOf(head);
    return typeof session === 'number' ? session : session.send(head, this);
  }

  #onOther(head: Head): void {
    const session = head.fault === undefined ? this.#sessionOf(head) : 400;
    const end = () => this.#answer(head, typeof session === 'number' ? session : session.other(head));
    this.#taker = { body: () => undefined, end };
  }

  /** Exactly one URI of To-Path is left where a request ends (RFC 4975 §7.3). */
  #sessionOf({ toPath }: Head): RequestHandler | number {
    return countOf(toPath) === 1 ? this.#directory.sessionFor(firstOf(toPath), this) : 481;
  }

  #answer(head: Head, status: number): void {
    const isSend = head.method === 'SEND';
    if (isSend && (head.failureReport === 'no' || (head.failureReport === 'partial' && status === 200))) return;
    // Each hop answers a SEND for itself; other answers go all the way back (RFC 4976 §6.4.1, §6.4.3).
    const toPath = isSend ? firstOf(head.fromPath) : head.fromPath;
    this.writer.writeNow(formatResponse(head.transactionId, status, commentOf(status), toPath, firstOf(head.toPath)));
  }

  #onBroken(error: MsrpError, head: Head | undefined): void {
    if (head !== undefined && head.method !== '' && head.method !== 'REPORT') this.#answer(head, 400);
    this.writer.pump();
    this.destroy(new MsrpError('MSRP_CONNECTION_LOST', 'the other end does not speak MSRP', { cause: error }));
  }

  #onClosed(error: Error | undefined): void {
    if (!this.isOpen) return;
    this.#end(new MsrpError('MSRP_CONNECTION_LOST', 'the connection was lost', { cause: error }));
  }

  #end(error: MsrpError): void {
    this.#error = error;
    this.#parser.stop();
    this.writer.close();
    this.requests.close(error);
    this.#directory.lost(this, error);
  }
}
