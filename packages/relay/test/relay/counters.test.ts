import { describe, expect, it } from 'vitest';
import { Counters, count } from '../../src/relay/counters.ts';

describe('Counters', () => {
  it('count requests by method, and responses by method and status, each in its direction', () => {
    const counters = new Counters();
    counters.requestIn('SEND');
    counters.requestIn('SEND');
    counters.requestIn('AUTH');
    counters.requestOut('SEND');
    counters.requestOut('REPORT');
    counters.responseIn('SEND', 200);
    counters.responseIn('SEND', 415);
    counters.responseIn('AUTH', 200);
    counters.responseOut('SEND', 200);
    counters.responseOut('SEND', 481);
    counters.responseOut('SEND', 481);
    expect(counters.requests).toEqual({ in: { SEND: 2, AUTH: 1 }, out: { SEND: 1, REPORT: 1 } });
    expect(counters.responses).toEqual({
      in: { 'SEND 200': 1, 'SEND 415': 1, 'AUTH 200': 1 },
      out: { 'SEND 200': 1, 'SEND 481': 2 },
    });
  });

  it('do not grow with the statuses that a peer invents: what the RFCs do not know is counted by its class', () => {
    const counters = new Counters();
    for (let status = 0; status < 1000; status += 1) counters.responseIn('SEND', status);
    const { in: known } = counters.responses;
    expect(Object.keys(known)).toHaveLength(15);
    expect(known).toMatchObject({ 'SEND 200': 1, 'SEND 2xx': 99, 'SEND 413': 1, 'SEND 4xx': 92, 'SEND 5xx': 98 });
    expect(known['SEND other']).toBe(700);
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
    const tally = new Map<'a' | 'b', number>();
    count(tally, 'a');
    count(tally, 'a', 5);
    count(tally, 'b');
    expect([...tally]).toEqual([
      ['a', 6],
      ['b', 1],
    ]);
  });
});
