import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Memory } from '../../src/transport/memory.ts';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { Lane, WriteQueue } from '../../src/transport/write-queue.ts';
import { bodyOf } from './body-of.ts';

const MARKS = { highWaterOctets: 10_000, lowWaterOctets: 2000 };

function chunk(octets: number, head = ''): OutgoingChunk {
  return new OutgoingChunk(head, bodyOf(new Uint8Array(octets - head.length)), '', undefined);
}

function lane(): { lane: Lane; lows: () => number } {
  let lows = 0;
  const laneIsLow = () => {
    lows += 1;
  };
  return { lane: new Lane({ laneIsLow, chunkLeft: () => true }), lows: () => lows };
}

describe('WriteQueue: what leaves first', () => {
  it('gives all urgent texts before any chunk, in order (FC-01)', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    queue.push(lane().lane, chunk(100, 'chunk'));
    queue.pushUrgent('one');
    queue.pushUrgent('two');
    const batch = queue.take(1000);
    expect([batch.urgent, batch.chunks.map(({ head }) => head)]).toEqual([['one', 'two'], ['chunk']]);
    expect(queue.isEmpty).toBe(true);
  });

  it('takes whole chunks until the batch holds what was asked for, urgent octets included', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    const one = lane().lane;
    for (let count = 0; count < 5; count += 1) queue.push(one, chunk(400));
    queue.pushUrgent('x'.repeat(500));
    expect(queue.take(1000).chunks).toHaveLength(2);
    expect(queue.take(1).chunks).toHaveLength(1);
    expect(queue.take(0).chunks).toHaveLength(0);
    expect(queue.take(100_000).chunks).toHaveLength(2);
  });

  it('takes a chunk that is larger than many turns of a lane', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    const [one, two] = [lane().lane, lane().lane];
    queue.push(one, chunk(1_000_000, 'large'));
    queue.push(two, chunk(900_000, 'other'));
    expect(
      queue
        .take(10_000_000)
        .chunks.map(({ head }) => head)
        .toSorted(),
    ).toEqual(['large', 'other']);
  });

  it('shares by octets, not by chunks: whoever has small ones gets as much as whoever has large ones (CH-05, FC-02)', () => {
    const queue = new WriteQueue({ highWaterOctets: 1e9, lowWaterOctets: 0 }, new Memory(1_000_000_000));
    const sizes = [300, 2048, 16_384, 65_536];
    const sent = new Map<Lane, number>();
    const lanes = sizes.map((octets) => {
      const one = lane().lane;
      for (let pushed = 0; pushed < 4_000_000; pushed += octets) queue.push(one, chunk(octets, `${octets}`));
      sent.set(one, 0);
      return one;
    });
    const laneOf = new Map(sizes.map((octets, index) => [`${octets}`, lanes[index]!]));
    for (let batches = 0; batches < 100; batches += 1) {
      for (const { head, octets } of queue.take(65_536).chunks) {
        const owner = laneOf.get(head)!;
        sent.set(owner, sent.get(owner)! + octets);
      }
      const shares = [...sent.values()];
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(65_536 + 2 * 16_384);
    }
  });

  it('gives a lane that was away no credit for the time', () => {
    const queue = new WriteQueue({ highWaterOctets: 1e9, lowWaterOctets: 0 }, new Memory(1_000_000_000));
    const [busy, late] = [lane().lane, lane().lane];
    for (let count = 0; count < 400; count += 1) queue.push(busy, chunk(1000, 'busy'));
    queue.take(200_000);
    for (let count = 0; count < 400; count += 1) queue.push(late, chunk(1000, 'late'));
    const heads = queue.take(100_000).chunks.map(({ head }) => head);
    const lateShare = heads.filter((head) => head === 'late').length / heads.length;
    expect(lateShare).toBeGreaterThan(0.3);
    expect(lateShare).toBeLessThan(0.7);
  });
});

describe('WriteQueue: accounts', () => {
  it('says when a lane is over its high-water mark, and tells its owner once when it is low again', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    const { lane: one, lows } = lane();
    expect(queue.push(one, chunk(10_000))).toBe(false);
    expect(queue.push(one, chunk(1000))).toBe(true);
    for (let count = 0; count < 3; count += 1) queue.push(one, chunk(1000));
    queue.take(1);
    expect(lows()).toBe(0);
    queue.take(2000);
    expect([lows(), one.heldOctets]).toEqual([1, 2000]);
    queue.take(10_000);
    expect(lows()).toBe(1);
  });

  it('does not tell the owner of a lane that never was over the mark', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    const { lane: one, lows } = lane();
    queue.push(one, chunk(5000));
    queue.take(1_000_000);
    expect(lows()).toBe(0);
  });

  it('drops what it is told to, in order, and tells the owner when that makes the lane low', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    const { lane: one, lows } = lane();
    const other = lane().lane;
    for (const head of ['a', 'b', 'c', 'd']) queue.push(one, chunk(4000, head));
    queue.push(other, chunk(4000, 'other'));
    expect(queue.drop(one, ({ head }) => head !== 'c').map(({ head }) => head)).toEqual(['a', 'b', 'd']);
    expect([lows(), one.heldOctets, queue.heldOctets]).toEqual([0, 4000, 8000]);
    expect(queue.drop(one, () => true)).toHaveLength(1);
    expect([lows(), one.heldOctets, queue.heldOctets]).toEqual([1, 0, 4000]);
    expect(queue.take(1_000_000).chunks.map(({ head }) => head)).toEqual(['other']);
    queue.push(one, chunk(10, 'again'));
    expect(queue.take(1_000_000).chunks.map(({ head }) => head)).toEqual(['again']);
  });

  it('throws away chunks but not urgent texts, or both, and tells nobody', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    const { lane: one, lows } = lane();
    queue.push(one, chunk(20_000));
    queue.pushUrgent('still here');
    queue.clearChunks();
    expect([queue.heldOctets, queue.urgentOctets, one.heldOctets]).toEqual([10, 10, 0]);
    expect(queue.take(1000)).toEqual({ urgent: ['still here'], chunks: [] });
    queue.pushUrgent('gone');
    queue.push(one, chunk(100));
    queue.clear();
    expect([queue.heldOctets, queue.isEmpty, lows()]).toEqual([0, true, 0]);
  });

  it('lets go of read buffers at the end of a turn, of those chunks only that still wait', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    const one = lane().lane;
    const view = new Uint8Array(65_536).subarray(0, 200);
    const [left, waits] = [1, 2].map(() => new OutgoingChunk('head', bodyOf(view), 'tail', undefined));
    queue.push(one, left!);
    queue.push(one, waits!);
    queue.take(1);
    queue.settle();
    expect([left?.head, left?.body[0]]).toEqual(['head', view]);
    expect([waits?.head, waits?.body[0]?.buffer.byteLength]).toEqual(['', 208]);
    expect(waits?.octets).toBe(208);
  });

  it('keeps each lane in order, loses nothing, and owes nothing in the end (FW-15)', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('push' as const),
        lane: fc.nat(4),
        octets: fc.oneof(fc.integer({ min: 10, max: 3000 }), fc.integer({ min: 10, max: 70_000 })),
      }),
      fc.record({ kind: fc.constant('urgent' as const), lane: fc.constant(0), octets: fc.nat(300) }),
      fc.record({ kind: fc.constant('take' as const), lane: fc.constant(0), octets: fc.nat(70_000) }),
      fc.record({ kind: fc.constant('settle' as const), lane: fc.constant(0), octets: fc.constant(0) }),
      fc.record({ kind: fc.constant('drop' as const), lane: fc.nat(4), octets: fc.integer({ min: 2, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
        const lanes = Array.from({ length: 5 }, () => lane().lane);
        const models = lanes.map((): OutgoingChunk[] => []);
        const check = () => {
          const held = models.map((model) => model.reduce((sum, { heldOctets }) => sum + heldOctets, 0));
          expect(lanes.map(({ heldOctets }) => heldOctets)).toEqual(held);
          expect(queue.heldOctets - queue.urgentOctets).toBe(held.reduce((sum, octets) => sum + octets, 0));
        };
        const take = (octets: number) => {
          for (const taken of queue.take(octets).chunks) {
            const model = models.find((waiting) => waiting[0] === taken);
            expect(model).toBeDefined();
            model?.shift();
          }
        };
        for (const [number, { kind, lane: at, octets }] of steps.entries()) {
          if (kind === 'push') {
            const pushed = chunk(octets, `${number}`);
            models[at]!.push(pushed);
            queue.push(lanes[at]!, pushed);
          }
          if (kind === 'urgent') queue.pushUrgent('u'.repeat(octets));
          if (kind === 'take') take(octets);
          if (kind === 'settle') queue.settle();
          if (kind === 'drop') {
            const isMeant = (waiting: OutgoingChunk) => waiting.octets % octets === 0;
            expect(queue.drop(lanes[at]!, isMeant)).toEqual(models[at]!.filter(isMeant));
            models[at] = models[at]!.filter((waiting) => !isMeant(waiting));
          }
          check();
        }
        take(Number.MAX_SAFE_INTEGER);
        check();
        expect([queue.isEmpty, queue.heldOctets]).toEqual([true, 0]);
      }),
    );
  });

  it('hands out no more urgent texts at a time than fit into a batch (SE-06)', () => {
    const queue = new WriteQueue(MARKS, new Memory(1_000_000_000));
    for (let index = 0; index < 10; index += 1) queue.pushUrgent('x'.repeat(1000));
    expect(queue.take(2500).urgent).toHaveLength(3);
    expect([queue.urgentOctets, queue.isReady]).toEqual([7000, true]);
  });
});
