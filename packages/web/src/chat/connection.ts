/** The page's way to the relay: one user, one session at a time. The only room that knows the library `msrp`. */
import { Endpoint, type IncomingMessage, type OutgoingMessage, type RelayConnection, type Session } from 'msrp';
import { fromWire } from 'msrp/digest';
import { webNetwork } from 'msrp/web';
import { dispositionFor, fileNameIn } from './file-name.ts';

export type { IncomingMessage, OutgoingMessage };

/** So that a peer that has gone is noticed while nobody writes. */
const KEEP_ALIVE_MS = 20_000;

/** What the page is told. */
export interface ConnectionEvents {
  message(message: IncomingMessage): void;
  /** The session is over; `renew` brings another. */
  ended(error: unknown): void;
}

/** Who signs in. */
export interface SignIn {
  readonly user: string;
  readonly password: string;
}

/** Closed by `close`; everything in it is forgotten with it. */
export class Connection {
  readonly #signIn: SignIn;
  readonly #events: ConnectionEvents;
  readonly #endpoint: Endpoint;
  #relay: RelayConnection | undefined;
  #session: Session | undefined;
  /** What was coming in on it is taken over by the next one. */
  #failed: Session | undefined;

  /** @param url - of the relay's WebSocket. */
  constructor(url: string, signIn: SignIn, events: ConnectionEvents) {
    this.#signIn = signIn;
    this.#events = events;
    this.#endpoint = new Endpoint({ network: webNetwork({ url }) });
  }

  /** A new session at the relay of this URI, over the same connection if it stands. @returns its path. @throws MsrpError as dialling and AUTH do. */
  async renew(uri: string): Promise<string> {
    const { user, password } = this.#signIn;
    const previous = this.#session ?? this.#failed;
    this.#session = undefined;
    this.#failed = previous;
    if (previous?.isOpen === true) previous.close();
    if (this.#relay?.isOpen !== true) this.#relay = await this.#endpoint.connectRelay({ uri, user, password });
    const session = await this.#relay.createSession({ keepAliveMs: KEEP_ALIVE_MS, continues: previous });
    this.#session = session;
    this.#failed = undefined;
    session.on('message', (message) => this.#events.message(message));
    session.on('failed', (error) => {
      if (this.#session === session) this.#events.ended(error);
    });
    session.on('pathExpiring', () => {
      // Where it cannot be extended, the relay ends the session, and that is told.
      session.refresh().catch(() => undefined);
    });
    return session.path;
  }

  /** The path of whoever has written, before somebody was called. */
  get peerPath(): string | undefined {
    return this.#session?.peerPath;
  }

  /** Names the peer and makes itself known to it. @throws MsrpError `MSRP_BAD_PATH`, or that there is no session. */
  async call(path: string): Promise<void> {
    await this.#open().open(path);
  }

  /** @throws MsrpError as `Session.send` does. */
  sendText(text: string): OutgoingMessage {
    return this.#open().send(text);
  }

  /** @throws MsrpError as `Session.send` does. */
  sendFile(file: File): OutgoingMessage {
    const contentType = file.type === '' ? 'application/octet-stream' : file.type;
    return this.#open().send(file, { contentType, headers: { 'Content-Disposition': dispositionFor(file.name) } });
  }

  /** Goes on with a message that failed with its session. @throws MsrpError as `Session.resume` does. */
  resume(message: OutgoingMessage): OutgoingMessage {
    return this.#open().resume(message);
  }

  close(): void {
    this.#session = undefined;
    this.#endpoint.close();
  }

  #open(): Session {
    if (this.#session === undefined) throw new Error('there is no connection at the moment');
    return this.#session;
  }
}

/** The name of the file that a message is; undefined for a message that is none. */
export function fileNameOf(message: IncomingMessage): string | undefined {
  const disposition = message.header('content-disposition') ?? '';
  return fileNameIn(fromWire(disposition) ?? disposition);
}

/** The last URI of a path is the endpoint's own. */
export function endpointOf(path: string): string {
  return path.slice(path.lastIndexOf(' ') + 1);
}
