/** kill -9 of a worker under load: what senders behind the other workers are told, and what those who have nothing to do with it notice. */
import { describe, expect, it } from 'vitest';
import { type Message, responseTo } from '../endpoint.ts';
import { Chat } from '../relay/chat.ts';
import type { Party } from '../relay/party.ts';
import { until } from '../relay/scene.ts';
import { type Crew, startCrew } from './crew.ts';

/** How soon a worker that was killed has to be back, with all others under load. */
const BACK_MS = 2000;

/** How many messages of one sender may be unanswered at a time, and how many a receiver leaves unanswered. */
const WINDOW = 8;
const LAG = 3;

/** A client that answers a message when some more have come, and knows what it has answered. */
class Receiver {
  readonly party: Party;
  readonly answered = new Set<string>();
  readonly #open: Message[] = [];

  constructor(party: Party) {
    this.party = party;
    party.respond = (send) => {
      this.#open.push(send);
      if (this.#open.length > LAG) this.#answer();
      return undefined;
    };
  }

  #answer(): void {
    const send = this.#open.shift();
    if (send === undefined || this.party.isGone) return;
    const isAsked = send.header('Failure-Report') !== 'partial';
    if (isAsked) void this.party.endpoint.send(responseTo(send, 200));
    this.answered.add(send.header('Message-ID') ?? '');
  }
}

/** Somebody who writes one message after the other to a receiver until it is told that one failed. */
class Sender {
  readonly party: Party;
  readonly to: Receiver;
  /** Message-IDs by transaction. */
  readonly sent = new Map<string, string>();
  /** Those that nobody answers when they were accepted. */
  readonly partial = new Set<string>();
  readonly #path: string;
  readonly #name: string;
  running: Promise<void> = Promise.resolve();

  constructor(name: string, party: Party, to: Receiver, path: string) {
    this.#name = name;
    this.party = party;
    this.to = to;
    this.#path = path;
  }

  start(): void {
    this.running = this.#run();
  }

  /** Whether it was told that anything failed. */
  get hasFailed(): boolean {
    return this.party.reports.length > 0 || [...this.party.answers.values()].some(([status]) => status !== 200);
  }

  /** Of one message: 200, another status, or undefined when no answer has come. */
  statusOf(tid: string): number | undefined {
    return this.party.answers.get(tid)?.[0];
  }

  /** What was sent and is neither answered by the receiver, refused nor reported. */
  get unaccounted(): string[] {
    return [...this.sent].flatMap(([tid, messageId]) => {
      const status = this.statusOf(tid);
      const isRefused = status !== undefined && status !== 200;
      const isReported = this.party.reported(messageId).length > 0;
      const hasArrived = this.partial.has(messageId)
        ? this.to.party.received.has(messageId)
        : status === 200 && this.to.answered.has(messageId);
      return isRefused || isReported || hasArrived ? [] : [`${messageId} ${status}`];
    });
  }

  /** What was told more than once, or wrongly. */
  get offences(): string[] {
    return [...this.sent].flatMap(([tid, messageId]) => {
      const answers = this.party.answers.get(tid) ?? [];
      const reports = this.party.reported(messageId);
      const isRefused = answers.some((status) => status !== 200);
      const isWrong = answers.length > 1 || reports.length > 1 || (isRefused && reports.length > 0);
      const wrong = reports.filter((report) => {
        const { start, end, total, status, fromPath } = report;
        const isWhole = start === 1 && String(end) === total && end === messageId.length;
        return !isWhole || !/^000 (408|481) /.test(status) || fromPath !== this.#reporter(fromPath);
      });
      return isWrong || wrong.length > 0 ? [`${messageId}: ${answers.join()} ${JSON.stringify(reports)}`] : [];
    });
  }

  /** Who may report: the session that was addressed first, alone or with that of the receiver. */
  #reporter(fromPath: string): string {
    const uris = this.#path.split(' ').slice(0, -1);
    return fromPath === uris.join(' ') ? fromPath : (uris[0] ?? '');
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.hasFailed; count += 1) {
      const messageId = `${this.#name}.${count}`;
      const isPartial = count % 5 === 4;
      const failureReport = isPartial ? { failureReport: 'partial' } : {};
      if (isPartial) this.partial.add(messageId);
      const [tid = ''] = (
        await this.party.send({ to: this.#path, messageId, body: messageId, ...failureReport })
      ).keys();
      this.sent.set(tid, messageId);
      await this.party.until(() => this.hasFailed || this.party.isGone || this.#openCount < WINDOW);
    }
  }

  get #openCount(): number {
    const asking = [...this.sent].filter(([, messageId]) => !this.partial.has(messageId));
    return asking.filter(([tid]) => !this.party.answers.has(tid)).length;
  }
}

/** Two receivers at worker 0 and senders at the two others, as peers from outside and as clients with sessions of their own. */
async function startSenders(crew: Crew): Promise<Sender[]> {
  const senders: Sender[] = [];
  const atOthers = ['1', '2', '1', '2'];
  for (const [number, owner] of atOthers.entries()) {
    const to = new Receiver(await crew.memberAt('0'));
    const [peer, client] = [await crew.memberAt(owner), await crew.memberAt(owner)];
    senders.push(new Sender(`peer-${number}`, peer, to, to.party.sdpPath));
    const behind = new Receiver(await crew.memberAt('0'));
    senders.push(new Sender(`client-${number}`, client, behind, client.pathTo(behind.party)));
  }
  for (const sender of senders) sender.start();
  return senders;
}

describe('kill -9 of a worker under load', () => {
  it('is told to senders behind the others, message by message; the others notice nothing; it is back at once (CL-16, CL-19, X-01, X-03)', async () => {
    const crew = await startCrew('', 3);
    const [one, other, far] = [await crew.memberAt('1'), await crew.memberAt('1'), await crew.memberAt('2')];
    const chats = [new Chat('stays', one, other), new Chat('crosses', await crew.memberAt('1'), far)];
    const senders = await startSenders(crew);
    for (const chat of chats) chat.start();
    const pid = await crew.pidOf('0');
    await crew.relay.child.said(/"msg":"a spare worker stands by"/);
    await until(() => senders.every(({ to }) => to.answered.size >= 100));
    await until(() => chats.every((chat) => chat.count >= 20));
    // What came that long ago was settled for everybody.
    const before = senders.map(({ to }) => [...to.answered]);
    await until(() => senders.every(({ to }, index) => to.answered.size >= 2 * (before[index]?.length ?? 0)));

    const killedAtMs = performance.now();
    process.kill(pid, 'SIGKILL');
    const isBack = async () => (await crew.status()).workers[0];
    await expect.poll(isBack, { interval: 20, timeout: BACK_MS }).toMatchObject({ state: 'running', restarts: 1 });
    expect(performance.now() - killedAtMs).toBeLessThan(BACK_MS);
    await Promise.all(senders.map(({ running }) => running));
    await expect.poll(() => senders.flatMap(({ unaccounted }) => unaccounted), { timeout: 5000 }).toEqual([]);

    expect(senders.flatMap(({ offences }) => offences)).toEqual([]);
    expect(senders.filter(({ party }) => party.isGone)).toEqual([]);
    for (const [index, { party }] of senders.entries()) {
      const early = new Set(before[index]);
      expect(party.reports.filter(({ messageId }) => early.has(messageId))).toEqual([]);
    }
    const reported = senders.flatMap(({ party }) => party.reports);
    expect(reported.filter(({ status }) => status === '000 408 Connection to next hop lost').length).toBeGreaterThan(0);
    const counts = chats.map(({ count }) => count);
    await until(() => chats.every((chat, index) => chat.count >= (counts[index] ?? 0) + 4));
    for (const chat of chats) await chat.stop();
    expect(chats.flatMap(({ offences }) => offences)).toEqual([]);

    const anew: Chat[] = [];
    for (const old of [one, far]) {
      const back = await crew.memberAt('0');
      // That it could not be reached is remembered for a moment.
      await expect.poll(() => old.fence(old.pathTo(back))).toBe(200);
      anew.push(new Chat(`anew-${anew.length}`, old, back));
    }
    for (const chat of anew) chat.start();
    await until(() => anew.every((chat) => chat.count >= 4));
    for (const chat of anew) await chat.stop();
    expect(anew.flatMap(({ offences }) => offences)).toEqual([]);
  });
});
