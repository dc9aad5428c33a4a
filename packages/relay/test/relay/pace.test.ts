/** The pace of one session toward one next hop: what opens its window, and what lets its senders go on. */
import { describe, expect, it } from 'vitest';
import type { Hop } from '../../src/relay/hop.ts';
import { Pace } from '../../src/relay/pace.ts';
import type { Session } from '../../src/relay/sessions.ts';
import { Memory } from '../../src/transport/memory.ts';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { Lane, type LaneOwner, WriteQueue } from '../../src/transport/write-queue.ts';
import { bodyOf } from '../transport/body-of.ts';

const MARKS = { highWaterOctets: 1000, lowWaterOctets: 200 };
const LIMITS = { windowOctets: 500, sessionOctets: 4000 };

/** As much of an ingress as a pace touches: whether it is read, and whether others depend on it. */
class Ingress {
  readonly pacesIn = new Set<Pace>();
  readonly blockers = new Set<object>();
  isNeeded = false;

  block(blocker: object): void {
    this.blockers.add(blocker);
  }

  unblock(blocker: object): void {
    this.blockers.delete(blocker);
  }

  isNeededBeside(): boolean {
    return this.isNeeded;
  }

  get asHop(): Hop {
    return this as unknown as Hop;
  }
}

interface Stage {
  readonly pace: Pace;
  readonly ingress: Ingress;
  readonly queue: WriteQueue;
  readonly session: Session;
  readonly egress: { readonly pacesOut: Set<Pace> };
  /** Queues a chunk whose next hop owes an answer for its body; true when the lane is over its high mark. */
  push(octets: number): boolean;
  /** Hands chunks to the socket; how many there were. */
  take(octets?: number): number;
  /** An answer that is held back from now on; whether it was given. */
  hold(messageId: string, nowMs?: number, octets?: number): () => boolean;
}

function stage(): Stage {
  const queue = new WriteQueue(MARKS, new Memory(1_000_000));
  const connection = {
    lane: (owner: LaneOwner) => new Lane(owner),
    wake: (lane: Lane) => queue.wake(lane),
  };
  const egress = { connection, pacesOut: new Set<Pace>() };
  const session = { paces: new Set<Pace>(), forget() {} } as unknown as Session;
  const pace = new Pace(egress as unknown as Hop, [session], LIMITS);
  const ingress = new Ingress();
  pace.join(ingress.asHop);
  return {
    pace,
    ingress,
    queue,
    session,
    egress,
    push: (octets) => {
      const sender = { taken: () => pace.took(octets), written() {} };
      return queue.push(pace.lane, new OutgoingChunk('', bodyOf(new Uint8Array(octets)), '', sender));
    },
    take: (octets = 1_000_000) => queue.take(octets).chunks.length,
    hold: (messageId, nowMs = 0, octets = 100) => {
      let isGiven = false;
      const accept = () => {
        isGiven = true;
      };
      pace.heldAnswers.hold({ messageId, accept }, octets, nowMs);
      return () => isGiven;
    },
  };
}

/** A stage whose ingress is not read because its lane is long. */
function blocked(): Stage {
  const it = stage();
  for (let count = 0; count < 11; count += 1) it.push(100);
  it.pace.slowDown(it.ingress.asHop, false);
  expect(it.ingress.blockers.has(it.pace)).toBe(true);
  return it;
}

describe('The window of a pace', () => {
  it('lets as much leave as may be unanswered, and one chunk at most beyond (FC-04)', () => {
    const { pace, queue, push, take } = stage();
    for (let count = 0; count < 10; count += 1) push(200);
    expect(take()).toBe(3);
    expect([pace.lane.isHeld, queue.isReady, queue.isEmpty, take()]).toEqual([true, false, false, 0]);
  });

  it('opens again when enough is settled, and not before (FC-04)', () => {
    const { pace, push, take } = stage();
    for (let count = 0; count < 10; count += 1) push(200);
    take();
    pace.settled(100);
    expect([pace.lane.isHeld, take()]).toEqual([true, 0]);
    pace.settled(100);
    expect([pace.lane.isHeld, take()]).toEqual([false, 1]);
    pace.settled(400);
    expect(take()).toBe(2);
  });

  it('closed by the last chunk there was opens for one that comes later (FC-04)', () => {
    const { pace, push, take } = stage();
    push(500);
    expect([take(), pace.lane.isHeld]).toEqual([1, true]);
    push(100);
    expect(take()).toBe(0);
    pace.settled(500);
    expect(take()).toBe(1);
    pace.settled(100);
    push(100);
    expect(take()).toBe(1);
  });

  it('holds back its own lane only: others go on (FC-04, FC-05)', () => {
    const { pace, queue, push, take } = stage();
    for (let count = 0; count < 10; count += 1) push(200);
    take();
    const other = new Lane({ laneIsLow() {}, chunkLeft: () => true });
    queue.push(other, new OutgoingChunk('other', bodyOf(), '', undefined));
    expect(queue.take(1_000_000).chunks.map(({ head }) => head)).toEqual(['other']);
    expect(pace.lane.isHeld).toBe(true);
  });

  it('is not touched by what the next hop owes no answer for (FC-04)', () => {
    const { pace, queue, take } = stage();
    for (let count = 0; count < 10; count += 1) {
      queue.push(pace.lane, new OutgoingChunk('', bodyOf(new Uint8Array(400)), '', undefined));
    }
    expect([take(), pace.lane.isHeld]).toEqual([10, false]);
  });
});

describe('An ingress', () => {
  it('that feeds one next hop only is not read until the lane is low, and not a chunk earlier (FC-04, FC-06)', () => {
    const { pace, ingress, push, take } = stage();
    for (let count = 0; count < 10; count += 1) expect(push(100)).toBe(false);
    expect(push(100)).toBe(true);
    pace.slowDown(ingress.asHop, false);
    expect(ingress.blockers.size).toBe(1);
    pace.settled(400);
    expect(take(800)).toBe(8);
    expect([pace.lane.heldOctets, ingress.blockers.size]).toEqual([300, 1]);
    expect(take(1)).toBe(1);
    expect([pace.lane.heldOctets, ingress.blockers.size]).toEqual([200, 0]);
  });

  it('that feeds others too is read on, unless memory is short (FC-05)', () => {
    const { pace, ingress } = stage();
    ingress.isNeeded = true;
    pace.slowDown(ingress.asHop, false);
    expect(ingress.blockers.size).toBe(0);
    pace.slowDown(ingress.asHop, true);
    expect(ingress.blockers.size).toBe(1);
  });

  it('is read again when its session ends, and stops having to do with it (FC-06)', () => {
    const { pace, ingress, session, egress } = blocked();
    pace.retire();
    expect([ingress.blockers.size, ingress.pacesIn.size, session.paces.size, egress.pacesOut.size]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('is not stopped any more by a chunk that goes on after its session has ended: that is refused while the lane is long (FC-06)', () => {
    const { pace, ingress, push, take } = blocked();
    pace.retire();
    push(100);
    pace.slowDown(ingress.asHop, false);
    pace.slowDown(ingress.asHop, true);
    expect([ingress.blockers.size, pace.isRefusing]).toEqual([0, true]);
    pace.settled(1000);
    while (take(100) > 0);
    expect(pace.isRefusing).toBe(false);
  });

  it('is read again when it leaves; others of the same pace are not (FC-06)', () => {
    const { pace, ingress } = blocked();
    const other = new Ingress();
    pace.join(other.asHop);
    pace.slowDown(other.asHop, false);
    pace.leave(ingress.asHop);
    expect([ingress.blockers.size, ingress.pacesIn.size, other.blockers.size]).toEqual([0, 0, 1]);
    pace.laneIsLow();
    expect(other.blockers.size).toBe(0);
  });

  it('is read again when the pace is given up, and stays so until the lane has been low (FC-06)', () => {
    const { pace, ingress, push, take } = blocked();
    pace.refuse();
    expect([ingress.blockers.size, pace.isRefusing]).toEqual([0, true]);
    push(10);
    pace.slowDown(ingress.asHop, false);
    expect(ingress.blockers.size).toBe(0);
    pace.settled(1000);
    while (take(100) > 0);
    expect([pace.isRefusing, pace.lane.heldOctets]).toEqual([false, 0]);
    for (let count = 0; count < 11; count += 1) push(100);
    pace.slowDown(ingress.asHop, false);
    expect(ingress.blockers.size).toBe(1);
  });

  it('may be held up by two paces, and waits for both (FC-06)', () => {
    const { pace, ingress } = blocked();
    const second = stage();
    second.pace.join(ingress.asHop);
    second.pace.slowDown(ingress.asHop, false);
    pace.laneIsLow();
    expect([...ingress.blockers]).toEqual([second.pace]);
    second.pace.laneIsLow();
    expect(ingress.blockers.size).toBe(0);
  });
});

describe('An answer that is held back', () => {
  it('is given when the lane is low, with all others, in order (FC-05, R-08)', () => {
    const { pace, push, take } = stage();
    for (let count = 0; count < 60; count += 1) push(100);
    expect([pace.isFull, pace.isOverfull]).toEqual([true, false]);
    const order: string[] = [];
    for (const messageId of ['one', 'two', 'one']) {
      pace.heldAnswers.hold({ messageId, accept: () => order.push(messageId) }, 100, 1000 + order.length);
    }
    expect([pace.heldAnswers.sinceMs, order]).toEqual([1000, []]);
    pace.settled(100_000);
    while (take(100) > 0);
    expect([pace.heldAnswers.sinceMs, order]).toEqual([undefined, ['one', 'two', 'one']]);
  });

  it('counts from the first that is held, again after each release (FC-05)', () => {
    const { pace, hold } = stage();
    hold('one', 5000);
    hold('two', 9000);
    expect(pace.heldAnswers.sinceMs).toBe(5000);
    pace.laneIsLow();
    hold('three', 12_000);
    expect(pace.heldAnswers.sinceMs).toBe(12_000);
  });

  it('is given when the session ends or the next hop is gone: what becomes of the chunk is told otherwise (R-08)', () => {
    const { pace, hold } = stage();
    const isGiven = hold('one');
    pace.retire();
    expect(isGiven()).toBe(true);
  });

  it('is handed over when the pace is given up, once, and not given (FC-05)', () => {
    const { pace, hold } = stage();
    const given = ['one', 'two', 'one'].map((messageId) => hold(messageId));
    expect([...pace.refuse()].map(({ messageId }) => messageId)).toEqual(['one', 'two', 'one']);
    expect([pace.isRefusing, pace.heldAnswers.sinceMs, given.map((isGiven) => isGiven())]).toEqual([
      true,
      undefined,
      [false, false, false],
    ]);
    expect([...pace.refuse()]).toEqual([]);
    pace.laneIsLow();
    expect(given.map((isGiven) => isGiven())).toEqual([false, false, false]);
  });
});

describe('A pace', () => {
  it('is full over what a session may queue, overfull over twice that, by octets of memory, flooded over three times that, by octets (FC-03, FC-05)', () => {
    const { pace, push } = stage();
    const seen: unknown[] = [];
    for (const octets of [4000, 1, 3999, 1, 3999, 1]) {
      push(octets);
      seen.push([pace.isFull, pace.isOverfull, pace.isFlooded]);
    }
    expect(seen).toEqual([
      [false, false, false],
      [true, false, false],
      [true, false, false],
      [true, true, false],
      [true, true, false],
      [true, true, true],
    ]);
  });

  it('is the one of its sessions, in their order, and its next hop', () => {
    const { pace, session, egress } = stage();
    const other = { paces: new Set<Pace>(), forget() {} } as unknown as Session;
    const hop = egress as unknown as Hop;
    const both = new Pace(
      { connection: { lane: (owner: LaneOwner) => new Lane(owner) }, pacesOut: new Set() } as unknown as Hop,
      [session, other],
      LIMITS,
    );
    expect([pace.leads([session], hop), pace.leads([other], hop), pace.leads([session, other], hop)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(pace.leads([session], both.egress)).toBe(false);
    expect([both.leads([session, other], both.egress), both.leads([other, session], both.egress)]).toEqual([
      true,
      false,
    ]);
    expect([...session.paces]).toEqual([pace, both]);
    both.retire();
    expect([session.paces.size, other.paces.size]).toEqual([1, 0]);
  });

  it('remembers the last 64 messages that were stopped, and with which status', () => {
    const { pace } = stage();
    expect(pace.stoppedWith('none')).toBeUndefined();
    for (let count = 0; count < 65; count += 1) pace.stop(`mess-${count}`, 413);
    pace.stop('mess-64', 481);
    expect([pace.stoppedWith('mess-0'), pace.stoppedWith('mess-1'), pace.stoppedWith('mess-64')]).toEqual([
      undefined,
      413,
      481,
    ]);
  });
});
