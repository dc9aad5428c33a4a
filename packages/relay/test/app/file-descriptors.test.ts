import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/app/config.ts';
import { descriptorWarnings } from '../../src/app/file-descriptors.ts';
import { thisMachine } from '../../src/app/kernel-buffers.ts';
import { ROOMY } from './machines.ts';

const settings = (connections: number) => ({ limits: { connections } }) as Config;

describe('The files that a process may open', () => {
  it.each([100_064, undefined])('are nothing to speak of when they are enough, or not known: %s', (most) => {
    expect(descriptorWarnings(settings(50_000), { ...ROOMY, maxDescriptors: () => most })).toEqual([]);
  });

  it('are when more connections are let in, or opened', () => {
    expect(descriptorWarnings(settings(50_000), { ...ROOMY, maxDescriptors: () => 100_063 })).toEqual([
      'this process may open 100063 files, and limits.connections (50000) may want 100064, half of them dialled: connections beyond that are dropped; raise LimitNOFILE of the service, or ulimit -n',
    ]);
  });

  it('can be read where the system tells', () => {
    const most = thisMachine.maxDescriptors?.();
    if (process.platform === 'linux') expect(most).toBeGreaterThan(10);
    else expect(most).toBeUndefined();
  });
});
