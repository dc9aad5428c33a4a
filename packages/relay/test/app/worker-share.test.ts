import { availableParallelism } from 'node:os';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { configFrom } from '../../src/app/config.ts';
import { emptySource } from '../../src/app/config-file.ts';
import { keysForRestart, withLiveKeys } from '../../src/app/live-keys.ts';
import { shareOf, workerCount } from '../../src/app/worker-share.ts';

const MINIMAL = {
  hostname: 'localhost',
  listen: ['tcp://127.0.0.1:0', 'tcp://127.0.0.1:2856'],
  credentials: [{ type: 'static', users: { alice: 'secret' } }],
};

function configOf(values: Record<string, unknown>) {
  return configFrom(emptySource('test', { ...MINIMAL, ...values }), {}, new ManualClock());
}

describe('The share of one worker', () => {
  it('is its part of what protects the machine, rounded up, and the whole of everything else', () => {
    const config = configOf({
      workers: 3,
      flow: { memoryOctets: 2_000_000 },
      limits: { connections: 10, transactions: 1000, connectionsPerAddress: 5, sessionsPerUser: 4 },
      rates: { octetsPerSecond: 1000 },
    });
    const { flow, limits, ...rest } = shareOf(config);
    expect(flow).toEqual({ ...config.flow, memoryOctets: 666_667 });
    expect(limits).toEqual({ ...config.limits, connections: 4, transactions: 334 });
    const { flow: _flow, limits: _limits, ...others } = config;
    expect(rest).toEqual(others);
  });

  it('is all there is when there is one', () => {
    const config = configOf({});
    expect(shareOf(config)).toEqual(config);
    expect([workerCount(config), workerCount({ workers: 'auto' })]).toEqual([1, availableParallelism()]);
  });

  it('has the ports that were found, also where something is said about a listener', () => {
    const config = configOf({
      chunk: { listeners: { 'tcp://127.0.0.1:0': { lingerMs: 3 } } },
      proxyProtocol: { listeners: ['tcp://127.0.0.1:0'], proxies: ['127.0.0.1'] },
    });
    const { listen, chunk, proxyProtocol } = shareOf(config, new Map([['tcp://127.0.0.1:0', 4711]]));
    expect(listen.map(({ port }) => port)).toEqual([4711, 2856]);
    expect(chunk.listeners).toEqual({ 'tcp://127.0.0.1:4711': { lingerMs: 3 } });
    expect(proxyProtocol.listeners).toEqual(['tcp://127.0.0.1:4711']);
  });
});

describe('What is in force after a reload', () => {
  it('is the new value where that can change, and the former one where a restart is needed', () => {
    const before = configOf({});
    const after = configOf({
      realm: 'new.example',
      auth: { failures: 3, blockMs: 1234 },
      limits: { connections: 7 },
      relays: { requireCertificate: true, deny: ['any'] },
      blockMethods: ['FOO'],
    });
    const inForce = withLiveKeys(before, after);
    expect(inForce).toEqual({
      ...before,
      realm: 'new.example',
      auth: { ...before.auth, blockMs: 1234 },
      limits: after.limits,
      relays: { ...before.relays, deny: after.relays.deny },
    });
    expect(keysForRestart(before, inForce)).toEqual([]);
    expect(keysForRestart(before, after)).toEqual(['auth.failures', 'relays.requireCertificate', 'blockMethods']);
  });
});
