import { describe, expect, it } from 'vitest';
import { Admissions } from '../../src/transport/admissions.ts';
import { Memory } from '../../src/transport/memory.ts';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { Lane, WriteQueue } from '../../src/transport/write-queue.ts';
import { bodyOf } from './body-of.ts';

const MARKS = { highWaterOctets: 1000, lowWaterOctets: 200 };

function chunk(octets: number): OutgoingChunk {
  return new OutgoingChunk('', bodyOf(new Uint8Array(octets)), '', undefined);
}

function lane(): Lane {
  return new Lane({ laneIsLow() {}, chunkLeft: () => true });
}

describe('Memory', () => {
  it('is near its budget over seven eighths of it, and spent over all of it (FC-03)', () => {
    const memory = new Memory(8000);
    const seen = [0, 7000, 7001, 8000, 8001].map((octets) => {
      memory.heldOctets = octets;
      return [memory.isNear, memory.isSpent];
    });
    expect(seen).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [true, false],
      [true, true],
    ]);
  });

  it('counts what waits in all queues, and nothing when all has left, whichever way (FC-03)', () => {
    const memory = new Memory(1_000_000);
    const queues = Array.from({ length: 3 }, () => ({ queue: new WriteQueue(MARKS, memory), lane: lane() }));
    for (const { queue, lane: own } of queues) {
      queue.push(own, chunk(300));
      queue.push(own, chunk(400));
      queue.pushUrgent('x'.repeat(50));
    }
    expect(memory.heldOctets).toBe(3 * 750);
    const [taken, dropped, cleared] = queues;
    taken?.queue.take(1_000_000);
    expect(memory.heldOctets).toBe(2 * 750);
    dropped?.queue.drop(dropped.lane, ({ octets }) => octets === 400);
    expect(memory.heldOctets).toBe(750 + 350);
    dropped?.queue.clear();
    cleared?.queue.clearChunks();
    expect(memory.heldOctets).toBe(50);
    cleared?.queue.clear();
    cleared?.queue.clear();
    expect(memory.heldOctets).toBe(0);
  });

  it('that is near makes every lane long that is over its low-water mark (FC-05)', () => {
    const memory = new Memory(8000);
    const queue = new WriteQueue(MARKS, memory);
    expect(queue.push(lane(), chunk(201))).toBe(false);
    memory.heldOctets += 7000;
    expect([queue.push(lane(), chunk(200)), queue.push(lane(), chunk(201))]).toEqual([false, true]);
  });

  it('that is near lets nobody new in, and everybody again when it is not (SE-06)', () => {
    const memory = new Memory(8000);
    const admissions = new Admissions({ connections: 10, connectionsPerAddress: 10 }, memory);
    const first = admissions.admit('192.0.2.1');
    memory.heldOctets = 7001;
    expect([first !== undefined, admissions.admit('192.0.2.1'), admissions.refusedCount]).toEqual([true, undefined, 1]);
    memory.heldOctets = 7000;
    expect([admissions.admit('192.0.2.1') !== undefined, admissions.count]).toEqual([true, 2]);
  });
});
