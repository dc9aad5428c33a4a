import { describe, expect, it } from 'vitest';
import { InFlight } from '../../src/transport/in-flight.ts';
import { Memory } from '../../src/transport/memory.ts';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { NO_BODY } from '../../src/transport/piece.ts';
import { Stores } from '../../src/transport/stores.ts';

const KIB = 1024;

/** Batches in flight, what is counted of them, and the names of the chunks whose senders heard that they were written. */
function setUp() {
  const memory = new Memory(100 * KIB * KIB);
  const stores = new Stores();
  const inFlight = new InFlight(64 * KIB, stores, memory);
  const written: string[] = [];
  const add = (name: string, octets: number) => {
    const chunk = new OutgoingChunk(name, NO_BODY, '', { taken() {}, written: () => written.push(name) });
    const store = stores.take();
    const run = store.octets.subarray(0, octets);
    inFlight.add([chunk], { runs: [run], stores: [store] });
    return { run, store };
  };
  return { memory, stores, inFlight, written, add };
}

describe('InFlight', () => {
  it('gives all batches that were prepared together, in order, once', () => {
    const { inFlight, add } = setUp();
    expect([inFlight.isNothing, inFlight.isPrepared]).toEqual([true, false]);
    const [first, second] = [add('first', 10), add('second', 20)];
    expect([inFlight.isNothing, inFlight.isPrepared, inFlight.octets]).toEqual([false, true, 30]);
    expect(inFlight.give()).toEqual([first.run, second.run]);
    expect([inFlight.isNothing, inFlight.isPrepared, inFlight.octets]).toEqual([false, false, 30]);
  });

  it('has room until two batches of 64 KiB are prepared, and again when the system has taken them', () => {
    const { inFlight, add } = setUp();
    add('first', 64 * KIB);
    expect([inFlight.hasRoom, inFlight.isFull]).toEqual([true, false]);
    add('second', 64 * KIB);
    expect([inFlight.hasRoom, inFlight.isFull]).toEqual([false, true]);
    inFlight.give();
    expect([inFlight.hasRoom, inFlight.isFull]).toEqual([false, false]);
    inFlight.taken();
    expect([inFlight.hasRoom, inFlight.isFull]).toEqual([true, false]);
  });

  it('has no room for anything while the system is taking a little', () => {
    const { inFlight, add } = setUp();
    add('only', 10);
    inFlight.give();
    expect(inFlight.hasRoom).toBe(false);
  });

  it('tells the senders in order when all is taken, and gives the memory back', () => {
    const { inFlight, memory, stores, written, add } = setUp();
    const { store } = add('first', 10);
    add('second', 20);
    expect(memory.heldOctets).toBe(30);
    inFlight.give();
    expect(written).toEqual([]);
    inFlight.taken();
    expect([written, memory.heldOctets, inFlight.octets]).toEqual([['first', 'second'], 0, 0]);
    expect([stores.take(), stores.take()]).toContain(store);
  });

  it('tells nobody when it is forgotten, and counts nothing more', () => {
    const { inFlight, memory, written, add } = setUp();
    add('first', 10);
    inFlight.give();
    inFlight.forget();
    expect([written, memory.heldOctets, inFlight.isNothing]).toEqual([[], 0, true]);
  });
});
