import { describe, expect, it } from 'vitest';
import { partOf } from '../../src/transport/part.ts';

const MOST = 262_144;

const lengths = (runs: readonly Uint8Array[]) => runs.map(({ length }) => length);

describe('partOf', () => {
  it.each([
    [[100], [100], []],
    [[MOST], [MOST], []],
    [[MOST + 1], [MOST], [1]],
    [[100, MOST - 100], [100, MOST - 100], []],
    [
      [100, MOST, 7],
      [100, MOST - 100],
      [100, 7],
    ],
    [[MOST, 7], [MOST], [7]],
  ])('takes of runs of %j octets %j, and leaves %j', (runs, part, rest) => {
    const taken = partOf(
      runs.map((length) => new Uint8Array(length)),
      'runs',
    );
    expect([lengths(taken.part), lengths(taken.rest)]).toEqual([part, rest]);
  });

  it.each([
    [[MOST + 1], [MOST + 1], []],
    [[100, MOST], [100, MOST], []],
    [[100, MOST, 7], [100, MOST], [7]],
  ])('cuts no message of %j octets', (runs, part, rest) => {
    const taken = partOf(
      runs.map((length) => new Uint8Array(length)),
      'messages',
    );
    expect([lengths(taken.part), lengths(taken.rest)]).toEqual([part, rest]);
  });

  it.each([
    [[100], [100], []],
    [[100, 200, 300], [100, 200, 300], []],
    [[16_384, 16_384], [16_384, 16_384], []],
    [[16_384, 16_385], [16_384], [16_385]],
    [[100, MOST, 7], [100], [MOST, 7]],
    [[MOST + 1, 7], [MOST], [1, 7]],
  ])('takes of large runs of %j octets no more than one where each is written by itself', (runs, part, rest) => {
    const taken = partOf(
      runs.map((length) => new Uint8Array(length)),
      'single runs',
    );
    expect([lengths(taken.part), lengths(taken.rest)]).toEqual([part, rest]);
  });

  it('keeps all octets in order', () => {
    const runs = [Uint8Array.of(1, 2), new Uint8Array(MOST).fill(3), Uint8Array.of(4)];
    const { part, rest } = partOf(runs, 'runs');
    expect(Buffer.concat([...part, ...rest]).equals(Buffer.concat(runs))).toBe(true);
  });
});
