/** A – B – C – D – E – F, each connection in turn cut in the middle of a file: what is lost is told, and all goes on. */
import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { overlap } from '../delivery/account.ts';
import type { Span } from '../delivery/load.ts';
import { chatsAlong } from './chat.ts';
import { type Federation, openFederation, type RelayName } from './federation.ts';
import type { Party } from './party.ts';
import { until } from './scene.ts';

const CHUNK_OCTETS = 150_000;
const file = randomBytes(12_000_000);
const sha256 = createHash('sha256').update(file).digest('hex');

/** The connections of the way, and how each is cut: a relay or client at either end is as it was. */
const LINKS = ['AB', 'BC', 'CD', 'DE', 'EF'] as const;

type Pair = Awaited<ReturnType<Federation<typeof systemClock>['pair']>>;

/** A file on its way. */
interface Transfer {
  readonly from: Party;
  readonly to: Party;
  /** Settles with the range of each chunk when all were written, or the connection is gone. */
  readonly sent: Promise<ReadonlyMap<string, Span>>;
}

function cut(link: (typeof LINKS)[number], federation: Federation<typeof systemClock>, { a, f }: Pair): void {
  if (link === 'AB') a.endpoint.socket.destroy();
  else if (link === 'EF') f.endpoint.socket.destroy();
  else for (const way of federation.between(link[0] as RelayName, link[1] as RelayName)) way.cut();
}

/** The parts of `spans` that are in none of `others`. */
function missing(spans: readonly Span[], others: readonly Span[]): Span[] {
  const ordered = others.toSorted((a, b) => a.start - b.start);
  return spans.flatMap(({ start, end }) => {
    let next = start;
    for (const other of ordered) if (other.start <= next) next = Math.max(next, other.end + 1);
    return next > end ? [] : [{ start: next, end }];
  });
}

function octetsOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { start, end }) => sum + end - start + 1, 0);
}

/** Waits until the sender knows of each chunk what became of it, and checks that what was accepted came or was reported. */
async function expectNothingLost({ from, to, sent }: Transfer): Promise<void> {
  const chunks = await sent;
  if (!from.isGone) await from.until(() => [...chunks.keys()].every((tid) => from.answers.has(tid)));
  const accepted = [...chunks].filter(([tid]) => from.answers.get(tid)?.[0] === 200).map(([, span]) => span);
  const accountedFor = () => [...to.got('file'), ...from.reported('file')];
  await expect.poll(() => missing(accepted, accountedFor()), { timeout: 10_000 }).toEqual([]);
  expect(accepted.length).toBeGreaterThan(0);
  expect([...chunks.keys()].filter((tid) => (from.answers.get(tid)?.length ?? 0) > 1)).toEqual([]);
  expect([overlap(from.reported('file')), overlap(to.got('file'))]).toEqual([false, false]);
}

/** A new file passes whole. */
async function expectFileToPass(from: Party, to: Party): Promise<void> {
  const messageId = 'another';
  void from.send({ to: from.pathTo(to), messageId, body: file, chunkOctets: CHUNK_OCTETS, successReport: 'yes' });
  await from.until(() => from.reports.length > 0);
  expect(to.message(messageId, file.length)).toEqual({ sha256, wrong: [] });
  expect(from.reports.map(({ status }) => status)).toEqual(['000 200 OK']);
}

describe.each(LINKS)('When the connection %s is cut in the middle of a file', (link) => {
  it.each(['A to F', 'F to A'] as const)(
    'from %s, all that was accepted is delivered or reported, others notice nothing, and new sessions carry a new file (X-01, X-02, X-03, X-06, X-12, X-14, X-16, X-18, R-15, AU-38, CN-16, FW-15, FW-23)',
    async (direction) => {
      const federation = await openFederation({ clock: systemClock, isLinked: true });
      const pair = await federation.pair();
      const chats = await chatsAlong(federation);
      for (const chat of chats.values()) chat.start();
      const [from, to] = direction === 'A to F' ? [pair.a, pair.f] : [pair.f, pair.a];
      let isAllSent = false;
      const sent = from.send({ to: from.pathTo(to), messageId: 'file', body: file, chunkOctets: CHUNK_OCTETS });
      void sent.then(() => (isAllSent = true));
      await until(() => octetsOf(to.got('file')) > file.length / 6);
      expect(isAllSent).toBe(false);
      cut(link, federation, pair);
      await expectNothingLost({ from, to, sent });
      for (const [name, chat] of chats) {
        if (name.includes(link)) continue;
        const before = chat.count;
        await until(() => chat.count >= before + 4);
        await chat.stop();
        expect([name, chat.offences]).toEqual([name, []]);
      }
      const { a, f } = await federation.pair();
      await expectFileToPass(direction === 'A to F' ? a : f, direction === 'A to F' ? f : a);
    },
  );
});
