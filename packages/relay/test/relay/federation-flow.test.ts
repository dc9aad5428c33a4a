/** A – B – C – D – E – F with a receiver that is slow: everybody else goes on, and nothing is refused however slow it is. */
import { createHash, randomBytes } from 'node:crypto';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { type Message, responseTo } from '../endpoint.ts';
import { Chat } from './chat.ts';
import { openFederation, RELAYS } from './federation.ts';
import type { Party } from './party.ts';
import { until } from './scene.ts';

const CHUNK_OCTETS = 65_536;

/** What a slow receiver takes, in octets a second. */
const RATE = 20_000;

/** How long a file may take where several programs share the machine. */
const PATIENCE_MS = 25_000;

/** Sends a file; its receiver has it whole, nothing was refused, and of REPORTs there is only the one of success. */
function sendFile(from: Party, to: Party, octets: number) {
  const body = randomBytes(octets);
  void from.send({ to: from.pathTo(to), messageId: 'file', body, chunkOctets: CHUNK_OCTETS, successReport: 'yes' });
  return {
    async expectWhole(): Promise<void> {
      await from.until(() => from.reports.length > 0, PATIENCE_MS);
      expect(from.reports.map(({ status }) => status)).toEqual(['000 200 OK']);
      const sha256 = createHash('sha256').update(body).digest('hex');
      expect(to.message('file', octets)).toEqual({ sha256, wrong: [] });
      expect([...from.answers.values()].filter(([status]) => status !== 200)).toEqual([]);
    },
  };
}

describe('When F does not read for a moment', () => {
  it('all others whose messages go over the same connections go on, and F gets its file whole (FC-04, FC-05, FW-23)', async () => {
    const federation = await openFederation({ clock: new ManualClock(Date.now()) });
    const { a, f } = await federation.pair();
    const others = await federation.pair();
    const chat = new Chat('chat', others.a, others.f);
    chat.start();
    await until(() => chat.count > 0);
    f.endpoint.pause();
    const file = sendFile(a, f, 30_000_000);
    // The relays in the middle, which feed one next hop each, are full of it.
    const queued = () => RELAYS.slice(1).map((name) => federation.relays[name].relay.snapshot().queuedOctets);
    await until(() => queued().every((octets) => octets > 1_000_000));
    const before = chat.count;
    await until(() => chat.count >= before + 100);
    expect(queued().every((octets) => octets < 3_000_000)).toBe(true);
    f.endpoint.resume();
    await file.expectWhole();
    await chat.stop();
    expect(chat.offences).toEqual([]);
  });
});

describe('When F takes 20,000 octets a second', () => {
  it('it gets a file of minutes, and no relay on the way gives up (FC-04, FC-05, FC-06, R-08, X-04)', async () => {
    const clock = new ManualClock(Date.now());
    const federation = await openFederation({ clock });
    const { a, f } = await federation.pair();
    const others = await federation.pair();
    const chat = new Chat('chat', others.a, others.f);
    chat.start();
    const owed: Message[] = [];
    f.respond = (send) => {
      owed.push(send);
      return undefined;
    };
    const octets = 4_000_000;
    const file = sendFile(a, f, octets);
    // However the chunks were cut on the way: the clock jumps, and what a jump finds in the middle of a chunk has lingered.
    for (let answeredOctets = 0; answeredOctets < octets; ) {
      await f.until(() => owed.length > 0);
      const send = owed.shift();
      if (send === undefined) continue;
      void f.endpoint.send(responseTo(send, 200));
      const due = answeredOctets;
      answeredOctets += send.body?.length ?? 0;
      for (let second = Math.ceil(due / RATE); second < Math.ceil(answeredOctets / RATE); second += 1) {
        clock.advance(1000);
        // Others have time to notice.
        const before = chat.count;
        await until(() => chat.count > before);
      }
    }
    await file.expectWhole();
    await chat.stop();
    expect(chat.offences).toEqual([]);
  });
});
