import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../../src/auth/circuit-breaker.ts';

function setUp() {
  const clock = new ManualClock();
  const changes: boolean[] = [];
  const breaker = new CircuitBreaker({ clock, failures: 3, restMs: 1000, changed: (isOpen) => changes.push(isOpen) });
  const fail = (times: number) => {
    for (let time = 0; time < times; time += 1) breaker.failed();
  };
  return { clock, changes, breaker, fail };
}

describe('A circuit breaker', () => {
  it('opens after so many failures in a row, and tells it once', () => {
    const { breaker, changes, fail } = setUp();
    fail(2);
    breaker.succeeded();
    fail(2);
    expect(breaker.permits()).toBe(true);
    fail(3);
    expect(breaker.permits()).toBe(false);
    expect(changes).toEqual([true]);
  });

  it('lets one through after a rest, and nobody else until the next', () => {
    const { breaker, clock, fail } = setUp();
    fail(3);
    clock.advance(999);
    expect(breaker.permits()).toBe(false);
    clock.advance(1);
    expect([breaker.permits(), breaker.permits()]).toEqual([true, false]);
    clock.advance(1000);
    expect([breaker.permits(), breaker.permits()]).toEqual([true, false]);
  });

  it('rests anew when that one fails, and closes when it succeeds', () => {
    const { breaker, clock, changes, fail } = setUp();
    fail(3);
    clock.advance(1000);
    breaker.permits();
    clock.advance(500);
    fail(1);
    clock.advance(999);
    expect(breaker.permits()).toBe(false);
    clock.advance(1);
    expect(breaker.permits()).toBe(true);
    breaker.succeeded();
    expect([breaker.permits(), breaker.permits()]).toEqual([true, true]);
    expect(changes).toEqual([true, false]);
    fail(2);
    expect(breaker.permits()).toBe(true);
  });
});
