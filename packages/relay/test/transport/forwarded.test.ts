import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientAddress } from '../../src/transport/forwarded.ts';
import { Networks } from '../../src/transport/networks.ts';

const proxies = new Networks(['127.0.0.1', '10.0.0.0/8', '2001:db8:1::/48']);

function byList(value: string | undefined, peer = '127.0.0.1'): string {
  const headers = value === undefined ? {} : { 'x-forwarded-for': value };
  return clientAddress(headers, peer, { proxies, header: 'X-Forwarded-For' });
}

function byForwarded(value: string, peer = '127.0.0.1'): string {
  return clientAddress({ forwarded: value }, peer, { proxies, header: 'Forwarded' });
}

describe('X-Forwarded-For', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['203.0.113.9, 192.0.2.1', '192.0.2.1'],
    ['203.0.113.9, 192.0.2.1, 10.1.2.3', '192.0.2.1'],
    ['192.0.2.1,10.1.2.3,2001:db8:1::5', '192.0.2.1'],
    ['10.1.1.1, 10.2.2.2', '10.1.1.1'],
    ['2001:0DB8:2::1', '2001:db8:2::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db8:2::1]:4711', '2001:db8:2::1'],
    ['[2001:db8:2::1]', '2001:db8:2::1'],
  ])('%s: the nearest that is no proxy of ours is %s', (value, address) => {
    expect(byList(value)).toBe(address);
  });

  it.each([
    undefined,
    '',
    ' ',
    'unknown',
    '192.0.2.1, ',
    '192.0.2.1, nonsense',
    '192.0.2.256',
    'fe80::1%eth0',
    '192.0.2.1:',
  ])('%j: the proxy itself, where it says nothing that can be understood', (value) => {
    expect(byList(value)).toBe('127.0.0.1');
  });

  it('goes no further than the first that cannot be understood', () => {
    expect(byList('192.0.2.1, nonsense, 10.1.2.3')).toBe('10.1.2.3');
  });

  it('of somebody who is no proxy is not looked at', () => {
    expect(byList('203.0.113.9', '192.0.2.7')).toBe('192.0.2.7');
  });

  it('is the only one that counts, unless the other one is configured', () => {
    const headers = { forwarded: 'for=203.0.113.9', 'x-forwarded-for': '192.0.2.1' };
    expect(clientAddress(headers, '127.0.0.1', { proxies, header: 'X-Forwarded-For' })).toBe('192.0.2.1');
    expect(clientAddress(headers, '127.0.0.1', { proxies, header: 'Forwarded' })).toBe('203.0.113.9');
  });
});

describe('Forwarded (RFC 7239)', () => {
  it.each([
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=192.0.2.43, for=198.51.100.17', '198.51.100.17'],
    ['for=192.0.2.43, for=10.0.0.1;by=10.0.0.2', '192.0.2.43'],
    ['proto=https ; for = "192.0.2.60:80"', '192.0.2.60'],
    ['for=192.0.2.43,for="10.0.0.1";host="a,b;for=203.0.113.1"', '192.0.2.43'],
    ['for=203.0.113.1, host="\\", for=198.51.100.1", for=10.0.0.1', '10.0.0.1'],
  ])('%s: %s', (value, address) => {
    expect(byForwarded(value)).toBe(address);
  });

  it.each([
    '',
    'for=unknown',
    'for=_hidden',
    'for="_SEVKISEK"',
    'proto=https',
    'for=',
    'for="',
    'xfor=192.0.2.1',
    ',,',
  ])('%j: the proxy itself', (value) => {
    expect(byForwarded(value)).toBe('127.0.0.1');
  });
});

it('is an address whatever anybody writes', () => {
  const pieces = fc.constantFrom('for=', '"', '\\', ',', ';', '192.0.2.1', '10.0.0.1', '[', ']', '::1', ' ', 'x');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const value = parts.join('');
      for (const found of [byList(value), byForwarded(value)]) expect(isIP(found), found).not.toBe(0);
    }),
  );
});
