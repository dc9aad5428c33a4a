import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { type Flushable, Turn } from '../../src/transport/turn.ts';

/** Things by name, and the names of those that were flushed, prepared, written after that, and settled, in order. */
function things() {
  const flushed: string[] = [];
  const settled: string[] = [];
  const prepared: string[] = [];
  const written: string[] = [];
  const make = (name: string, then?: () => void): Flushable & { isLarge: boolean; isFull: boolean } => ({
    flushedIn: 0,
    isLarge: false,
    isFull: false,
    flush: () => {
      flushed.push(name);
      then?.();
    },
    prepare: () => {
      prepared.push(name);
      return name !== 'empty';
    },
    write: () => written.push(name),
    settle: () => settled.push(name),
  });
  return { flushed, settled, prepared, written, make };
}

describe('Turn', () => {
  it('flushes what asked for it once, in order, and not before the turn ends', async () => {
    const turn = new Turn(systemClock);
    const { flushed, make } = things();
    for (const name of ['a', 'b', 'c']) turn.add(make(name));
    expect(flushed).toEqual([]);
    await nextTurn();
    expect(flushed).toEqual(['a', 'b', 'c']);
    await nextTurn();
    expect(flushed).toEqual(['a', 'b', 'c']);
  });

  it('flushes at the end of the read that brought something, so that nobody waits for the reads of others', async () => {
    const turn = new Turn(systemClock);
    const { flushed, make } = things();
    turn.add(make('a'));
    turn.readDone();
    expect(flushed).toEqual(['a']);
    turn.add(make('b'));
    turn.readDone();
    expect(flushed).toEqual(['a', 'b']);
    await nextTurn();
    expect(flushed).toEqual(['a', 'b']);
  });

  it('flushes nobody twice before the turn ends: what comes for it meanwhile leaves together', async () => {
    const turn = new Turn(systemClock);
    const { flushed, make } = things();
    const a = make('a');
    const b = make('b');
    for (let read = 0; read < 5; read += 1) {
      turn.add(a);
      // A connection asks again only after it was flushed.
      if (read === 1) turn.add(b);
      turn.readDone();
      if (read === 0) expect(flushed).toEqual(['a']);
    }
    expect(flushed).toEqual(['a', 'b']);
    await nextTurn();
    expect(flushed.slice(2).every((name) => name === 'a')).toBe(true);
    turn.add(a);
    turn.readDone();
    expect(flushed.at(-1)).toBe('a');
  });

  it('prepares what is large at the end of each read, and writes it at the end of the turn', async () => {
    const turn = new Turn(systemClock);
    const { flushed, settled, prepared, written, make } = things();
    const a = make('a');
    a.isLarge = true;
    for (let read = 0; read < 3; read += 1) {
      turn.add(a);
      turn.readDone();
    }
    expect([flushed, prepared, written, settled]).toEqual([[], ['a', 'a', 'a'], [], []]);
    await nextTurn();
    expect(new Set(written)).toEqual(new Set(['a']));
  });

  it('writes at once when so much is prepared that it is worth it', () => {
    const turn = new Turn(systemClock);
    const { prepared, written, make } = things();
    const a = make('a');
    a.isLarge = true;
    turn.add(a);
    turn.readDone();
    expect(written).toEqual([]);
    a.isFull = true;
    turn.add(a);
    turn.readDone();
    expect([prepared, written]).toEqual([['a', 'a'], ['a']]);
  });

  it('begins another turn after 64 reads: whoever waits does not wait for a thousand sockets', async () => {
    const turn = new Turn(systemClock);
    const { flushed, make } = things();
    const a = make('a');
    turn.add(a);
    turn.readDone();
    turn.add(a);
    for (let read = 2; read < 64; read += 1) turn.readDone();
    expect(flushed).toEqual(['a']);
    turn.readDone();
    expect(flushed).toEqual(['a', 'a']);
    turn.add(a);
    turn.readDone();
    expect(flushed).toEqual(['a', 'a', 'a']);
    await nextTurn();
    expect(flushed).toEqual(['a', 'a', 'a']);
  });

  it('prepares what the reads of a crowd bring, and writes it together when all have been read', async () => {
    const turn = new Turn(systemClock);
    const { flushed, prepared, written, make } = things();
    const names = Array.from({ length: 16 }, (_, number) => `item ${number}`);
    const read = (some: readonly string[]) => {
      for (const name of some) {
        turn.add(make(name));
        turn.readDone();
      }
    };
    read(names);
    await nextTurn();
    expect([flushed, prepared]).toEqual([names, []]);
    read(['i', 'empty', 'j']);
    expect([flushed.length, prepared, written]).toEqual([16, ['i', 'empty', 'j'], []]);
    await nextTurn();
    expect(written).toEqual(['i', 'j']);
    // Three are no crowd.
    read(['k']);
    expect(flushed.at(-1)).toBe('k');
    await nextTurn();
    expect(written).toEqual(['i', 'j']);
  });

  it('writes what a crowd of 64 has prepared before the crowd is read to its end, and at once who has much', async () => {
    const turn = new Turn(systemClock);
    const { flushed, written, make } = things();
    for (let read = 0; read < 16; read += 1) {
      turn.add(make('first'));
      turn.readDone();
    }
    await nextTurn();
    flushed.length = 0;
    const large = make('large');
    large.isLarge = true;
    large.isFull = true;
    for (const item of [make('small'), large]) {
      turn.add(item);
      turn.readDone();
    }
    expect([flushed, written]).toEqual([[], ['large']]);
    for (let read = 2; read < 64; read += 1) turn.readDone();
    expect(written).toEqual(['large', 'small', 'large']);
  });

  it('settles whatever still waits at the end of a read, which its octets do not outlast', () => {
    const turn = new Turn(systemClock);
    const { settled, make } = things();
    const late = make('late');
    const a = make('a', () => turn.add(late));
    turn.add(a);
    turn.readDone();
    expect(settled).toEqual(['late']);
    turn.add(a);
    turn.readDone();
    expect(settled).toEqual(['late', 'a']);
  });

  it('flushes somebody at once again in the next turn', async () => {
    const turn = new Turn(systemClock);
    const { flushed, make } = things();
    const a = make('a');
    for (let number = 1; number <= 3; number += 1) {
      turn.add(a);
      turn.readDone();
      expect(flushed).toHaveLength(number);
      await nextTurn();
    }
  });

  it.each(['readDone', 'the end'])(
    'leaves what is added by a flush in %s to itself, and loses nothing',
    async (when) => {
      const turn = new Turn(systemClock);
      const { flushed, make } = things();
      const second = make('second');
      turn.add(
        make('first', () => {
          turn.add(second);
          expect(flushed).toEqual(['first']);
        }),
      );
      if (when === 'readDone') turn.readDone();
      await nextTurn();
      await nextTurn();
      expect(flushed).toEqual(['first', 'second']);
    },
  );
});
