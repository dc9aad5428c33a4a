/** What an operator may look at and do while the relay runs. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from 'msrp/base';
import type { Block, Blocks } from './blocks.ts';
import type { Hop } from './hop.ts';
import type { Relay } from './relay.ts';
import type { Session } from './sessions.ts';
import { type ConnectionView, type SessionView, viewOfHop, viewOfSession } from './views.ts';

const SESSIONS_PER_TURN = 1000;

/** Part of a list that goes on. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next part begins; undefined behind the last one. */
  readonly next: number | undefined;
}

/** Which part of a list is wanted: `limit` items behind the one with number `after`. */
export interface PageWish {
  readonly after: number;
  readonly limit: number;
}

/** Looks into one relay, and lays hands on it. Cost of a page: the number of things before it. */
export class Operation {
  readonly blocks: Blocks;
  readonly #relay: Relay;
  readonly #clock: Clock;

  constructor(relay: Relay, blocks: Blocks, clock: Clock) {
    this.#relay = relay;
    this.blocks = blocks;
    this.#clock = clock;
  }

  /** Connections in the order in which they came. */
  connections(wish: PageWish): Page<ConnectionView> {
    return page(this.#relay.hops, wish, (hop) => viewOfHop(hop, this.#clock.nowMs()));
  }

  connection(id: number): ConnectionView | undefined {
    const hop = this.#hop(id);
    return hop === undefined ? undefined : viewOfHop(hop, this.#clock.nowMs());
  }

  /** Ends a connection as if the other end had: its sessions end, and whoever has to be told is told. False: there is none. */
  closeConnection(id: number): boolean {
    const hop = this.#hop(id);
    hop?.connection.end();
    return hop !== undefined;
  }

  /** Sessions in the order in which they were granted; of one user, or of all. */
  sessions(wish: PageWish, user?: string): Page<SessionView> {
    const { sessions } = this.#relay;
    return page(user === undefined ? sessions.all : sessions.of(user), wish, (session) =>
      viewOfSession(session, this.#clock.nowMs()),
    );
  }

  /** The sessions with this hash: mostly one, since short hashes may meet. */
  async sessionsCalled(hash: string): Promise<readonly { readonly uri: string; readonly view: SessionView }[]> {
    return (await this.#called(hash)).map((session) => ({
      uri: session.uri,
      view: viewOfSession(session, this.#clock.nowMs()),
    }));
  }

  /** Ends a session (RFC 4976 §6.3): what waits for its client is reported. Does nothing when it is over. */
  endSession(uri: string): void {
    const session = this.#relay.sessions.find(uri);
    if (session !== undefined) this.#relay.sessions.end(session);
  }

  /**
   * Shuts somebody out, at once: sessions of a user end, and their connections where nobody else has sessions there;
   * connections with an address end, whoever opened them. Undefined when the list is full.
   */
  block(block: Omit<Block, 'sinceMs'>, sinceMs = this.#clock.nowMs()): Block | undefined {
    const entry = this.blocks.add({ ...block, sinceMs });
    if (entry === undefined) return undefined;
    if (block.kind === 'user') this.#putOut(block.value);
    else for (const hop of [...this.#relay.hops]) if (this.blocks.hasAddress(hop.remoteAddress)) hop.connection.end();
    return entry;
  }

  /** Lets somebody in again; false when there is no such entry. */
  unblock(block: Omit<Block, 'sinceMs'>): boolean {
    return this.blocks.remove(block);
  }

  #putOut(user: string): void {
    const sessions = [...this.#relay.sessions.of(user)];
    for (const session of sessions) {
      this.#relay.sessions.end(session);
      const { inside } = session;
      if (inside.kind === 'client' && inside.hop.sessions.size === 0) inside.hop.connection.end();
    }
  }

  #hop(id: number): Hop | undefined {
    for (const hop of this.#relay.hops) if (hop.number === id) return hop;
    return undefined;
  }

  /** Looks at every session, some at a time: messages do not wait for all of them. */
  async #called(hash: string): Promise<Session[]> {
    const found: Session[] = [];
    let seen = 0;
    for (const session of this.#relay.sessions.all) {
      seen += 1;
      if (seen % SESSIONS_PER_TURN === 0) await setImmediate();
      if (session.hash === hash) found.push(session);
    }
    return found.filter(({ isLive }) => isLive);
  }
}

/** Items come in the order of their numbers. */
function page<Item extends { readonly number: number }, View>(
  items: Iterable<Item>,
  { after, limit }: PageWish,
  view: (item: Item) => View,
): Page<View> {
  const views: View[] = [];
  let last = after;
  for (const item of items) {
    if (item.number <= after) continue;
    if (views.length === limit) return { items: views, next: last };
    views.push(view(item));
    last = item.number;
  }
  return { items: views, next: undefined };
}
