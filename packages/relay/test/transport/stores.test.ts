import { describe, expect, it } from 'vitest';
import { Stores } from '../../src/transport/stores.ts';

describe('Stores', () => {
  it('gives a store again that its last user released, and not before', () => {
    const stores = new Stores();
    const store = stores.take();
    store.users += 1;
    stores.release(store);
    expect(stores.take()).not.toBe(store);
    stores.release(store);
    expect(stores.take()).toBe(store);
    expect(store.users).toBe(1);
  });

  it('never gives one store to two', () => {
    const stores = new Stores();
    for (let round = 0; round < 3; round += 1) {
      const taken = Array.from({ length: 10 }, () => stores.take());
      expect(new Set(taken).size).toBe(10);
      for (const store of taken) stores.release(store);
    }
  });

  it('keeps 64 for later and lets the garbage collector have the rest', () => {
    const stores = new Stores();
    const first = Array.from({ length: 100 }, () => stores.take());
    for (const store of first) stores.release(store);
    const again = Array.from({ length: 100 }, () => stores.take());
    expect(again.filter((store) => first.includes(store))).toHaveLength(64);
  });
});
