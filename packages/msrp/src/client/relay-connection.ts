/** A client's connection to its relay, and through it to further ones: AUTH for each session (RFC 4976 §5.1). */
import type { Clock, Timer } from '../base/clock.ts';
import { MsrpError } from '../base/errors.ts';
import type { Head } from '../wire/head.ts';
import { splitPath } from '../wire/path.ts';
import { parseUri } from '../wire/uri.ts';
import type { Connection } from './connection.ts';
import { type Credentials, type Grant, Login } from './login.ts';
import { ownRequest } from './own-requests.ts';
import type { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

/**
 * A relay to use, and as whom: without user and password where it knows whose connection it is, by the cookie or token of a
 * WebSocket's handshake (RFC 7977 §7).
 */
export interface RelayTarget {
  /** `msrps:`, without session-id; without port it is a domain, whose relays DNS knows. */
  readonly uri: string;
  readonly user?: string | undefined;
  /** Together with `user`, or not at all. */
  readonly password?: string | undefined;
}

/** How a session behind relays is made. */
export interface RelayedSessionOptions extends SessionOptions {
  /** How long its path shall hold, in seconds, at most; the relay's own choice when absent. */
  readonly expires?: number | undefined;
}

/** What a relay connection needs of its endpoint. */
export interface RelayedContext {
  readonly clock: Clock;
  readonly connection: Connection;
  /** A fresh URI of this endpoint. */
  readonly newUri: () => string;
  readonly newSession: (
    uri: string,
    usePath: string,
    refresh: () => Promise<number>,
    options: SessionOptions,
  ) => Session;
}

/** A warning comes so long before a path expires, or when a quarter of its life is left. */
const WARNING_MS = 900_000;

/** Sessions are made one after the other: at a relay one AUTH is open at a time (RFC 4976 §9.1). */
export class RelayConnection {
  readonly #context: RelayedContext;
  readonly #relays: readonly { readonly uri: string; readonly login: Login }[];
  readonly #lives = new WeakMap<Session, { readonly expiresAtMs: number; readonly warning: Timer }>();
  #last: Promise<unknown> = Promise.resolve();

  /** @param relays - the nearest first. @internal */
  constructor(relays: readonly RelayTarget[], context: RelayedContext) {
    this.#context = context;
    this.#relays = relays.map((relay, index) => ({
      uri: relay.uri,
      login: new Login(credentialsOf(relay), index > 0),
    }));
  }

  /** Whether sessions can be made. */
  get isOpen(): boolean {
    return this.#context.connection.isOpen;
  }

  /**
   * A new session, whose `path` leads through the relays.
   *
   * @throws MsrpError `MSRP_AUTH_FAILED` (with the status), `MSRP_AUTH_DOWNGRADE`, `MSRP_TIMEOUT`, `MSRP_CONNECTION_LOST`.
   */
  async createSession(options: RelayedSessionOptions = {}): Promise<Session> {
    const uri = this.#context.newUri();
    const grant = await this.#inTurn(() => this.#login(uri, options.expires));
    this.#assertOpen();
    const refresh = () => this.#inTurn(() => this.#extend(session, options.expires));
    const session = this.#context.newSession(uri, grant.usePath, refresh, options);
    const forget = () => this.#lives.get(session)?.warning.cancel();
    session.once('closed', forget);
    session.once('failed', forget);
    this.#watch(session, grant.expires);
    return session;
  }

  /** Ends the connection; its sessions fail. */
  close(): void {
    this.#context.connection.close();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Through every relay, nearest first; the outermost one's Use-Path counts, the shortest life, too. */
  async #login(uri: string, expires: number | undefined): Promise<Grant> {
    let usePath = '';
    let shortest = Number.POSITIVE_INFINITY;
    for (const relay of this.#relays) {
      const toPath = usePath === '' ? relay.uri : `${usePath} ${relay.uri}`;
      const grant = await relay.login.authenticate((lines) => this.#ask(toPath, uri, lines), relay.uri, expires);
      usePath = grant.usePath;
      shortest = Math.min(shortest, grant.expires);
    }
    return { usePath, expires: shortest };
  }

  async #extend(session: Session, expires: number | undefined): Promise<number> {
    try {
      return await this.#refresh(session, expires);
    } catch (cause) {
      // Too late, as after a sleep: nobody can be reached by this path any more.
      const { expiresAtMs } = this.#lives.get(session) ?? {};
      if (expiresAtMs !== undefined && expiresAtMs <= this.#context.clock.nowMs())
        session.fail(new MsrpError('MSRP_SESSION_FAILED', 'its path has expired', { cause }));
      throw cause;
    }
  }

  /** An AUTH that names a session URI asks for more time for it. */
  async #refresh(session: Session, expires: number | undefined): Promise<number> {
    const usePath = splitPath(session.usePath);
    let shortest = Number.POSITIVE_INFINITY;
    for (const [index, granted] of usePath.entries()) {
      const target = this.#relays[index];
      if (target === undefined) break;
      const toPath = usePath.slice(0, index + 1).join(' ');
      const ask = (lines: string) => this.#ask(toPath, session.uri, lines);
      const grant = await target.login.authenticate(ask, granted, expires);
      if (splitPath(grant.usePath).at(-1) !== granted) {
        throw new MsrpError('MSRP_AUTH_FAILED', 'the relay has granted another path instead of extending this one');
      }
      shortest = Math.min(shortest, grant.expires);
    }
    return this.#watch(session, shortest);
  }

  #ask(toPath: string, fromPath: string, lines: string): Promise<Head> {
    const { connection } = this.#context;
    const { promise, resolve, reject } = Promise.withResolvers<Head>();
    this.#assertOpen();
    const { transactionId, text } = ownRequest('AUTH', { toPath, fromPath }, lines);
    const missed = () => reject(new MsrpError('MSRP_TIMEOUT', 'the relay does not answer', { status: 408 }));
    connection.requests.open(transactionId, { answered: resolve, missed, lost: reject });
    connection.writer.writeNow(text);
    connection.requests.sent(transactionId);
    return promise;
  }

  #watch(session: Session, expires: number): number {
    const { clock } = this.#context;
    const lifetimeMs = expires * 1000;
    const expiresAtMs = clock.nowMs() + lifetimeMs;
    this.#lives.get(session)?.warning.cancel();
    if (!session.isOpen) return expiresAtMs;
    const warning = clock.after(lifetimeMs - Math.min(WARNING_MS, lifetimeMs / 4), () =>
      session.warnOfExpiry(expiresAtMs),
    );
    this.#lives.set(session, { expiresAtMs, warning });
    return expiresAtMs;
  }

  #assertOpen(): void {
    if (this.isOpen) return;
    throw new MsrpError('MSRP_CONNECTION_LOST', 'there is no connection to the relay any more');
  }
}

function credentialsOf({ user, password }: RelayTarget): Credentials | undefined {
  return user === undefined || password === undefined ? undefined : { user, password };
}

/** @throws MsrpError `MSRP_INSECURE` where a password would go over a hop without TLS, `MSRP_BAD_URI`, `MSRP_AUTH_FAILED`. */
export function assertRelayTargets(relays: readonly RelayTarget[]): void {
  if (relays.length === 0) throw new MsrpError('MSRP_BAD_URI', 'there is no relay to connect to');
  for (const { uri: text, user, password } of relays) {
    const uri = parseUri(text);
    if (uri === undefined || uri.sessionId !== undefined) {
      throw new MsrpError('MSRP_BAD_URI', `"${text}" is no URI of a relay: msrps://HOST[:PORT];tcp`);
    }
    if ((user === undefined) !== (password === undefined)) {
      throw new MsrpError('MSRP_AUTH_FAILED', 'user and password go together: one of them is missing');
    }
    if (uri.scheme !== 'msrps') throw new MsrpError('MSRP_INSECURE', 'passwords go over TLS only: msrps://');
  }
}
