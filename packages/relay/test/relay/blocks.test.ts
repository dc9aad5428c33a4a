import { describe, expect, it } from 'vitest';
import { Blocks, MAX_BLOCKS, networkOf } from '../../src/relay/blocks.ts';

describe('Blocks', () => {
  it('know addresses and networks, in whatever form a socket has them', () => {
    const blocks = new Blocks();
    for (const value of ['192.0.2.7', '198.51.100.0/24', '2001:db8::/32']) {
      expect(blocks.add({ kind: 'address', value, sinceMs: 0 })).toEqual({ kind: 'address', value, sinceMs: 0 });
    }
    for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '198.51.100.255', '2001:db8:1::1']) {
      expect([address, blocks.hasAddress(address)]).toEqual([address, true]);
    }
    for (const address of ['192.0.2.8', '198.51.101.0', '2001:db9::1', 'localhost', '']) {
      expect([address, blocks.hasAddress(address)]).toEqual([address, false]);
    }
  });

  it('let go of one without letting go of the others', () => {
    const blocks = new Blocks();
    for (const value of ['192.0.2.7', '192.0.2.8']) blocks.add({ kind: 'address', value, sinceMs: 0 });
    blocks.add({ kind: 'user', value: 'alice', sinceMs: 0 });
    expect(blocks.remove({ kind: 'address', value: '192.0.2.7' })).toBe(true);
    expect(blocks.remove({ kind: 'address', value: '192.0.2.7' })).toBe(false);
    expect([blocks.hasAddress('192.0.2.7'), blocks.hasAddress('192.0.2.8')]).toEqual([false, true]);
    expect(blocks.remove({ kind: 'user', value: 'alice' })).toBe(true);
    expect([blocks.hasUser('alice'), blocks.all.map(({ value }) => value)]).toEqual([false, ['192.0.2.8']]);
  });

  it('are as many as there may be, and no more (SE-06)', () => {
    const blocks = new Blocks();
    const add = (number: number) => blocks.add({ kind: 'user', value: `user-${number}`, sinceMs: 0 });
    for (let number = 0; number < MAX_BLOCKS; number += 1) expect(add(number)).toBeDefined();
    expect(add(MAX_BLOCKS)).toBeUndefined();
    expect(add(7)).toBeDefined();
    expect(blocks.all).toHaveLength(MAX_BLOCKS);
  });
});

describe('An address to be blocked', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:DB8::1', '2001:db8::1'],
    ['10.0.0.0/08', '10.0.0.0/8'],
    ['::/0', '::/0'],
  ])('is an address or a network: %s', (text, network) => {
    expect(networkOf(text)).toBe(network);
  });

  it.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '1.2.3',
    '::1/129',
    'fe80::1%eth0',
    '1.2.3.4/',
    '1.2.3.4/-1',
  ])('is nothing else: %s', (text) => {
    expect(networkOf(text)).toBeUndefined();
  });
});
