import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../src/transport/fifo.ts';

describe('Fifo', () => {
  it('gives back what was put in, in order, also across the trimming of its front', () => {
    const fifo = new Fifo<number>();
    for (let number = 0; number < 5000; number += 1) fifo.push(number);
    for (let number = 0; number < 5000; number += 1) expect(fifo.shift()).toBe(number);
    expect([fifo.length, fifo.first, fifo.shift()]).toEqual([0, undefined, undefined]);
  });

  it('keeps what is asked for and returns the rest, both in order', () => {
    const fifo = new Fifo<number>();
    for (const number of [1, 2, 3, 4, 5, 6]) fifo.push(number);
    fifo.shift();
    expect(fifo.remove((number) => number % 2 === 0)).toEqual([3, 5]);
    expect(fifo.clear()).toEqual([2, 4, 6]);
  });

  it('behaves as an Array does, whatever is done to it', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('push' as const), many: fc.integer({ min: 1, max: 400 }) }),
      },
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('shift' as const), many: fc.integer({ min: 1, max: 400 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('remove' as const), many: fc.integer({ min: 2, max: 5 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), many: fc.constant(0) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        let next = 0;
        for (const { kind, many } of steps) {
          if (kind === 'push')
            for (let count = 0; count < many; count += 1, next += 1) fifo.push(model[model.push(next) - 1]!);
          if (kind === 'shift') for (let count = 0; count < many; count += 1) expect(fifo.shift()).toBe(model.shift());
          if (kind === 'clear') expect(fifo.clear()).toEqual(model.splice(0));
          if (kind === 'remove') {
            expect(fifo.remove((item) => item % many !== 0)).toEqual(model.filter((item) => item % many === 0));
            model = model.filter((item) => item % many !== 0);
          }
          expect([fifo.length, fifo.first]).toEqual([model.length, model[0]]);
        }
      }),
    );
  });
});
