import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/base/manual-clock.ts';
import type { Found } from '../../src/node/lookup-cache.ts';
import { Resolver, type ResolverOptions } from '../../src/node/resolver.ts';

type Addresses = Found<readonly string[]>;

/** Queries that wait until the test answers them. */
function scripted(options: ResolverOptions = {}) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const open: { resolve(found: Addresses): void; reject(error: Error): void }[] = [];
  const queries = {
    addresses: (host: string) => {
      asked.push(host);
      return new Promise<Addresses>((resolve, reject) => open.push({ resolve, reject }));
    },
    services: async (host: string) => {
      asked.push(`SRV ${host}`);
      return { value: [], lifetimeMs: 60_000 };
    },
    cancel: () => {
      for (const { reject } of open.splice(0)) reject(new Error('cancelled'));
    },
  };
  const resolver = new Resolver({ clock, queries, ...options });
  /** Answers the eldest query. */
  const answer = (address: string, lifetimeMs = 1000) => open.shift()?.resolve({ value: [address], lifetimeMs });
  const fail = () => open.shift()?.reject(new Error('no such name'));
  /** One look-up, answered at once if it is asked. */
  const find = async (host: string, address = '192.0.2.1') => {
    const found = resolver.addresses(host);
    await settled();
    answer(address);
    return (await found)[0];
  };
  return { clock, asked, queries, resolver, answer, fail, find };
}

/** Lets promises that are settled tell so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('A resolver remembers', () => {
  it('an answer for as long as it holds, and not longer (DN-12)', async () => {
    const { clock, asked, find } = scripted();
    expect(await find('a.example', '192.0.2.1')).toBe('192.0.2.1');
    clock.advance(999);
    expect(await find('a.example', '192.0.2.2')).toBe('192.0.2.1');
    clock.advance(1);
    expect(await find('a.example', '192.0.2.2')).toBe('192.0.2.2');
    expect(asked).toEqual(['a.example', 'a.example']);
  });

  it('counts the lifetime from the answer, not from the question (DN-12)', async () => {
    const { clock, asked, resolver, answer, find } = scripted();
    const first = resolver.addresses('a.example');
    clock.advance(5000);
    await settled();
    answer('192.0.2.1');
    await first;
    clock.advance(999);
    await find('a.example');
    expect(asked).toHaveLength(1);
  });

  it('a failure for five seconds (DN-12)', async () => {
    const { clock, asked, resolver, fail, find } = scripted();
    const first = resolver.addresses('a.example');
    await settled();
    fail();
    await expect(first).rejects.toThrow('no such name');
    clock.advance(4999);
    await expect(resolver.addresses('a.example')).rejects.toThrow('no such name');
    clock.advance(1);
    expect(await find('a.example')).toBe('192.0.2.1');
    expect(asked).toHaveLength(2);
  });

  it('that there are no SRV records, as it remembers records, and apart from addresses (DN-04, DN-12)', async () => {
    const { clock, asked, resolver, find } = scripted();
    for (const elapsedMs of [0, 59_999, 1]) {
      clock.advance(elapsedMs);
      expect(await resolver.services('a.example')).toEqual([]);
    }
    await find('a.example');
    expect(asked).toEqual(['SRV a.example', 'SRV a.example', 'a.example']);
  });

  it('names whatever their case (DN-12)', async () => {
    const { asked, find } = scripted();
    await find('A.Example');
    await find('a.example');
    expect(asked).toEqual(['a.example']);
  });

  it('a bounded number of names: the one that was not asked for the longest gives way (DN-12)', async () => {
    const { asked, find } = scripted({ maxNames: 2 });
    for (const host of ['a', 'b', 'a', 'c', 'a', 'b']) await find(host);
    expect(asked).toEqual(['a', 'b', 'c', 'b']);
  });

  it('nothing after a reload, and asks the new way', async () => {
    const { asked, queries, resolver, find } = scripted();
    await find('a.example');
    await resolver.services('a.example');
    const addresses = async () => ({ value: ['192.0.2.9'], lifetimeMs: 1000 });
    resolver.reload({ ...queries, addresses });
    expect(await resolver.addresses('a.example')).toEqual(['192.0.2.9']);
    await resolver.services('a.example');
    expect(asked).toEqual(['a.example', 'SRV a.example', 'SRV a.example']);
  });
});

describe('Look-ups', () => {
  it('of one name at the same time are one query (DN-12)', async () => {
    const { asked, resolver, answer } = scripted();
    const both = Promise.all([resolver.addresses('a.example'), resolver.addresses('a.example')]);
    await settled();
    answer('192.0.2.1');
    expect(await both).toEqual([['192.0.2.1'], ['192.0.2.1']]);
    expect(asked).toHaveLength(1);
  });

  it('beyond the bound wait, in the order in which they came (DN-12)', async () => {
    const { asked, resolver, answer, fail } = scripted({ maxRunning: 2, maxWaiting: 2 });
    const all = Promise.allSettled(['a', 'b', 'c', 'd'].map((host) => resolver.addresses(host)));
    await settled();
    expect(asked).toEqual(['a', 'b']);
    answer('192.0.2.1');
    await settled();
    expect(asked).toEqual(['a', 'b', 'c']);
    fail();
    await settled();
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    answer('192.0.2.3');
    answer('192.0.2.4');
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });

  it('fail at once when the line is full, and that is not remembered (DN-12)', async () => {
    const { asked, resolver, answer } = scripted({ maxRunning: 1, maxWaiting: 1 });
    const [a, b] = [resolver.addresses('a'), resolver.addresses('b')];
    await expect(resolver.addresses('c')).rejects.toMatchObject({ code: 'MSRP_LOOKUP_BUSY' });
    await expect(resolver.services('c')).rejects.toMatchObject({ code: 'MSRP_LOOKUP_BUSY' });
    answer('192.0.2.1');
    await a;
    await settled();
    answer('192.0.2.2');
    await b;
    const c = resolver.addresses('c');
    await settled();
    answer('192.0.2.3');
    expect(await c).toEqual(['192.0.2.3']);
    expect(asked).toEqual(['a', 'b', 'c']);
  });

  it('fail when the resolver is closed: those under way, those that wait, and any later one', async () => {
    const { asked, resolver } = scripted({ maxRunning: 1 });
    const all = Promise.allSettled([resolver.addresses('a'), resolver.addresses('b')]);
    await settled();
    resolver.close();
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(resolver.addresses('c')).rejects.toMatchObject({ code: 'MSRP_LOOKUP_FAILED' });
    expect(asked).toEqual(['a']);
  });

  it.each(['x7.invalid', 'X7.INVALID.'])('never ask about %s (DN-11)', async (host) => {
    const { asked, resolver } = scripted();
    await expect(resolver.addresses(host)).rejects.toMatchObject({ code: 'MSRP_LOOKUP_FAILED' });
    await expect(resolver.services(host)).rejects.toMatchObject({ code: 'MSRP_LOOKUP_FAILED' });
    expect(asked).toEqual([]);
  });
});
