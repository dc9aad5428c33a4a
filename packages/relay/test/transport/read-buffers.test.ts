/** When the buffers of large reads are let go of. */
import { describe, expect, it } from 'vitest';
import { ReadBuffers } from '../../src/transport/read-buffers.ts';

function counted(reads: number, octets: number, messages = 0): number {
  let collections = 0;
  const buffers = new ReadBuffers(() => {
    collections += 1;
  });
  for (let count = 0; count < reads; count += 1) buffers.read(octets, messages);
  return collections;
}

describe('Collections of new objects', () => {
  it('come once for every 4 MiB that is read of large chunks', () => {
    expect([counted(63, 65_536), counted(64, 65_536), counted(640, 65_536)]).toEqual([0, 1, 10]);
    expect(counted(512, 16_384)).toBe(2);
  });

  it('do not come for short messages, however many', () => {
    expect([counted(100_000, 8191), counted(100_000, 65_536, 30)]).toEqual([0, 0]);
  });

  it('come for chunks of 10,000 octets and more', () => {
    expect([counted(64, 65_536, 6), counted(512, 16_384, 1)]).toEqual([1, 2]);
  });
});
