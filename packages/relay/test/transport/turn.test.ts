import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Turn } from '../../src/transport/turn.ts';

describe('Turn', () => {
  it('flushes what asked for it once, in order, and not before the turn ends', async () => {
    const turn = new Turn();
    const flushed: string[] = [];
    for (const name of ['a', 'b', 'c']) turn.add({ flush: () => flushed.push(name) });
    expect(flushed).toEqual([]);
    await nextTurn();
    expect(flushed).toEqual(['a', 'b', 'c']);
    await nextTurn();
    expect(flushed).toEqual(['a', 'b', 'c']);
  });

  it('leaves what is added by a flush to the next turn', async () => {
    const turn = new Turn();
    const flushed: string[] = [];
    const second = { flush: () => flushed.push('second') };
    const first = {
      flush: () => {
        flushed.push('first');
        turn.add(second);
        expect(flushed).toEqual(['first']);
      },
    };
    turn.add(first);
    await nextTurn();
    await nextTurn();
    expect(flushed).toEqual(['first', 'second']);
  });
});
