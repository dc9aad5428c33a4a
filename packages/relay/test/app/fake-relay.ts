/** A relay that only listens: enough for whoever starts, reloads and stops one. */
import { type AddressInfo, createServer } from 'node:net';
import { systemClock } from 'msrp/base';
import { Traces } from '../../src/admin/traces.ts';
import type { Config } from '../../src/app/config.ts';
import type { BuildRelay, RunningRelay } from '../../src/app/running-relay.ts';
import { Blocks } from '../../src/relay/blocks.ts';
import { Operation } from '../../src/relay/operation.ts';
import type { Relay } from '../../src/relay/relay.ts';
import type { RelaySnapshot } from '../../src/relay/snapshot.ts';
import { sumSnapshots } from '../../src/supervisor/sum-snapshots.ts';

/** What a relay has counted that has done nothing. */
export const NOTHING: RelaySnapshot = sumSnapshots([]);

/** As much of a relay as an operator looks at. */
export const EMPTY = { hops: new Set(), sessions: { all: [], of: () => [] } } as unknown as Relay;

/** What happened to the fake, in order: `built`, `reload REALM`, `drain 5000`, `close`. */
export type FakeEvents = (event: string) => void;

/**
 * Builds relays that listen and do nothing. A drain ends only when the relay is closed, unless `drainMs` is 0: like a relay
 * with a transaction that does not settle.
 */
export function fakeBuild(tell: FakeEvents): BuildRelay {
  return async (config) => {
    const servers = await Promise.all(config.listen.map(open));
    const closed = Promise.withResolvers<void>();
    let state: RunningRelay['state'] = 'running';
    tell('built');
    return {
      listening: servers.map(({ uri }) => uri),
      snapshot: () => NOTHING,
      operation: new Operation(EMPTY, new Blocks(), systemClock),
      traces: new Traces(),
      tune: ({ rates }) => tell(`tune ${rates.octetsPerSecond}`),
      get state() {
        return state;
      },
      async reload(next) {
        tell(`reload ${next.realm}`);
        return ['listen'];
      },
      async drain(deadlineMs) {
        state = 'draining';
        tell(`drain ${deadlineMs}`);
        if (deadlineMs > 0) await closed.promise;
      },
      async close() {
        if (state === 'closed') return;
        state = 'closed';
        tell('close');
        for (const { server } of servers) server.close();
        closed.resolve();
      },
    };
  };
}

async function open({ scheme, host, port }: Config['listen'][number]) {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { server, uri: `${scheme}://${host}:${(server.address() as AddressInfo).port}` };
}
