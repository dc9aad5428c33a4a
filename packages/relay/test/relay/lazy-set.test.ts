import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LazySet } from '../../src/relay/lazy-set.ts';

const STEPS = fc.array(fc.tuple(fc.constantFrom('add' as const, 'delete' as const, 'clear' as const), fc.nat(4)));

it('A lazy set holds what a Set would, in the same order', () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const lazy = new LazySet<number>();
      const set = new Set<number>();
      for (const [step, value] of steps) {
        lazy[step](value);
        set[step](value);
        expect([...lazy]).toEqual([...set]);
        expect([lazy.size, lazy.has(value)]).toEqual([set.size, set.has(value)]);
      }
    }),
  );
});
