import { expect, it } from 'vitest';
import { BoundedTable } from '../../src/auth/bounded-table.ts';

it('A bounded table lets go of what was not used for the longest time (SE-06)', () => {
  const table = new BoundedTable<number>(2);
  table.set('a', 1);
  table.set('b', 2);
  expect(table.get('a')).toBe(1);
  table.set('c', 3);
  expect([table.get('a'), table.get('b'), table.get('c')]).toEqual([1, undefined, 3]);
  table.set('a', 4);
  table.delete('c');
  expect([table.get('a'), table.size]).toEqual([4, 1]);
});

it('A bounded table of nothing keeps nothing', () => {
  const table = new BoundedTable<number>(0);
  table.set('a', 1);
  expect([table.get('a'), table.size]).toEqual([undefined, 0]);
});
