import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import type { Hop } from '../../src/relay/hop.ts';
import { Rates } from '../../src/relay/rates.ts';

/** As much of a hop as rates look at: whose it is, and whether it is read. */
function hopOf(...users: string[]) {
  let isBlocked = false;
  const hop = {
    sessions: new Set(users.map((user) => ({ user }))),
    block: () => {
      isBlocked = true;
    },
    unblock: () => {
      isBlocked = false;
    },
  };
  return { hop: hop as unknown as Hop, isBlocked: () => isBlocked };
}

/** Reads `octets` and `messages` each time the hop may be read, for `ms`; how often that was. */
function readsIn(ms: number, clock: ManualClock, rates: Rates, octets: number, messages: number, users = ['alice']) {
  const { hop, isBlocked } = hopOf(...users);
  let reads = 0;
  for (let passed = 0; passed < ms; passed += 1) {
    while (!isBlocked() && reads < 1_000_000) {
      rates.spend(hop, octets, messages);
      reads += 1;
    }
    clock.advance(1);
  }
  return reads;
}

describe('Rates', () => {
  it('hold a sender to 1 MB/s within five percent over ten seconds (FC-08)', () => {
    const clock = new ManualClock();
    const rates = new Rates(clock, { octetsPerSecond: 1_000_000, messagesPerSecond: 0 });
    const octets = readsIn(10_000, clock, rates, 65_536, 1) * 65_536;
    expect(octets / 10).toBeGreaterThan(950_000);
    expect(octets / 10).toBeLessThan(1_050_000);
  });

  it('are smooth: no second carries more than the rate and one read (FC-08)', () => {
    const clock = new ManualClock();
    const rates = new Rates(clock, { octetsPerSecond: 1_000_000, messagesPerSecond: 0 });
    clock.advance(60_000);
    for (let second = 0; second < 5; second += 1) {
      expect(readsIn(1000, clock, rates, 16_384, 1) * 16_384).toBeLessThan(1_000_000 + 2 * 16_384 + 20_000);
    }
  });

  it('count messages as well as octets, whichever is used up first (FC-08)', () => {
    const clock = new ManualClock();
    const rates = new Rates(clock, { octetsPerSecond: 1_000_000, messagesPerSecond: 100 });
    const reads = readsIn(10_000, clock, rates, 200, 1);
    expect(reads).toBeGreaterThan(950);
    expect(reads).toBeLessThan(1050);
  });

  it('are shared by all connections of a user, and by nobody else (FC-08)', () => {
    const clock = new ManualClock();
    const rates = new Rates(clock, { octetsPerSecond: 100_000, messagesPerSecond: 0 });
    const first = hopOf('alice');
    const second = hopOf('alice');
    const other = hopOf('bob');
    rates.spend(first.hop, 50_000, 1);
    rates.spend(second.hop, 1000, 1);
    rates.spend(other.hop, 100, 1);
    expect([first.isBlocked(), second.isBlocked(), other.isBlocked()]).toEqual([true, true, false]);
    clock.advance(600);
    expect([first.isBlocked(), second.isBlocked()]).toEqual([false, false]);
  });

  it('can be changed while running, and cost nothing when there are none (FC-08)', () => {
    const clock = new ManualClock();
    const rates = new Rates(clock, { octetsPerSecond: 0, messagesPerSecond: 0 });
    const { hop, isBlocked } = hopOf('alice');
    rates.spend(hop, 10_000_000, 1000);
    expect([isBlocked(), clock.waitingCount]).toEqual([false, 0]);
    rates.limits = { octetsPerSecond: 1000, messagesPerSecond: 0 };
    rates.spend(hop, 1000, 1);
    expect(isBlocked()).toBe(true);
  });
});
