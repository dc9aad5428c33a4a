import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { type Credential, StoreUnavailable } from '../../src/auth/credential-store.ts';
import { RemoteStore, type RemoteStoreOptions } from '../../src/auth/remote-store.ts';

const ALICE: Credential = { ha1: 'a'.repeat(32), mayUse: true };

type Behaviour = (user: string, signal: AbortSignal) => Promise<Credential | undefined>;

/** A store over a source that does what the test says, and what was told of it. */
function setUp(behaviour: Behaviour, options: Partial<RemoteStoreOptions> = {}) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const told: string[] = [];
  const current = { behaviour };
  const source = {
    name: 'test',
    ask(user: string, _realm: string, _algorithm: string, signal: AbortSignal) {
      asked.push(user);
      return current.behaviour(user, signal);
    },
    close: () => new Promise<void>(() => {}),
  };
  const store = new RemoteStore(source, {
    clock,
    observer: {
      lookedUp: (name, outcome) => told.push(`${name} ${outcome}`),
      failed: (_name, cause) => told.push(String(cause)),
      changed: (_name, isDown, cause) => told.push(isDown ? `down: ${cause}` : 'up'),
    },
    timeoutMs: 1500,
    failures: 2,
    restMs: 1000,
    freshMs: 0,
    staleMs: 0,
    cacheEntries: 100,
    ...options,
  });
  const find = (user = 'alice') => store.find(user, 'realm', 'MD5');
  const recall = (age: 'fresh' | 'stale', user = 'alice') => store.recall(user, 'realm', 'MD5', age);
  return { clock, asked, told, store, find, recall, current };
}

const known: Behaviour = async (user) => (user === 'alice' ? ALICE : undefined);
const broken: Behaviour = async () => {
  throw new Error('refused');
};
const silent: Behaviour = () => new Promise(() => {});

describe('A store that asks others', () => {
  it('gives what it is told, and counts it', async () => {
    const { find, told } = setUp(known);
    expect(await find()).toBe(ALICE);
    expect(await find('bob')).toBeUndefined();
    expect(told).toEqual(['test found', 'test unknown']);
  });

  it('gives up in time, and lets the source know', async () => {
    const ends: AbortSignal[] = [];
    const { find, clock } = setUp((_user, signal) => {
      ends.push(signal);
      return silent('', signal);
    });
    const found = find();
    await Promise.resolve();
    clock.advance(1499);
    expect(ends[0]?.aborted).toBe(false);
    clock.advance(1);
    await expect(found).rejects.toThrow(StoreUnavailable);
    expect(ends[0]?.aborted).toBe(true);
    expect(clock.waitingCount).toBe(0);
  });

  it('leaves no timer behind when there is an answer, and does not mind a source that throws', async () => {
    const { find, clock, current } = setUp(known);
    await find();
    current.behaviour = () => {
      throw new Error('a bug');
    };
    await expect(find()).rejects.toThrow(StoreUnavailable);
    expect(clock.waitingCount).toBe(0);
  });

  it('stops asking after so many failures, tells it once, and finds out by one look-up when it is over', async () => {
    const { find, clock, asked, told, current } = setUp(broken);
    for (let times = 0; times < 5; times += 1) await expect(find()).rejects.toThrow(StoreUnavailable);
    expect(asked).toHaveLength(2);
    expect(told.filter((line) => line.startsWith('down'))).toEqual(['down: Error: refused']);
    expect(told.filter((line) => line === 'test refused')).toHaveLength(3);
    clock.advance(1000);
    current.behaviour = known;
    const answers = await Promise.allSettled([find(), find(), find()]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(told.at(-1)).toBe('test found');
    expect(told).toContain('up');
    expect(await find()).toBe(ALICE);
  });

  it('lets no more than a thousand wait at a time, and that is no failure of the other side (SE-06)', async () => {
    const { find, told } = setUp(silent);
    const waiting = Array.from({ length: 1000 }, () => find());
    await expect(find()).rejects.toThrow(StoreUnavailable);
    expect(waiting).toHaveLength(1000);
    expect(told).toEqual(['test refused']);
  });

  it('counts nobody as waiting who has been answered', async () => {
    const { find, current } = setUp(known, { failures: 2000 });
    for (let times = 0; times < 600; times += 1) await find();
    current.behaviour = broken;
    for (let times = 0; times < 600; times += 1) await find().catch(() => {});
    current.behaviour = known;
    expect(await find()).toBe(ALICE);
  });

  it('says that its failures are known, so that nobody logs each of them again', async () => {
    const { find } = setUp(broken);
    for (let times = 0; times < 3; times += 1) await expect(find()).rejects.toMatchObject({ isTold: true });
  });

  it('is closed in bounded time, whatever the source does', async () => {
    const { store, clock } = setUp(known);
    const closed = store.close();
    clock.advance(500);
    await closed;
  });
});

describe('What a store remembers', () => {
  it('is who was found, for one time while it can be asked and for another when it cannot', async () => {
    const { find, recall, clock } = setUp(known, { freshMs: 100, staleMs: 1000 });
    expect(recall('stale')).toBeUndefined();
    await find();
    await find('bob');
    expect([recall('fresh'), recall('stale'), recall('stale', 'bob')]).toEqual([ALICE, ALICE, undefined]);
    clock.advance(100);
    expect([recall('fresh'), recall('stale')]).toEqual([undefined, ALICE]);
    clock.advance(900);
    expect(recall('stale')).toBeUndefined();
  });

  it('goes with the user, and not with a failure', async () => {
    const { find, recall, current } = setUp(known, { staleMs: 1000 });
    await find();
    current.behaviour = broken;
    await find().catch(() => {});
    expect(recall('stale')).toBe(ALICE);
    current.behaviour = async () => undefined;
    await find();
    expect(recall('stale')).toBeUndefined();
  });

  it('is of one realm and algorithm, and of so many users', async () => {
    const { store, find, recall } = setUp(async () => ALICE, { staleMs: 1000, cacheEntries: 2 });
    await find();
    expect(store.recall('alice', 'other', 'MD5', 'stale')).toBeUndefined();
    expect(store.recall('alice', 'realm', 'SHA-256', 'stale')).toBeUndefined();
    await find('bob');
    await find('carol');
    expect([recall('stale'), recall('stale', 'bob')]).toEqual([undefined, ALICE]);
  });

  it('is not shown when it is printed (SE-12)', async () => {
    const { store, find } = setUp(known, { staleMs: 1000 });
    await find();
    expect(JSON.stringify(store)).not.toContain('aaa');
  });
});
