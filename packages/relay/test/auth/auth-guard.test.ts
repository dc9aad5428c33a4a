import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { AuthGuard, type Seen } from '../../src/auth/auth-guard.ts';

const LIMITS = { addressFailures: 5, userFailures: 3, windowMs: 60_000, blockMs: 10_000 };

function setUp(limits: Partial<typeof LIMITS> = {}) {
  const clock = new ManualClock();
  const guard = new AuthGuard(clock, { ...LIMITS, ...limits });
  const from = (address: string, isOfClient = true) => ({ host: 'relay', address, isOfClient });
  const fail = (user: string, address: string, times: number, isOfClient = true) => {
    for (let time = 0; time < times; time += 1) guard.failed(user, from(address, isOfClient));
  };
  const blocks = (user: string, address: string, isOfClient = true) => guard.blocks(user, from(address, isOfClient));
  return { clock, guard, from, fail, blocks };
}

describe('A guard', () => {
  it('blocks an address that has failed too often, whatever the users, and no other', () => {
    const { fail, blocks } = setUp();
    for (const user of ['a', 'b', 'c', 'd']) fail(user, '192.0.2.1', 1);
    expect(blocks('e', '192.0.2.1')).toBe(false);
    fail('e', '192.0.2.1', 1);
    expect(blocks('f', '192.0.2.1')).toBe(true);
    expect(blocks('f', '192.0.2.2')).toBe(false);
  });

  it('blocks a user for whom too many have failed, wherever they are, and no other', () => {
    const { fail, blocks } = setUp();
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) fail('alice', address, 1);
    expect(blocks('alice', '192.0.2.4')).toBe(true);
    expect(blocks('bob', '192.0.2.1')).toBe(false);
  });

  it('takes an IPv6 network of 64 bits for one address', () => {
    const { fail, blocks } = setUp({ userFailures: 0 });
    for (let last = 1; last <= 5; last += 1) fail('alice', `2001:db8::${last}`, 1);
    expect(blocks('bob', '2001:db8::ffff')).toBe(true);
    expect(blocks('bob', '2001:db8:0:1::1')).toBe(false);
  });

  it('does not hold against a relay what the clients behind it do', () => {
    const { fail, blocks } = setUp();
    for (let user = 0; user < 50; user += 1) fail(`user ${user}`, '192.0.2.1', 2, false);
    expect(blocks('alice', '192.0.2.1', false)).toBe(false);
    fail('alice', '192.0.2.1', 3, false);
    expect(blocks('alice', '192.0.2.1', false)).toBe(true);
  });

  it('forgets failures after a while, and ends a block', () => {
    const { clock, fail, blocks } = setUp();
    fail('alice', '192.0.2.1', 2);
    clock.advance(60_000);
    fail('alice', '192.0.2.1', 2);
    expect(blocks('alice', '192.0.2.1')).toBe(false);
    fail('alice', '192.0.2.1', 1);
    clock.advance(9999);
    expect(blocks('alice', '192.0.2.1')).toBe(true);
    clock.advance(1);
    expect(blocks('alice', '192.0.2.1')).toBe(false);
  });

  it('blocks again at the next failure of the same while', () => {
    const { clock, fail, blocks } = setUp();
    fail('alice', '192.0.2.1', 3);
    clock.advance(10_000);
    fail('alice', '192.0.2.1', 1);
    expect(blocks('alice', '192.0.2.1')).toBe(true);
  });

  it('lets users in where they have logged in before, whatever others do in their name or from their address', () => {
    const { guard, from, fail, blocks } = setUp();
    guard.succeeded('alice', from('192.0.2.1'));
    fail('alice', '198.51.100.1', 3);
    fail('bob', '192.0.2.1', 5);
    expect(blocks('alice', '192.0.2.1')).toBe(false);
    expect(blocks('alice', '198.51.100.1')).toBe(true);
    expect(blocks('carol', '192.0.2.1')).toBe(true);
  });

  it('counts there, too, and by itself', () => {
    const { guard, from, fail, blocks } = setUp();
    guard.succeeded('alice', from('192.0.2.1'));
    fail('alice', '192.0.2.1', 3);
    expect(blocks('alice', '192.0.2.1')).toBe(true);
    expect(blocks('alice', '192.0.2.2')).toBe(false);
    expect(blocks('bob', '192.0.2.1')).toBe(false);
  });

  it('is not made to forget by a success in another name', () => {
    const { guard, from, fail, blocks } = setUp();
    fail('alice', '192.0.2.1', 2);
    guard.succeeded('mallory', from('192.0.2.1'));
    fail('alice', '192.0.2.1', 1);
    expect(blocks('alice', '192.0.2.1')).toBe(true);
  });

  it('has no bound where it is 0, and takes new ones at once', () => {
    const { guard, fail, blocks } = setUp({ addressFailures: 0, userFailures: 0 });
    fail('alice', '192.0.2.1', 1000);
    expect(blocks('alice', '192.0.2.1')).toBe(false);
    guard.limits = LIMITS;
    fail('alice', '192.0.2.1', 3);
    expect(blocks('alice', '192.0.2.1')).toBe(true);
  });

  it('remembers a bounded number of names and addresses (SE-06)', () => {
    const { fail, blocks } = setUp();
    fail('alice', '192.0.2.1', 3);
    for (let at = 0; at < 19_999; at += 1) fail(`user ${at}`, '192.0.2.9', 1);
    expect(blocks('alice', '192.0.2.1')).toBe(true);
    for (let at = 0; at < 20_000; at += 1) fail(`other ${at}`, '192.0.2.9', 1);
    expect(blocks('alice', '192.0.2.1')).toBe(false);
  });
});

describe('Guards of several workers', () => {
  /** Two that tell each other everything, and how often they did. */
  function pair() {
    const clock = new ManualClock();
    const learners: ((seen: Seen) => void)[] = [];
    const told: Seen[] = [];
    const link = (number: number) => ({
      tell: (seen: Seen) => {
        told.push(seen);
        learners[1 - number]?.(seen);
      },
      listen: (learn: (seen: Seen) => void) => {
        learners[number] = learn;
      },
    });
    const guards = [0, 1].map((number) => new AuthGuard(clock, LIMITS, link(number))) as [AuthGuard, AuthGuard];
    const at = (address: string) => ({ host: 'relay', address, isOfClient: true });
    return { guards, told, at };
  }

  it('count failures together, and each block on its own', () => {
    const { guards, at } = pair();
    for (let time = 0; time < 3; time += 1) guards[time % 2]?.failed('alice', at(`192.0.2.${time}`));
    expect(guards.map((guard) => guard.blocks('alice', at('198.51.100.1')))).toEqual([true, true]);
    expect(guards.map((guard) => guard.blocks('bob', at('198.51.100.1')))).toEqual([false, false]);
  });

  it('know where a user is at home, and are told once', () => {
    const { guards, told, at } = pair();
    const [one, other] = guards;
    for (let time = 0; time < 5; time += 1) guards[time % 2]?.succeeded('alice', at('192.0.2.1'));
    expect(told).toHaveLength(1);
    for (let time = 0; time < 3; time += 1) one.failed('alice', at('198.51.100.1'));
    expect(other.blocks('alice', at('198.51.100.1'))).toBe(true);
    expect(other.blocks('alice', at('192.0.2.1'))).toBe(false);
    one.failed('alice', at('192.0.2.1'));
    other.succeeded('alice', at('192.0.2.1'));
    expect(told.at(-1)?.what).toBe('succeeded');
  });
});
