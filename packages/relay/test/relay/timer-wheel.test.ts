import fc from 'fast-check';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { Timed, TimerWheel } from '../../src/relay/timer-wheel.ts';

const TICK_MS = 1000;
const SPOKES = 62;

class Item extends Timed {
  readonly expiredAtMs: number[] = [];
  dueAtMs = 0;
  readonly #clock: ManualClock;
  readonly #onExpire: (() => void) | undefined;

  constructor(clock: ManualClock, onExpire?: () => void) {
    super();
    this.#clock = clock;
    this.#onExpire = onExpire;
  }

  override expire(): void {
    this.expiredAtMs.push(this.#clock.nowMs());
    this.#onExpire?.();
  }
}

function wheelAt(startMs: number): { clock: ManualClock; wheel: TimerWheel } {
  const clock = new ManualClock(startMs);
  return { clock, wheel: new TimerWheel(clock, TICK_MS, SPOKES) };
}

describe('TimerWheel', () => {
  it('never fires early and at most one tick late, whatever the phase (T-03, X-04)', () => {
    for (const startMs of [1_000_000, 1_000_001, 1_000_500, 1_000_999]) {
      for (const ms of [0, 1, 999, 1000, 1001, 29_999, 30_000, 60_000, 62_000]) {
        const { clock, wheel } = wheelAt(startMs);
        const item = new Item(clock);
        wheel.set(item, ms);
        for (let passed = 0; passed < 70_000 && item.expiredAtMs.length === 0; passed += 50) clock.advance(50);
        const lateMs = (item.expiredAtMs[0] ?? Number.NaN) - startMs - ms;
        expect([startMs, ms, lateMs >= 0, lateMs <= TICK_MS]).toEqual([startMs, ms, true, true]);
      }
    }
  });

  it('never fires early and at most one tick late when the wheel was already turning (T-03, X-04)', () => {
    const { clock, wheel } = wheelAt(1_000_300);
    wheel.set(new Item(clock), 60_000);
    clock.advance(450);
    const item = new Item(clock);
    wheel.set(item, 30_000);
    clock.advance(29_999);
    expect(item.expiredAtMs).toEqual([]);
    clock.advance(1 + TICK_MS);
    expect(item.expiredAtMs).toHaveLength(1);
  });

  it('fires nothing that was called off', () => {
    const { clock, wheel } = wheelAt(1_000_000);
    const items = Array.from({ length: 100 }, () => new Item(clock));
    for (const item of items) wheel.set(item, 5000);
    for (const [index, item] of items.entries()) if (index % 3 === 0) wheel.clear(item);
    expect(wheel.count).toBe(66);
    clock.advance(10_000);
    expect(items.map(({ expiredAtMs }) => expiredAtMs.length)).toEqual(
      items.map((_, index) => (index % 3 === 0 ? 0 : 1)),
    );
    expect(wheel.count).toBe(0);
  });

  it('does nothing when told to clear what is not on it, twice or at all', () => {
    const { clock, wheel } = wheelAt(1_000_000);
    const item = new Item(clock);
    wheel.clear(item);
    wheel.set(item, 1000);
    wheel.clear(item);
    wheel.clear(item);
    expect(wheel.count).toBe(0);
    wheel.set(item, 1000);
    clock.advance(3000);
    wheel.clear(item);
    expect([item.expiredAtMs.length, wheel.count]).toEqual([1, 0]);
  });

  it('expires at most a thousand in one turn of the loop and the rest in the turns that follow', () => {
    let fired = 0;
    const perTurn: number[] = [];
    const clock = new ManualClock(1_000_000);
    const counting = {
      nowMs: () => clock.nowMs(),
      after: (ms: number, fire: () => void) =>
        clock.after(ms, () => {
          const before = fired;
          fire();
          if (fired > before) perTurn.push(fired - before);
        }),
    };
    const wheel = new TimerWheel(counting, TICK_MS, SPOKES);
    const onExpire = () => {
      fired += 1;
    };
    for (let count = 0; count < 4500; count += 1) wheel.set(new Item(clock, onExpire), 30_000);
    clock.advance(32_000);
    expect(perTurn).toEqual([1000, 1000, 1000, 1000, 500]);
  });

  it('stops ticking when nothing is left on it', () => {
    const { clock, wheel } = wheelAt(1_000_000);
    wheel.set(new Item(clock), 3000);
    clock.advance(10_000);
    expect(clock.waitingCount).toBe(0);
    const late = new Item(clock);
    clock.advance(500_000);
    wheel.set(late, 3000);
    clock.advance(2999);
    expect(late.expiredAtMs).toEqual([]);
    clock.advance(2001);
    expect(late.expiredAtMs).toHaveLength(1);
  });

  it('takes what is set, again or anew, while something expires', () => {
    const { clock, wheel } = wheelAt(1_000_000);
    let rounds = 0;
    const again: Item = new Item(clock, () => {
      rounds += 1;
      if (rounds < 5) wheel.set(again, 0);
    });
    wheel.set(again, 0);
    clock.advance(20_000);
    expect([rounds, wheel.count]).toEqual([5, 0]);
  });

  it('does not fire early what is set while thousands of others are overdue, as after a machine was asleep', () => {
    const clock = new ManualClock(1_000_000);
    const waiting: { atMs: number; fire: () => void }[] = [];
    const sleepy = {
      nowMs: () => clock.nowMs(),
      after: (ms: number, fire: () => void) => {
        const timer = { atMs: clock.nowMs() + ms, fire };
        waiting.push(timer);
        return { cancel: () => waiting.splice(waiting.indexOf(timer), 1) };
      },
    };
    const fireDue = () => {
      const due = waiting.filter(({ atMs }) => atMs <= clock.nowMs());
      for (const timer of due) waiting.splice(waiting.indexOf(timer), 1);
      for (const { fire } of due) fire();
    };
    const wheel = new TimerWheel(sleepy, TICK_MS, SPOKES);
    for (let count = 0; count < 2500; count += 1) wheel.set(new Item(clock), 1000 + (count % 3));
    clock.advance(40_000);
    fireDue();
    const fresh = new Item(clock);
    const setAtMs = clock.nowMs();
    wheel.set(fresh, 60_000);
    for (let passed = 0; passed < 70_000; passed += 500) {
      fireDue();
      clock.advance(500);
    }
    expect(fresh.expiredAtMs).toHaveLength(1);
    expect(fresh.expiredAtMs[0]! - setAtMs).toBeGreaterThanOrEqual(60_000);
  });

  it('keeps its links and its count through any series of set, clear and advance', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), item: fc.nat(19), ms: fc.nat(62_000) }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('clear' as const), item: fc.nat(19), ms: fc.constant(0) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('advance' as const), item: fc.constant(0), ms: fc.nat(20_000) }),
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.array(step, { maxLength: 80 }), (startMs, steps) => {
        const { clock, wheel } = wheelAt(startMs);
        const items = Array.from({ length: 20 }, () => new Item(clock));
        const isSet = new Set<Item>();
        const settle = () => {
          for (const item of [...isSet]) {
            const [atMs] = item.expiredAtMs.splice(0);
            if (atMs === undefined) {
              expect(clock.nowMs()).toBeLessThanOrEqual(item.dueAtMs + TICK_MS);
            } else {
              expect(atMs).toBeGreaterThanOrEqual(item.dueAtMs);
              expect(atMs).toBeLessThanOrEqual(item.dueAtMs + TICK_MS);
              isSet.delete(item);
            }
          }
          expect(items.every(({ expiredAtMs }) => expiredAtMs.length === 0)).toBe(true);
          expect(wheel.count).toBe(isSet.size);
        };
        for (const { kind, item: index, ms } of steps) {
          const item = items[index]!;
          if (kind === 'advance') clock.advance(ms);
          if (kind === 'clear') {
            wheel.clear(item);
            isSet.delete(item);
          }
          if (kind === 'set' && !isSet.has(item)) {
            item.dueAtMs = clock.nowMs() + ms;
            wheel.set(item, ms);
            isSet.add(item);
          }
          settle();
        }
        clock.advance(70_000);
        settle();
        expect([isSet.size, clock.waitingCount]).toEqual([0, 0]);
      }),
    );
  });
});
