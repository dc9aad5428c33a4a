/** Two parties that write to each other one message at a time while other things happen: they must not notice anything. */
import type { Clock } from 'msrp/base';
import type { Federation } from './federation.ts';
import type { Party } from './party.ts';

/** A conversation that is going on. */
export class Chat {
  readonly #one: Party;
  readonly #other: Party;
  readonly #name: string;
  readonly #offences: string[] = [];
  #count = 0;
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();

  constructor(name: string, one: Party, other: Party) {
    this.#name = name;
    this.#one = one;
    this.#other = other;
  }

  start(): void {
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Lets the last message arrive. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#running;
  }

  /** How many messages have passed since it was made. */
  get count(): number {
    return this.#count;
  }

  /** What has gone wrong: messages that were not answered 200 once and delivered once, and REPORTs. */
  get offences(): readonly string[] {
    const reports = [this.#one, this.#other].flatMap((party) => party.reports);
    return [...this.#offences, ...reports.map(({ messageId, status }) => `${this.#name}: ${messageId} ${status}`)];
  }

  async #run(): Promise<void> {
    try {
      while (this.#isRunning) await this.#say(this.#count % 2 === 0);
    } catch (error) {
      this.#offences.push(`${this.#name}: ${error}`);
    }
  }

  async #say(isFirst: boolean): Promise<void> {
    const [from, to] = isFirst ? [this.#one, this.#other] : [this.#other, this.#one];
    const messageId = `${this.#name}.${this.#count}`;
    const [tid = ''] = (await from.send({ to: from.pathTo(to), messageId, body: messageId })).keys();
    await from.until(() => from.answers.has(tid));
    await to.until(() => to.received.has(messageId));
    const status = from.answers.get(tid)?.join();
    const times = to.received.get(messageId)?.length;
    if (status !== '200' || times !== 1) this.#offences.push(`${messageId}: answered ${status}, came ${times} times`);
    this.#count += 1;
  }
}

/** One conversation over each connection between two relays, and one all the way; none has begun. */
export async function chatsAlong(federation: Federation<Clock>): Promise<Map<string, Chat>> {
  const far = await federation.pair();
  const chats = new Map([['BCDE', new Chat('BCDE', far.a, far.f)]]);
  for (const [one, other] of [
    ['B', 'C'],
    ['C', 'D'],
    ['D', 'E'],
  ] as const) {
    const name = one + other;
    chats.set(name, new Chat(name, await federation.client([one]), await federation.client([other], { user: 'bob' })));
  }
  return chats;
}
