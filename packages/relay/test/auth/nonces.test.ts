import fc from 'fast-check';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { Nonces } from '../../src/auth/nonces.ts';

const LIFETIME_MS = 300_000;

function setUp(maxRemembered?: number) {
  const clock = new ManualClock(1_700_000_000_000);
  return { clock, nonces: new Nonces({ clock, maxRemembered }) };
}

describe('Nonces', () => {
  it('are all different, of one length, and need no escaping (AU-11)', () => {
    const { nonces } = setUp();
    const made = Array.from({ length: 1_000 }, () => nonces.make());
    expect(new Set(made).size).toBe(1_000);
    for (const nonce of made) expect(nonce).toMatch(/^[A-Za-z0-9_-]{72}$/);
  });

  it('are good until they are 300 s old (AU-11, AU-26)', () => {
    const { clock, nonces } = setUp();
    const nonce = nonces.make();
    clock.advance(LIFETIME_MS - 1);
    expect(nonces.use(nonce, 1)).toBe(true);
    clock.advance(1);
    expect(nonces.isFresh(nonce, 2)).toBe(false);
    expect(nonces.use(nonce, 2)).toBe(false);
  });

  it('work with a clock that counts fractions of a millisecond', () => {
    const clock = new ManualClock(1_700_000_000_000.75);
    const nonces = new Nonces({ clock });
    expect(nonces.use(nonces.make(), 1)).toBe(true);
  });

  it('do not count as made here when another process made them, or anybody changed them (AU-11, AU-26)', () => {
    const { clock, nonces } = setUp();
    expect(nonces.isFresh(new Nonces({ clock }).make(), 1)).toBe(false);
    const nonce = nonces.make();
    for (let at = 0; at < nonce.length; at += 1) {
      const other = nonce[at] === 'A' ? 'B' : 'A';
      expect(nonces.isFresh(nonce.slice(0, at) + other + nonce.slice(at + 1), 1), `changed at ${at}`).toBe(false);
    }
    expect(nonces.isFresh(nonce, 1)).toBe(true);
  });

  it('of any other form are not made here (AU-26)', () => {
    const { nonces } = setUp();
    const nonce = nonces.make();
    for (const other of ['', 'x', `${nonce}=`, `${nonce}A`, ` ${nonce}`, nonce.slice(1), 'A'.repeat(1_000_000)]) {
      expect(nonces.isFresh(other, 1)).toBe(false);
    }
    fc.assert(fc.property(fc.string(), (other) => !nonces.isFresh(other, 1)));
  });

  it('take each count once, and only upwards (AU-25)', () => {
    const { nonces } = setUp();
    const nonce = nonces.make();
    const answers = [1, 1, 2, 5, 4, 5, 6, 0xffffffff, 7, 0xffffffff].map((count) => nonces.use(nonce, count));
    expect(answers).toEqual([true, false, true, true, false, false, true, true, false, false]);
  });

  it('never take the count 0, which is before the first (AU-24)', () => {
    const { nonces } = setUp();
    expect(nonces.use(nonces.make(), 0)).toBe(false);
  });

  it('change nothing when asked whether a count is fresh', () => {
    const { nonces } = setUp();
    const nonce = nonces.make();
    expect([nonces.isFresh(nonce, 9), nonces.isFresh(nonce, 9), nonces.use(nonce, 1)]).toEqual([true, true, true]);
  });

  it('cost no memory before they are used', () => {
    const { nonces } = setUp();
    for (let made = 0; made < 1_000; made += 1) nonces.make();
    expect(nonces.rememberedCount).toBe(0);
  });

  it('are remembered up to the bound, whatever comes: 100,000 of them, and no replay succeeds (AU-25, SE-06)', () => {
    const { clock, nonces } = setUp(1_000);
    const used: string[] = [];
    for (let at = 0; at < 100_000; at += 1) {
      if (at % 10 === 0) clock.advance(1);
      const nonce = nonces.make();
      if (nonces.use(nonce, 1)) used.push(nonce);
    }
    expect(nonces.rememberedCount).toBe(1_000);
    expect(used.length).toBe(100_000);
    expect(used.filter((nonce) => nonces.isFresh(nonce, 1))).toEqual([]);
    expect(used.slice(-1_000).every((nonce) => nonces.isFresh(nonce, 2))).toBe(true);
    expect(used.slice(-3_000, -1_000).some((nonce) => nonces.isFresh(nonce, 2))).toBe(false);
  });

  it('made no later than a forgotten one are stale, used or not (AU-25)', () => {
    const { clock, nonces } = setUp(2);
    const unused = nonces.make();
    const [first, second, third] = Array.from({ length: 3 }, () => {
      clock.advance(1);
      return nonces.make();
    });
    for (const nonce of [second, first, third]) expect(nonces.use(nonce!, 1)).toBe(true); // `second` gives way to `third`
    expect([unused, second].map((nonce) => nonces.isFresh(nonce!, 2))).toEqual([false, false]);
    expect([first, third].map((nonce) => nonces.isFresh(nonce!, 2))).toEqual([true, true]);
  });

  it('give up their place when they are expired, and then no others become stale', () => {
    const { clock, nonces } = setUp(10);
    for (let at = 0; at < 10; at += 1) expect(nonces.use(nonces.make(), 1)).toBe(true);
    clock.advance(LIFETIME_MS - 1);
    const young = nonces.make();
    clock.advance(1);
    expect(nonces.use(nonces.make(), 1)).toBe(true);
    expect(nonces.rememberedCount).toBe(1);
    expect(nonces.use(young, 1)).toBe(true);
  });

  it('let no count through twice, in whatever order things happen (AU-25)', () => {
    const step = fc.record({ advanceMs: fc.constantFrom(0, 0, 1, 100_000), nonce: fc.nat(9), count: fc.nat(4) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (bound, steps) => {
        const { clock, nonces } = setUp(bound);
        const made = new Map<number, string>();
        const taken = new Set<string>();
        for (const { advanceMs, nonce: which, count } of steps) {
          clock.advance(advanceMs);
          const nonce = made.get(which) ?? nonces.make();
          made.set(which, nonce);
          if (!nonces.use(nonce, count)) continue;
          for (let lower = count; lower < 5; lower += 1) expect(taken.has(`${which} ${lower}`)).toBe(false);
          taken.add(`${which} ${count}`);
          expect(nonces.rememberedCount).toBeLessThanOrEqual(bound);
        }
      }),
    );
  });
});
