/** A – B – C – D – E – F, each relay in turn with a next hop that fails: what A is told, and that nobody else is. */
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { covers, overlap } from '../delivery/account.ts';
import type { Span } from '../delivery/load.ts';
import { type Message, responseTo } from '../endpoint.ts';
import { type Chat, chatsAlong } from './chat.ts';
import { type Federation, openFederation, RELAYS, type RelayName } from './federation.ts';
import type { Overrides } from './harness.ts';
import type { Party } from './party.ts';
import { until } from './scene.ts';

/** More than a relay lets pass where messages of this size are refused. */
const OCTETS = 120_000;
const LONG_OCTETS = 200_000;
/** How many chunks a relay makes of one of OCTETS; it remembers those with Failure-Report partial for a while. */
const PARTIAL_PIECES = 2;
const SMALLER = { limits: { messageOctets: 100_000 } };
/** All that is sent here may be under way before anybody answers. */
const WIDE = { flow: { windowOctets: 16 * 1_048_576 } };

/** What A sends: one message of each kind in one chunk, and one of four chunks. */
const KINDS = ['yes', 'partial', 'no', 'long'] as const;
type Kind = (typeof KINDS)[number];
type Sent = Readonly<Record<Kind, ReadonlyMap<string, Span>>>;

interface Scene {
  readonly federation: Federation<ManualClock>;
  readonly a: Party;
  readonly f: Party;
  readonly chats: ReadonlyMap<string, Chat>;
}

/** The relay behind `name` on the way to F; undefined behind E. */
function behind(name: RelayName): RelayName | undefined {
  return RELAYS[RELAYS.indexOf(name) + 1];
}

/** Starts everything. A and F have written to each other; others chat over each connection, and all the way. */
async function openScene(wish: {
  readonly overrides?: Partial<Record<RelayName, Overrides>>;
  readonly expires?: Partial<Record<RelayName, number>>;
}): Promise<Scene> {
  const { overrides = {}, expires = {} } = wish;
  const wide = Object.fromEntries(RELAYS.map((name) => [name, { ...WIDE, ...overrides[name] }]));
  const federation = await openFederation({ clock: new ManualClock(Date.now()), isLinked: true, overrides: wide });
  const { a, f } = await federation.pair({ expires }, { expires });
  const chats = await chatsAlong(federation);
  for (const [from, to] of [
    [a, f],
    [f, a],
  ] as const) {
    await from.send({ to: from.pathTo(to), messageId: 'warm', body: 'hello' });
    await to.until(() => to.received.has('warm'));
  }
  await until(() => federation.transactions.every((count) => count === 0));
  for (const chat of chats.values()) chat.start();
  return { federation, a, f, chats };
}

/** Lets all chats come to rest: what is under way when time moves on has had no answer for that long. */
async function pause({ chats, federation }: Scene): Promise<void> {
  for (const chat of chats.values()) await chat.stop();
  await until(() => federation.transactions.every((count) => count === 0));
}

async function sendAll({ a, f }: Scene): Promise<Sent> {
  const to = a.pathTo(f);
  const one = (kind: string) =>
    a.send({ to, messageId: `m-${kind}`, body: Buffer.alloc(OCTETS, kind), failureReport: kind });
  const [yes, partial, no] = [await one('yes'), await one('partial'), await one('no')];
  const body = Buffer.alloc(LONG_OCTETS, 'long');
  const long = await a.send({ to, messageId: 'm-long', body, chunkOctets: LONG_OCTETS / 4 });
  return { yes, partial, no, long };
}

/** All ranges that A was told have failed, in an error response or in a REPORT. */
function told({ a }: Scene, kind: Kind, sent: Sent): Span[] {
  const refused = [...sent[kind]].filter(([tid]) => a.answers.get(tid)?.some((status) => status !== 200));
  return [...refused.map(([, span]) => span), ...a.reported(`m-${kind}`)];
}

/** Waits until A knows of every octet of messages of these kinds that it has failed. */
async function allTold(scene: Scene, sent: Sent, kinds: readonly Kind[]): Promise<void> {
  for (const kind of kinds) {
    await scene.a.until(() => covers(told(scene, kind, sent), kind === 'long' ? LONG_OCTETS : OCTETS));
  }
}

/** Makes sure that A has heard once of what failed, not at all of the rest, and got one answer to each SEND that is answered. */
function expectToldOnce(scene: Scene, sent: Sent, kinds: readonly Kind[]): void {
  for (const kind of KINDS) {
    const spans = told(scene, kind, sent);
    expect([kind, overlap(spans)]).toEqual([kind, false]);
    if (!kinds.includes(kind)) expect([kind, spans]).toEqual([kind, []]);
    const counts = [...sent[kind].keys()].map((tid) => scene.a.answers.get(tid)?.length ?? 0);
    if (kind === 'no') expect(counts).toEqual([0]);
    else if (kind === 'partial') expect(counts[0]).toBeLessThanOrEqual(1);
    else expect([kind, counts]).toEqual([kind, counts.map(() => 1)]);
  }
}

/** Codes of all error responses and REPORTs that A got to these messages, and who made the REPORTs. */
function said({ a }: Scene, sent: Sent): { readonly codes: readonly string[]; readonly reporters: readonly string[] } {
  const tids = Object.values(sent).flatMap((chunks) => [...chunks.keys()]);
  const refusals = tids.flatMap((tid) => a.answers.get(tid) ?? []).filter((status) => status !== 200);
  const reports = a.reports.map(({ status }) => status.slice(4, 7));
  const makers = a.reports.map(({ fromPath }) => /msrps:\/\/(\w)[^ ]*$/.exec(fromPath)?.[1]?.toUpperCase() ?? fromPath);
  return {
    codes: [...new Set([...refusals.map(String), ...reports])],
    reporters: [...new Set(makers)].toSorted(),
  };
}

/** F hears of nothing, and the others notice nothing, but those who used what broke; nor does A hear more when all time-outs are over. */
async function expectNothingMore(scene: Scene, sent: Sent, kinds: readonly Kind[], broken = '-'): Promise<void> {
  const { federation, a, f, chats } = scene;
  for (const [name, chat] of chats) {
    if (name.includes(broken)) continue;
    const before = chat.count;
    await until(() => chat.count >= before + 4);
    await chat.stop();
    expect([name, chat.offences]).toEqual([name, []]);
  }
  for (const waitMs of [0, 35_000, 35_000]) {
    federation.clock.advance(waitMs);
    await a.fence(a.pathTo(f));
    if (!f.isGone) await f.fence(f.pathTo(a));
    expectToldOnce(scene, sent, kinds);
    expect(f.reports).toEqual([]);
  }
}

/** The hop behind `name` goes away for good, and `name` has noticed. */
async function lose({ federation, f }: Scene, name: RelayName): Promise<void> {
  const { relay } = federation.relays[name];
  const next = behind(name);
  const connections = () => Object.values(relay.snapshot().connections).reduce((sum, count) => sum + count, 0);
  if (next === undefined) {
    const before = connections();
    await f.endpoint.close();
    return until(() => connections() < before);
  }
  const links = federation.between(name, next);
  const left = connections() - links.reduce((sum, link) => sum + link.passing(), 0);
  for (const link of links) {
    await link.bar();
    link.cut();
  }
  await until(() => connections() === left);
}

/** `next` takes what comes from `name`, and nothing that it says gets back until the returned function is called. */
function silence(federation: Federation<ManualClock>, name: RelayName, next: RelayName): () => void {
  const [opened, accepted] = federation.between(name, next);
  opened?.hold('target');
  accepted?.hold('opener');
  return () => {
    opened?.release();
    accepted?.release();
  };
}

/** F takes what comes and answers nothing until the returned function is called. */
function mute(f: Party): () => void {
  const unanswered: Message[] = [];
  f.respond = (message) => {
    unanswered.push(message);
    return undefined;
  };
  return () => {
    f.respond = () => 200;
    for (const message of unanswered) void f.endpoint.send(responseTo(message, 200));
  };
}

/** Waits until F has all that A sent, and all relays but `name` are done with it. */
async function arrived({ federation, f }: Scene, name: RelayName): Promise<void> {
  await f.until(() => KINDS.every((kind) => covers(f.got(`m-${kind}`), kind === 'long' ? LONG_OCTETS : OCTETS)));
  const others = RELAYS.map((other) => (other === name ? undefined : PARTIAL_PIECES));
  await until(() => federation.transactions.every((count, index) => count === (others[index] ?? count)));
}

describe.each(RELAYS)('When the next hop of %s on the way from A to F', (name) => {
  const next = behind(name);
  const link = next === undefined ? '-' : name + next;

  it('refuses messages, A is told once of each range, with its code (X-05, X-06, X-07, X-14, X-17, X-20, R-09, R-10, R-15, FW-23)', async () => {
    const scene = await openScene({ overrides: next === undefined ? {} : { [next]: SMALLER } });
    if (next === undefined) scene.f.respond = () => 413;
    const sent = await sendAll(scene);
    await allTold(scene, sent, ['yes', 'partial', 'long']);
    expect(said(scene, sent).codes).toEqual(['413']);
    await expectNothingMore(scene, sent, ['yes', 'partial', 'long']);
  });

  it('is gone, A is told once of each range (X-01, X-06, X-07, X-14, X-15, R-09, R-10, R-15, FW-03, CN-16)', async () => {
    const scene = await openScene({});
    await lose(scene, name);
    const sent = await sendAll(scene);
    await allTold(scene, sent, ['yes', 'partial', 'long']);
    expect(said(scene, sent).codes).toEqual([next === undefined ? '481' : '408']);
    await expectNothingMore(scene, sent, ['yes', 'partial', 'long'], link);
  });

  it('says nothing for 30 s, A is told once of each range, and nothing when the answers come after all (X-04, X-06, X-07, X-14, T-16)', async () => {
    const scene = await openScene({});
    const { federation, a, f, chats } = scene;
    await pause(scene);
    const speak = next === undefined ? mute(f) : silence(federation, name, next);
    const sent = await sendAll(scene);
    await a.until(() => [...sent.yes.keys(), ...sent.long.keys()].every((tid) => a.answers.has(tid)));
    await arrived(scene, name);
    federation.clock.advance(29_000);
    expect(a.reports).toEqual([]);
    federation.clock.advance(3000);
    await allTold(scene, sent, ['yes', 'long']);
    expect(said(scene, sent)).toEqual({ codes: ['408'], reporters: [name] });
    speak();
    for (const chat of chats.values()) chat.start();
    await expectNothingMore(scene, sent, ['yes', 'long']);
  });
});

describe.each(RELAYS)('When the session at %s on the way from A to F ends', (name) => {
  it('A is told once of each range, by the relay before it if there is one (X-05, X-06, X-07, X-13, X-14, FW-04, R-10, R-15)', async () => {
    const scene = await openScene({ expires: { [name]: 60 } });
    await pause(scene);
    scene.federation.clock.advance(61_000);
    for (const chat of scene.chats.values()) chat.start();
    const sent = await sendAll(scene);
    await allTold(scene, sent, ['yes', 'partial', 'long']);
    expect(said(scene, sent).codes).toEqual(['481']);
    await expectNothingMore(scene, sent, ['yes', 'partial', 'long']);
  });
});
