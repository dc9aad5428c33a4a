import { describe, expect, it } from 'vitest';
import type { RelaySnapshot } from '../../src/relay/snapshot.ts';
import { countersOf, sumSnapshots } from '../../src/supervisor/sum-snapshots.ts';
import { NOTHING } from '../app/fake-relay.ts';

const ONE: RelaySnapshot = {
  ...NOTHING,
  connections: { tls: 2, 'dialled-tls': 1 },
  sessions: 3,
  transactions: 4,
  queuedOctets: 5,
  memory: { heldOctets: 6, budgetOctets: 100 },
  pauses: { ...NOTHING.pauses, rate: { count: 2, seconds: 1.5, open: 1 } },
  responseTimes: { counts: [1, 2, ...new Array<number>(17).fill(0)], sum: 0.5 },
  requests: { in: { SEND: 7 }, out: {} },
  octets: { in: 10, out: 20 },
  auth: { granted: 1 },
};
const OTHER: RelaySnapshot = {
  ...ONE,
  connections: { tls: 1, tcp: 1 },
  requests: { in: { SEND: 1, AUTH: 2 }, out: { REPORT: 1 } },
  auth: { failed: 2 },
};

describe('The sum of what workers have counted', () => {
  it('has every number of each, histograms too, also under names that only one has', () => {
    expect(sumSnapshots([ONE, OTHER])).toEqual({
      ...NOTHING,
      connections: { tls: 3, tcp: 1, 'dialled-tls': 1 },
      sessions: 6,
      transactions: 8,
      queuedOctets: 10,
      memory: { heldOctets: 12, budgetOctets: 200 },
      pauses: { ...NOTHING.pauses, rate: { count: 4, seconds: 3, open: 2 } },
      responseTimes: { counts: [2, 4, ...new Array<number>(17).fill(0)], sum: 1 },
      requests: { in: { SEND: 8, AUTH: 2 }, out: { REPORT: 1 } },
      octets: { in: 20, out: 40 },
      auth: { granted: 1, failed: 2 },
    });
  });

  it('is that of a relay that has done nothing when there are no workers, and theirs when there is one', () => {
    expect(sumSnapshots([])).toEqual(NOTHING);
    expect(sumSnapshots([ONE])).toEqual(ONE);
  });

  it('keeps the counters of a worker that is gone, and nothing of what there was', () => {
    expect(countersOf(ONE)).toEqual({
      ...NOTHING,
      pauses: { ...NOTHING.pauses, rate: { count: 2, seconds: 1.5, open: 0 } },
      responseTimes: ONE.responseTimes,
      requests: ONE.requests,
      octets: ONE.octets,
      auth: ONE.auth,
    });
  });
});
