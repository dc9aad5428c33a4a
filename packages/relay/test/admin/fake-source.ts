/** What an admin door can be opened on without a relay. */
import { systemClock } from 'msrp/base';
import type { AdminSource } from '../../src/admin/source.ts';
import { Traces } from '../../src/admin/traces.ts';
import { Blocks } from '../../src/relay/blocks.ts';
import { Operation } from '../../src/relay/operation.ts';
import type { RelaySnapshot } from '../../src/relay/snapshot.ts';
import { EMPTY, NOTHING } from '../app/fake-relay.ts';

const SETTINGS = {
  rates: { octetsPerSecond: 0, messagesPerSecond: 0 },
  limits: {
    ...{ connections: 10, connectionsPerAddress: 10, sessionsPerUser: 10, transactions: 10 },
    ...{ headOctets: 1000, headLines: 64, pathUris: 16, messageOctets: 0 },
  },
  timers: { drainMs: 40_000 },
  log: { level: 'info' as const },
};

/** One that runs and has nothing; `snapshot` gives undefined while it is being built. */
export function fakeSource({
  snapshot = () => NOTHING,
}: {
  readonly snapshot?: () => RelaySnapshot | undefined;
} = {}): AdminSource {
  const operation = new Operation(EMPTY, new Blocks(), systemClock);
  const traces = new Traces();
  return {
    version: '1.2.3',
    lostLogLines: () => 3,
    state: () => 'running',
    relay: () => {
      const now = snapshot();
      return now === undefined
        ? undefined
        : { listening: ['tcp://127.0.0.1:2855'], operation, traces, snapshot: () => now };
    },
    settings: () => SETTINGS,
    change: async () => ({ needsRestart: [] }),
    reload: async () => ({ needsRestart: [] }),
    drain: (deadlineMs = 40_000) => deadlineMs,
    acted: () => {},
    failed: () => {},
  };
}
