/** One MSRP session: messages to and from one peer, over one connection at a time (RFC 4975 §5.4, §7). */
import type { Clock, Timer } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { MsrpError } from '../base/errors.ts';
import { type Head, headerValues } from '../wire/head.ts';
import { isIdent, makeIdent } from '../wire/ident.ts';
import { splitPath } from '../wire/path.ts';
import { isSuccess } from '../wire/status.ts';
import type { Connection, RequestHandler } from './connection.ts';
import { type Content, contentSource, type RepeatableSource } from './content.ts';
import { assertShown, matchesFingerprint } from './fingerprint.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { OctetRanges } from './octet-ranges.ts';
import { OtherSide } from './other-side.ts';
import { type OutgoingMessage, Sending } from './outgoing-message.ts';
import { bodilessSend, nicknameOf, nicknameRequest, type OwnRequest, ownReport, type Paths } from './own-requests.ts';
import { Receiver, type Reported } from './receiver.ts';
import { SentMessages } from './sent-messages.ts';
import { limitsOf, type Peer, type SendOptions, type SessionEvents, type SessionOptions } from './session-options.ts';

/** What a session needs of whoever makes it. */
export interface SessionContext {
  readonly clock: Clock;
  /** This endpoint's own URI in the session. */
  readonly uri: string;
  /** Relays from here outward, as granted; '' without relays. */
  readonly usePath: string;
  /** What the session sends over from the beginning; undefined while there is no connection to the peer. */
  readonly connection: Connection | undefined;
  /** Finds or opens the connection to the peer's first node. */
  readonly reach: (peer: Peer, firstUri: string) => Promise<Connection>;
  /** The session is used over this connection from now on. */
  readonly bound: (connection: Connection) => void;
  /** The session has ended. */
  readonly ended: (session: Session) => void;
  /** Extends the life of the path; undefined where there are no relays. Gives until when it holds, ms since 1970. */
  readonly refresh: ((session: Session) => Promise<number>) | undefined;
}

const DEFAULT_MAX_CHUNK_OCTETS = 4_194_304;

const TEXT = 'text/plain;charset=utf-8';
const OCTETS = 'application/octet-stream';

/** Made by a relay connection, a listener or an endpoint. Its path goes into SDP, the peer's path comes from there. */
export class Session extends Emitter<SessionEvents> {
  /** What its connections do with requests that name it. @internal */
  readonly incoming: RequestHandler = {
    send: (head) => {
      this.#otherSide.wroteFrom(head.fromPath);
      return this.#receiver.begin(head);
    },
    report: (head) => this.#onReport(head),
    other: (head) => this.#onOther(head),
  };
  readonly #context: SessionContext;
  readonly #options: SessionOptions;
  readonly #receiver: Receiver;
  readonly #sent = new SentMessages();
  readonly #otherSide = new OtherSide();
  /** Who waits for an answer, and is told when none can come any more. */
  readonly #waiting = new Set<(error: MsrpError) => void>();
  #connection: Connection | undefined;
  #isHolding = false;
  #hasHandedOver = false;
  #state: 'open' | 'failed' | 'closed' = 'open';
  #keepAlive: Timer | undefined;

  /** @internal */
  constructor(context: SessionContext, options: SessionOptions) {
    super();
    this.#context = context;
    this.#options = options;
    this.#connection = context.connection;
    const events = {
      message: (message: IncomingMessage) => this.#onMessage(message),
      pause: () => this.#hold(),
      resume: () => this.#letGo(),
      report: (...report: Parameters<Session['sendReport']>) => this.sendReport(...report),
    };
    const previous = options.continues?.handOver();
    previous?.handTo(events);
    this.#receiver = previous ?? new Receiver(limitsOf(options), context.clock, events);
    this.#hold();
  }

  /** What goes into `a=path` of this side's SDP: the outermost relay first, this endpoint last (RFC 4976 §5.1). */
  get path(): string {
    return [...splitPath(this.#context.usePath).toReversed(), this.#context.uri].join(' ');
  }

  /** This endpoint's own URI. */
  get uri(): string {
    return this.#context.uri;
  }

  /** The relays from here outward, as they were granted; '' without relays. */
  get usePath(): string {
    return this.#context.usePath;
  }

  /** The peer's path: as given, else the whole way back that its last request has shown. */
  get peerPath(): string | undefined {
    return this.#otherSide.path;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether the way to the next node is protected by TLS. It says nothing of the ways behind that node (RFC 4975 §4). */
  get isHopSecure(): boolean {
    return this.#connection?.channel.isSecure ?? false;
  }

  /** The connection that it uses; undefined before there is one. @internal */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /**
   * Says who the peer is and, as the active side, makes itself known to it (RFC 4975 §5.4). A passive side waits.
   *
   * @throws MsrpError `MSRP_BAD_PATH`, `MSRP_INSECURE`, `MSRP_BAD_FINGERPRINT`, `MSRP_SESSION_CLOSED`, or what dialling throws.
   */
  async open(peer: Peer | string, role: 'active' | 'passive' = 'active'): Promise<this> {
    this.#assertOpen();
    const known = typeof peer === 'string' ? { path: peer } : peer;
    const first = this.#otherSide.name(known);
    // Whoever connected before is only now known by its certificate; behind a relay nobody sees it.
    if (this.#context.connection === undefined) assertShown(this.#connection, known.fingerprint);
    if (role === 'passive') return this;
    if (this.#connection === undefined) {
      const connection = await this.#context.reach(known, first);
      this.#assertOpen();
      this.bind(connection);
    }
    this.#sendBodiless();
    return this;
  }

  /**
   * Sends a message. It is written as fast as the connection takes it, in turn with those of other sessions.
   *
   * @throws MsrpError `MSRP_SESSION_CLOSED`, `MSRP_SESSION_FAILED`, `MSRP_BAD_PATH` (no peer yet), `MSRP_NOT_ACCEPTED` or
   *   `MSRP_TOO_LARGE` (the peer's SDP rules it out), `MSRP_BAD_CONTENT` (a header that cannot be written): nothing was sent.
   */
  send(content: Content, options: SendOptions = {}): OutgoingMessage {
    const contentType = options.contentType ?? (typeof content === 'string' ? TEXT : OCTETS);
    return this.#send(contentSource(content, options.totalOctets), { ...options, contentType });
  }

  /**
   * Sends what the peer has not confirmed of a message that failed with its session, under its Message-ID (RFC 4975 §7.3.2).
   *
   * @throws MsrpError as `send` does, and `MSRP_NOT_RESUMABLE` when the content was a stream, which is gone.
   */
  resume(message: OutgoingMessage, options: Pick<SendOptions, 'signal'> = {}): OutgoingMessage {
    if (!(message instanceof Sending) || !message.options.source.isRepeatable) {
      throw new MsrpError('MSRP_NOT_RESUMABLE', 'the content of the message can be read only once');
    }
    const { source, ...same } = message.options;
    return this.#send(source, { ...same, signal: options.signal }, message.confirmed);
  }

  /** Asks the peer, a chat room, for a nickname (RFC 7701 §7.1). @throws MsrpError `MSRP_REFUSED`, `MSRP_TIMEOUT`, as `send`. */
  async setNickname(nickname: string): Promise<void> {
    const { status, comment } = await this.#ask(nicknameRequest(this.#paths(), nickname));
    if (isSuccess(status)) return;
    throw new MsrpError('MSRP_REFUSED', `the nickname was answered ${status} ${comment}`, { status });
  }

  /** Asks the relays to extend the life of the path, which not all do; too late, the session fails. @returns until when it holds, ms since 1970. */
  async refresh(): Promise<number> {
    this.#assertOpen();
    if (this.#context.refresh === undefined)
      throw new MsrpError('MSRP_BAD_PATH', 'a path without relays never expires');
    return await this.#context.refresh(this);
  }

  /** Ends the session: messages that are under way are given up, or unconfirmed. Its connection may serve others. */
  close(): void {
    if (this.#state === 'closed') return;
    const error = new MsrpError('MSRP_SESSION_CLOSED', 'this side has closed the session');
    const wasOpen = this.#state === 'open';
    if (wasOpen) this.#end('closed', error);
    if (!this.#hasHandedOver) this.#receiver.close(error);
    if (wasOpen) this.emit('closed');
  }

  // What follows is for whoever made the session.

  /** Whether the other end of `connection` may be the peer: it has shown the certificate that SDP announced, if one was. @internal */
  trusts({ channel }: Connection): boolean {
    const { fingerprint } = this.#otherSide;
    return fingerprint === undefined || matchesFingerprint(channel.peerCertificate, fingerprint);
  }

  /** From now on it is used over `connection`. @internal */
  bind(connection: Connection): void {
    if (this.#connection === connection) return;
    this.#letGo();
    this.#connection = connection;
    this.#context.bound(connection);
    this.#hold();
    this.#restartKeepAlive();
  }

  /** Its connection is gone, or a failure was reported: it can be used no more. @internal */
  fail(error: MsrpError): void {
    if (this.#state !== 'open') return;
    this.#end('failed', error);
    this.emit('failed', error);
  }

  /** Its path will expire. @param atMs - when, since 1970. @internal */
  warnOfExpiry(atMs: number): void {
    if (this.#state === 'open') this.emit('pathExpiring', atMs);
  }

  /** Gives its incoming messages to a session that goes on with them; undefined while it is in use itself. @internal */
  handOver(): Receiver | undefined {
    if (this.#state !== 'failed' || this.#hasHandedOver) return undefined;
    this.#hasHandedOver = true;
    return this.#receiver;
  }

  /** Reports octets of a message that came in, when there is a way to do so. @internal */
  sendReport(message: Reported, status: number, comment: string, start: number, end: number): void {
    if (this.#state !== 'open' || this.#connection === undefined) return;
    const { messageId, returnPath, totalOctets: total } = message;
    const report = ownReport(
      { toPath: returnPath, fromPath: this.uri },
      { messageId, status, comment, start, end, total },
    );
    this.#connection.writer.writeNow(report.text);
  }

  #onMessage(message: IncomingMessage): boolean {
    if (!this.hasListener('message')) return false;
    this.emit('message', message);
    return true;
  }

  #onReport(head: Head): void {
    const failure = this.#sent.report(head);
    if (failure === undefined) return;
    const { status, comment } = failure;
    this.fail(new MsrpError('MSRP_SESSION_FAILED', `a failure was reported: ${status} ${comment}`, { status }));
  }

  #onOther(head: Head): number {
    if (head.method !== 'NICKNAME' || !this.hasListener('nickname')) return 501;
    const nickname = nicknameOf(headerValues(head, 'use-nickname')[0] ?? '');
    if (nickname === undefined) return 424;
    this.emit('nickname', nickname);
    return 200;
  }

  #send(
    source: RepeatableSource,
    options: SendOptions & { readonly contentType: string },
    confirmed?: OctetRanges,
  ): OutgoingMessage {
    const { contentType, headers = {}, messageId = makeIdent(), signal } = options;
    const { failureReport = 'yes', successReport = true } = options;
    if (!isIdent(messageId) || this.#sent.has(messageId)) {
      throw new MsrpError('MSRP_BAD_CONTENT', 'a Message-ID is 4 to 32 letters and digits that no other message has');
    }
    const paths = this.#paths();
    const connection = this.#usable();
    this.#otherSide.assertTakes(contentType, source.octets);
    signal?.throwIfAborted();
    const abort = () => sending.abort(signal?.reason);
    const sending: Sending = new Sending({
      ...paths,
      messageId,
      headers,
      contentType,
      successReport,
      failureReport,
      maxOctets: this.#otherSide.maxSize,
      maxChunkOctets: this.#options.maxChunkOctets ?? DEFAULT_MAX_CHUNK_OCTETS,
      source,
      confirmed,
      requests: connection.requests,
      failed: (error) => this.#onSendFailed(contentType, error),
      settled: (settling) => {
        signal?.removeEventListener('abort', abort);
        this.#sent.settled(settling);
        connection.writer.wake();
      },
    });
    // Of what is sent again, nothing may be missing.
    if (sending.isOver) return sending;
    signal?.addEventListener('abort', abort);
    this.#sent.add(sending);
    connection.writer.add(this, sending);
    this.#restartKeepAlive();
    return sending;
  }

  #onSendFailed(contentType: string, error: unknown): void {
    const status = error instanceof MsrpError ? error.status : undefined;
    if (status === 415) this.#otherSide.refuses(contentType);
    if (status !== 481 && status !== 506) return;
    this.fail(new MsrpError('MSRP_SESSION_FAILED', 'the session does not exist any more', { status, cause: error }));
  }

  /** The paths of requests to the peer: relays first (RFC 4976 §5.1). */
  #paths(): Paths {
    this.#assertOpen();
    const { usePath, uri } = this.#context;
    return { toPath: this.#otherSide.toPath(usePath), fromPath: uri };
  }

  #usable(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    throw new MsrpError('MSRP_BAD_PATH', 'the peer of the session has not connected yet');
  }

  /** Writes a request and waits for its answer. */
  #ask({ transactionId, text }: OwnRequest): Promise<Head> {
    const { requests, writer } = this.#usable();
    const { promise, resolve, reject } = Promise.withResolvers<Head>();
    this.#waiting.add(reject);
    const missed = () => reject(new MsrpError('MSRP_TIMEOUT', 'no answer came in time', { status: 408 }));
    requests.open(transactionId, { answered: resolve, missed });
    writer.writeNow(text);
    requests.sent(transactionId);
    return promise.finally(() => this.#waiting.delete(reject));
  }

  #sendBodiless(): void {
    this.#restartKeepAlive();
    this.#ask(bodilessSend(this.#paths())).then(
      ({ status, comment }) => {
        if (status !== 481 && status !== 506 && status !== 408) return;
        this.fail(new MsrpError('MSRP_SESSION_FAILED', `the session was answered ${status} ${comment}`, { status }));
      },
      (error: MsrpError) => this.fail(error),
    );
  }

  #restartKeepAlive(): void {
    this.#keepAlive?.cancel();
    const { keepAliveMs } = this.#options;
    if (keepAliveMs === undefined || this.#state !== 'open') return;
    this.#keepAlive = this.#context.clock.after(keepAliveMs, () => {
      if (this.peerPath !== undefined && this.#connection !== undefined) this.#sendBodiless();
      else this.#restartKeepAlive();
    });
  }

  /** The connection is not read while the application is behind. */
  #hold(): void {
    if (this.#isHolding || this.#state !== 'open' || !this.#receiver.isBehind || this.#connection === undefined) return;
    this.#isHolding = true;
    this.#connection.pause();
  }

  #letGo(): void {
    if (this.#isHolding) this.#connection?.resume();
    this.#isHolding = false;
  }

  #end(state: 'failed' | 'closed', error: MsrpError): void {
    this.#state = state;
    this.#keepAlive?.cancel();
    this.#letGo();
    this.#sent.endWith(error, state === 'closed');
    for (const tell of [...this.#waiting]) tell(error);
    this.#context.ended(this);
  }

  #assertOpen(): void {
    if (this.#state === 'failed') throw new MsrpError('MSRP_SESSION_FAILED', 'the session has failed');
    if (this.#state === 'closed') throw new MsrpError('MSRP_SESSION_CLOSED', 'the session has been closed');
  }
}
