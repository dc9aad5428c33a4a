/** The rules of the page: who talks to whom, what happens when a session or the connection ends, and how it goes on. */
import { Connection, endpointOf, type IncomingMessage } from './connection.ts';
import { loadSettings, type PageSettings } from './page-settings.ts';
import { Rendezvous } from './rendezvous.ts';
import type { Person, State } from './state.ts';
import { Transcript } from './transcript.ts';
import { inWords, isAuthFailure, statusOf } from './words.ts';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;

/** What the buttons do. */
export class Chat {
  readonly #state: State;
  #settings: PageSettings;
  readonly #url: string;
  readonly #transcript: Transcript;
  readonly #rendezvous: Rendezvous;
  #connection: Connection | undefined;
  #retryMs = FIRST_RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** By which paths this page is or was reached. */
  readonly #ownPaths = new Set<string>();
  /** Whether the peer was among those who are here. */
  #wasSeen = false;
  /** How often the session has failed since the peer last showed signs of life. */
  #failures = 0;

  /** @param url - of the relay's WebSocket. */
  constructor(state: State, settings: PageSettings, url: string) {
    this.#state = state;
    this.#settings = settings;
    this.#url = url;
    this.#transcript = new Transcript(state, () => {
      this.#failures = 0;
    });
    this.#rendezvous = new Rendezvous((people) => this.#onPeople(people));
    state.hasRendezvous.value = settings.rendezvous;
  }

  /** Connects and gets an address. What goes wrong stands in the state. */
  async signIn(user: string, password: string): Promise<void> {
    const { phase, problem } = this.#state;
    this.#state.user.value = user;
    problem.value = '';
    phase.value = 'connecting';
    const connection: Connection = new Connection(
      this.#url,
      { user, password },
      {
        message: (message) => this.#onMessage(message),
        ended: (error) => void this.#onEnded(connection, error),
      },
    );
    this.#connection = connection;
    try {
      this.#state.address.value = await connection.renew(this.#settings.relay);
      phase.value = 'ready';
      this.#announce();
    } catch (error) {
      this.#leave(inWords(error));
    }
  }

  /** Everything that was said goes, too. */
  signOut(): void {
    this.#leave('');
    this.#transcript.clear();
  }

  /** Opens the session with whoever has this path. */
  async open(path: string, name?: string): Promise<void> {
    const { problem, peer } = this.#state;
    const wanted = path.trim().replaceAll(/\s+/g, ' ');
    problem.value = '';
    try {
      await this.#connection?.call(wanted);
      this.#meet({ name: name ?? this.#nameOf(wanted) ?? 'Somebody', path: wanted });
    } catch (error) {
      if (peer.value === undefined) problem.value = inWords(error);
      else this.#transcript.note(inWords(error), true);
    }
  }

  /** Ends the conversation; the address changes with it. */
  async hangUp(): Promise<void> {
    const connection = this.#connection;
    this.#state.peer.value = undefined;
    this.#state.peerHasLeft.value = false;
    this.#ownPaths.clear();
    this.#transcript.clear();
    if (connection !== undefined) await this.#renew(connection);
  }

  /** Sends a text. */
  sendText(text: string): void {
    this.#attempt((connection) => {
      const message = connection.sendText(text);
      this.#transcript.sentText(this.#state.user.value, text, message);
    });
  }

  /** Sends each file as a message of its own; all at once, in turns. */
  sendFiles(files: Iterable<File>): void {
    for (const file of files) {
      this.#attempt((connection) => {
        const message = connection.sendFile(file);
        this.#transcript.sentFile(this.#state.user.value, file, message);
      });
    }
  }

  /** Does not wait for the next attempt. */
  retryNow(): void {
    clearTimeout(this.#retry);
    const connection = this.#connection;
    if (connection !== undefined && this.#state.phase.value === 'lost') void this.#renew(connection);
  }

  /** The page is being closed: others need not find that out. */
  close(): void {
    this.#rendezvous.leave();
  }

  #attempt(send: (connection: Connection) => void): void {
    try {
      if (this.#connection !== undefined) send(this.#connection);
    } catch (error) {
      this.#transcript.note(inWords(error), true);
    }
  }

  #onMessage(message: IncomingMessage): void {
    this.#failures = 0;
    const { peer } = this.#state;
    const path = this.#connection?.peerPath ?? message.fromPath;
    if (peer.value === undefined) this.#meet({ name: this.#nameOf(message.fromPath) ?? 'Somebody', path });
    const isPeer = endpointOf(path) === endpointOf(message.fromPath);
    const from = isPeer ? (peer.value?.name ?? 'Somebody') : (this.#nameOf(message.fromPath) ?? 'Somebody else');
    void this.#transcript.received(from, message);
  }

  #meet(person: Person): void {
    const { peer } = this.#state;
    if (peer.value?.name !== person.name) {
      this.#failures = 0;
      this.#transcript.note(`Session with ${person.name}`);
    }
    this.#state.peerHasLeft.value = false;
    this.#wasSeen = this.#state.people.value.some(({ path }) => path === person.path);
    peer.value = person;
    this.#announce();
  }

  #onPeople(people: readonly Person[]): void {
    const { peer, address, peerHasLeft } = this.#state;
    this.#state.people.value = people;
    const known = peer.value;
    const caller = people.find(({ calls }) => calls === address.value);
    if (known === undefined) {
      if (caller !== undefined) void this.open(caller.path, caller.name);
      return;
    }
    if (people.some(({ path }) => endpointOf(path) === endpointOf(known.path))) {
      this.#wasSeen = true;
      peerHasLeft.value = false;
      return;
    }
    // Their session was renewed: they have another path now, and still call this page, by whichever path they know.
    const successor = people.find(({ name, calls = '' }) => name === known.name && this.#ownPaths.has(calls));
    if (successor !== undefined) void this.open(successor.path, successor.name);
    else if (this.#wasSeen) {
      this.#wasSeen = false;
      peerHasLeft.value = true;
      this.#transcript.note(`${known.name} has left`);
    }
  }

  async #onEnded(connection: Connection, error: unknown): Promise<void> {
    // First all messages of the session learn of it.
    await new Promise((resolve) => setTimeout(resolve));
    if (connection !== this.#connection) return;
    this.#transcript.note(inWords(error), true);
    this.#failures += 1;
    // Called anew in vain: whoever it was has gone.
    if (this.#failures > 1 && statusOf(error) !== undefined) {
      this.#state.peer.value = undefined;
      this.#failures = 0;
      this.#transcript.giveUp();
    }
    await this.#renew(connection);
  }

  /** A new session, and in it the same peer, if there was one. Tries again while the relay cannot be reached. */
  async #renew(connection: Connection): Promise<void> {
    const { phase, address, problem, peer, retryAtMs } = this.#state;
    const isLost = phase.value === 'lost';
    phase.value = 'connecting';
    retryAtMs.value = undefined;
    try {
      // It may have been started anew, with other ports.
      if (isLost) this.#settings = await loadSettings();
      address.value = await connection.renew(this.#settings.relay);
    } catch (error) {
      if (connection !== this.#connection) return;
      if (isAuthFailure(error))
        return this.#leave(`${inWords(error)} In development mode a relay has new passwords each time it starts.`);
      phase.value = 'lost';
      this.#rendezvous.pause();
      problem.value = inWords(error);
      retryAtMs.value = Date.now() + this.#retryMs;
      this.#retry = setTimeout(() => void this.#renew(connection), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
      return;
    }
    if (connection !== this.#connection) return;
    this.#retryMs = FIRST_RETRY_MS;
    problem.value = '';
    phase.value = 'ready';
    this.#announce();
    if (peer.value === undefined) return;
    await this.open(peer.value.path, peer.value.name);
    this.#transcript.resume((message) => connection.resume(message));
  }

  #announce(): void {
    if (!this.#settings.rendezvous) return;
    const { user, address, peer } = this.#state;
    this.#ownPaths.add(address.value);
    this.#rendezvous.announce({ name: user.value, path: address.value, calls: peer.value?.path });
  }

  #leave(why: string): void {
    this.#transcript.giveUp();
    const { phase, address, people, peer, problem, retryAtMs } = this.#state;
    clearTimeout(this.#retry);
    this.#rendezvous.leave();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    phase.value = 'signed-out';
    address.value = '';
    people.value = [];
    peer.value = undefined;
    this.#state.peerHasLeft.value = false;
    this.#ownPaths.clear();
    retryAtMs.value = undefined;
    problem.value = why;
  }

  #nameOf(path: string): string | undefined {
    const endpoint = endpointOf(path);
    return this.#state.people.value.find((person) => endpointOf(person.path) === endpoint)?.name;
  }
}
