import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { Pauses } from '../../src/transport/pauses.ts';

describe('Pauses', () => {
  it('count how often and how long, those that last too, and each cause by itself', () => {
    const clock = new ManualClock(Date.now());
    const pauses = new Pauses(clock);
    clock.advance(5000);
    pauses.begin('receiver');
    clock.advance(1000);
    pauses.begin('receiver');
    pauses.begin('rate');
    clock.advance(500);
    pauses.end('receiver');
    expect(pauses.snapshot('receiver')).toEqual({ count: 2, seconds: 2, open: 1 });
    clock.advance(2000);
    pauses.end('receiver');
    clock.advance(60_000);
    expect(pauses.snapshot('receiver')).toEqual({ count: 2, seconds: 4, open: 0 });
    expect(pauses.snapshot('rate')).toEqual({ count: 1, seconds: 62.5, open: 1 });
    expect(pauses.snapshot('answers')).toEqual({ count: 0, seconds: 0, open: 0 });
  });
});
