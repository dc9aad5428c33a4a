import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { bufferWarnings, type Machine, thisMachine } from '../../src/app/kernel-buffers.ts';
import { NARROW, ROOMY } from './machines.ts';

const MIB = 1_048_576;
const GIB = 1024 * MIB;

function settings(connections: number, maxOctets: number): Parameters<typeof bufferWarnings>[0] {
  return { limits: { connections }, chunk: { maxOctets } } as Parameters<typeof bufferWarnings>[0];
}

function machine(largest: number, memoryOctets: number): Machine {
  return { tcpRmem: () => `4096\t16384\t${largest}\n`, memoryOctets: () => memoryOctets };
}

describe('The buffers of the kernel', () => {
  it('that fit are nothing to speak of (FC-03)', () => {
    expect(bufferWarnings(settings(50_000, 65_536), ROOMY)).toEqual([]);
  });

  it('that could take more than half of the memory are (FC-03)', () => {
    expect(bufferWarnings(settings(50_000, 65_536), NARROW)).toEqual([
      'net.ipv4.tcp_rmem lets 50000 connections (limits.connections) take up to 300000 MiB, more than half of the 4096 MiB there are: see "Kernel buffers" in docs/flow-control.md',
    ]);
    expect(bufferWarnings(settings(2048, 65_536), machine(MIB, 4 * GIB))).toEqual([]);
    expect(bufferWarnings(settings(2049, 65_536), machine(MIB, 4 * GIB))).toHaveLength(1);
  });

  it('that are smaller than four chunks are (FC-03)', () => {
    expect(bufferWarnings(settings(10, 65_536), machine(262_144, GIB))).toEqual([]);
    expect(bufferWarnings(settings(10, 65_536), machine(262_143, GIB))).toEqual([
      'net.ipv4.tcp_rmem ends at 262143 octets, less than four chunks of 65536 (chunk.maxOctets): files will be slow; see "Kernel buffers" in docs/flow-control.md',
    ]);
  });

  it('may be wrong in both ways (FC-03)', () => {
    expect(bufferWarnings(settings(50_000, 16 * MIB), NARROW)).toHaveLength(2);
  });

  it.each([undefined, '', 'garbage', '4096 131072', '4096 131072 x'])(
    'that cannot be read are passed over: %j',
    (text) => {
      expect(bufferWarnings(settings(50_000, 65_536), { tcpRmem: () => text, memoryOctets: () => GIB })).toEqual([]);
    },
  );

  it('of this machine can be read where it has them', () => {
    expect(thisMachine.memoryOctets()).toBeGreaterThan(0);
    expect(thisMachine.memoryOctets()).toBeLessThanOrEqual(totalmem());
    if (process.platform === 'linux') expect(thisMachine.tcpRmem()).toMatch(/^\d+\s+\d+\s+\d+\s*$/);
    else expect(thisMachine.tcpRmem()).toBeUndefined();
  });

  it('are as the shipped file sets them: large enough for the default chunks, small enough for the default connections in 32 GiB', () => {
    const text = readFileSync(new URL('../../sysctl.d/60-msrp-relay.conf', import.meta.url), 'utf8');
    const rmem = /^net\.ipv4\.tcp_rmem = (.+)$/m.exec(text)?.[1];
    const shipped = { tcpRmem: () => rmem, memoryOctets: () => 32 * GIB };
    expect(rmem).toMatch(/^\d+ \d+ \d+$/);
    expect(bufferWarnings(settings(50_000, 65_536), shipped)).toEqual([]);
  });
});
