import { describe, expect, it } from 'vitest';
import { orderServices, type ServiceRecord } from '../../src/node/service-records.ts';

const DRAWS = 10_000;

/** Numbers that look random, the same in every run: a linear congruential generator (Numerical Recipes). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function record(target: string, weight = 0, priority = 0): ServiceRecord {
  return { priority, weight, port: 2855, target };
}

/** How often each target comes first. */
function firsts(records: readonly ServiceRecord[]): Record<string, number> {
  const random = seeded(4976);
  const counts: Record<string, number> = {};
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const target = orderServices(records, random)[0]?.target ?? '';
    counts[target] = (counts[target] ?? 0) + 1;
  }
  return counts;
}

function targets(records: readonly ServiceRecord[], random: () => number): string[] {
  return orderServices(records, random).map(({ target }) => target);
}

describe('orderServices', () => {
  it('puts lower priorities first, whatever the weights and the order of the records (DN-03)', () => {
    const records = [record('c', 9, 10), record('a', 1, 0), record('d', 0, 65_535), record('b', 0, 2)];
    for (const number of [0, 0.5, 0.999]) expect(targets(records, () => number)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('draws weights 1 and 2 in the ratio 1:2 (DN-03)', () => {
    const { one = 0, two = 0 } = firsts([record('one', 1), record('two', 2)]);
    expect(one + two).toBe(DRAWS);
    // Five standard deviations of a fair draw are 0.024.
    expect(Math.abs(one / DRAWS - 1 / 3)).toBeLessThan(0.024);
  });

  it('draws equally among weights that are all 0 (DN-03)', () => {
    const counts = firsts([record('a'), record('b'), record('c')]);
    for (const count of Object.values(counts)) expect(Math.abs(count / DRAWS - 1 / 3)).toBeLessThan(0.024);
    expect(Object.keys(counts)).toHaveLength(3);
  });

  it('hardly ever draws weight 0 beside greater ones, but does (DN-03)', () => {
    const { none = 0, some = 0 } = firsts([record('some', 1), record('none', 0)]);
    expect(none).toBeGreaterThan(0);
    expect(none).toBeLessThan(DRAWS / 50);
    expect(some).toBe(DRAWS - none);
  });

  it('draws what is left by its weights again, and loses no record (DN-03, DN-06)', () => {
    const records = [record('a', 1), record('b', 2), record('c', 3)];
    expect(targets(records, () => 0)).toEqual(['a', 'b', 'c']);
    expect(targets(records, () => 0.999_999)).toEqual(['c', 'b', 'a']);
    // a is 1/6, b 2/6: 0.4 is in b; then a is 1/4: 0.4 is in c.
    expect(targets(records, () => 0.4)).toEqual(['b', 'c', 'a']);
  });

  it('survives numbers that round to the whole', () => {
    expect(targets([record('a', 1), record('b')], () => 1)).toEqual(['b', 'a']);
    expect(orderServices([], () => 0)).toEqual([]);
  });

  it('changes nothing of what it is given', () => {
    const records = Object.freeze([record('b', 1, 1), record('a', 1, 0)]);
    expect(targets(records, () => 0)).toEqual(['a', 'b']);
  });
});
