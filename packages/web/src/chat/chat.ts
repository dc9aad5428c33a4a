/** The rules of the page: who talks to whom, what happens when a session or the connection ends, and how it goes on. */
import { Connection, endpointOf, type IncomingMessage } from './connection.ts';
import { loadSettings, type PageSettings } from './page-settings.ts';
import { Rendezvous } from './rendezvous.ts';
import type { Person, State } from './state.ts';
import { Transcript } from './transcript.ts';
import { inWords, isAuthFailure, statusOf } from './words.ts';

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;

/** Whoever was here before the connection was lost is awaited for so long. */
const RETURN_MS = 5000;

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
  /** Whether the peer is to be called in a session that is new, by whichever path it has now. */
  #mustCall = false;
  #leaving: ReturnType<typeof setTimeout> | undefined;
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
      const connection = this.#connection;
      if (connection === undefined) return;
      await connection.call(wanted);
      this.#meet({ name: name ?? this.#nameOf(wanted) ?? 'Somebody', path: wanted });
      this.#transcript.resume((message) => connection.resume(message));
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
    clearTimeout(this.#retry);
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

  /** The device has its network, or not: what it says may be wrong, but it says it at once. */
  networkChanged(isOnline: boolean): void {
    this.#state.isOffline.value = !isOnline;
    if (isOnline) this.retryNow();
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
    const { peer, address } = this.#state;
    const own = address.value.split(' ');
    // As it came it leads through our own relays, too.
    const path = message.fromPath
      .split(' ')
      .filter((uri) => !own.includes(uri))
      .join(' ');
    const name = this.#nameOf(path);
    if (peer.value === undefined) this.#meet({ name: name ?? 'Somebody', path });
    const isPeer = endpointOf(peer.value?.path ?? '') === endpointOf(path);
    void this.#transcript.received(isPeer ? (peer.value?.name ?? 'Somebody') : (name ?? 'Somebody else'), message);
  }

  #meet(person: Person): void {
    const { peer, peerHasLeft, people } = this.#state;
    if (peer.value?.name !== person.name) {
      this.#failures = 0;
      this.#transcript.note(`Session with ${person.name}`);
    }
    clearTimeout(this.#leaving);
    peerHasLeft.value = false;
    this.#mustCall = false;
    this.#wasSeen = people.value.some(({ path }) => path === person.path);
    peer.value = person;
    this.#announce();
  }

  #onPeople(people: readonly Person[]): void {
    const { peer, address } = this.#state;
    this.#state.people.value = people;
    const known = peer.value;
    if (known === undefined) {
      const caller = people.find(({ calls }) => calls === address.value);
      if (caller !== undefined) void this.open(caller.path, caller.name);
      return;
    }
    if (people.some(({ path }) => endpointOf(path) === endpointOf(known.path))) {
      this.#wasSeen = true;
      if (this.#mustCall) void this.open(known.path, known.name);
      return;
    }
    // Their session was renewed: they have another path now, and still call this page, by whichever path they know.
    const successor = people.find(({ name, calls = '' }) => name === known.name && this.#ownPaths.has(calls));
    if (successor !== undefined) void this.open(successor.path, successor.name);
    else if (this.#wasSeen) {
      this.#wasSeen = false;
      // After a loss the other page comes back a little later, perhaps.
      clearTimeout(this.#leaving);
      this.#leaving = setTimeout(() => this.#onPeerLeft(), this.#mustCall ? RETURN_MS : 0);
    }
  }

  #onPeerLeft(): void {
    const { peer, peerHasLeft } = this.#state;
    this.#transcript.giveUp();
    if (peer.value === undefined || peerHasLeft.value) return;
    peerHasLeft.value = true;
    this.#transcript.note(`${peer.value.name} has left`);
  }

  async #onEnded(connection: Connection, error: unknown): Promise<void> {
    // First all messages of the session learn of it.
    await new Promise((resolve) => setTimeout(resolve));
    if (connection !== this.#connection) return;
    this.#transcript.note(inWords(error), true);
    this.#failures += 1;
    // Called anew in vain: whoever it was has gone.
    if (this.#failures > 1 && statusOf(error) !== undefined) this.#onPeerLeft();
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
    if (isLost) this.#transcript.note('Connected again');
    const isFoundByName = this.#wasSeen && this.#settings.rendezvous;
    this.#mustCall = peer.value !== undefined && isFoundByName && !this.#state.peerHasLeft.value;
    this.#announce();
    if (this.#state.peerHasLeft.value) this.#transcript.giveUp();
    else if (peer.value !== undefined && !isFoundByName) await this.open(peer.value.path, peer.value.name);
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
    clearTimeout(this.#leaving);
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
