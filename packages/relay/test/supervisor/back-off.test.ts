import { describe, expect, it } from 'vitest';
import { BackOff } from '../../src/supervisor/back-off.ts';

describe('What has ended', () => {
  it('is started again at once, then after longer and longer, and not later than 30 seconds', () => {
    const backOff = new BackOff();
    const waits = Array.from({ length: 9 }, () => backOff.next(10));
    expect(waits).toEqual([0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('is started again at once when it has lived for a minute', () => {
    const backOff = new BackOff();
    for (let time = 0; time < 5; time += 1) backOff.next(10);
    expect([backOff.next(59_999), backOff.next(60_000), backOff.next(10)]).toEqual([8000, 0, 500]);
  });
});
