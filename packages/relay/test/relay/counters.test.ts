import { describe, expect, it } from 'vitest';
import { Counters, count } from '../../src/relay/counters.ts';

describe('Counters', () => {
  it('count requests by method and responses by status, each in its direction', () => {
    const counters = new Counters();
    counters.requestIn('SEND');
    counters.requestIn('SEND');
    counters.requestIn('AUTH');
    counters.requestOut('SEND');
    counters.requestOut('REPORT');
    counters.responseIn(200);
    counters.responseIn(415);
    counters.responseOut(200);
    counters.responseOut(481);
    counters.responseOut(481);
    expect(counters.requests).toEqual({ in: { SEND: 2, AUTH: 1 }, out: { SEND: 1, REPORT: 1 } });
    expect(counters.responses).toEqual({ in: { 200: 1, 415: 1 }, out: { 200: 1, 481: 2 } });
  });

  it('do not grow with the names that a peer invents', () => {
    const counters = new Counters();
    for (let number = 0; number < 1000; number += 1) {
      counters.requestIn(`METHOD${number}`);
      counters.requestOut(`METHOD${number}`);
    }
    expect(counters.requests).toEqual({ in: { SEND: 0, other: 1000 }, out: { SEND: 0, other: 1000 } });
  });

  it('tally by name, by one or by more', () => {
    const tally = new Map<string, number>();
    count(tally, 'a');
    count(tally, 'a', 5);
    count(tally, 'b');
    expect([...tally]).toEqual([
      ['a', 6],
      ['b', 1],
    ]);
  });
});
