import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NextHopPolicy } from '../../src/relay/next-hop-policy.ts';

const DEFAULT = ['loopback', 'private', 'linklocal'];

function admits(rules: { allow?: string[]; deny?: string[] }, address: string, host = 'peer.example.org'): boolean {
  return new NextHopPolicy({ allow: rules.allow ?? [], deny: rules.deny ?? DEFAULT }).admits(host, address);
}

describe('The policy on next hops', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.0',
    '127.255.255.255',
    '::1',
    '0:0:0:0:0:0:0:1',
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
    '100.64.0.0',
    '100.127.255.255',
    '169.254.0.1',
    '169.254.169.254',
    'fe80::1',
    'febf::1',
    'fc00::',
    'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    'FD00::A',
  ])('keeps %s out by default (FW-09, SE-01)', (address) => {
    expect(admits({}, address)).toBe(false);
  });

  it.each([
    '::ffff:127.0.0.1',
    '::FFFF:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:7f00:0001',
    '::ffff:10.0.0.1',
    '::ffff:a00:1',
    '::ffff:192.168.1.1',
    '::ffff:c0a8:101',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::ffff:100.64.0.1',
  ])('keeps an IPv4 address out that comes as IPv6: %s (FW-09, SE-01)', (address) => {
    expect(admits({}, address)).toBe(false);
  });

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '::',
    '::ffff:0.0.0.0',
    '::ffff:0:0',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    'ff02::1',
    '::ffff:255.255.255.255',
    '::ffff:e000:1',
  ])('never lets %s be dialled, whatever it allows (FW-09)', (address) => {
    expect(admits({ deny: [] }, address)).toBe(false);
    expect(admits({ allow: ['any'], deny: [] }, address)).toBe(false);
    expect(admits({ allow: [address, 'peer.example.org', '*.example.org'], deny: [] }, address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '223.255.255.255',
    '2001:db8::1',
    'fbff::1',
    '::ffff:1.1.1.1',
    '::ffff:101:101',
  ])('lets %s through, which no class names (FW-09)', (address) => {
    expect(admits({}, address)).toBe(true);
  });

  it.each([
    'fec0::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::1',
    '::ffff:0:127.0.0.1',
    '::ffff:0:a9fe:a9fe',
    '2001:0:7f00:1::80ff:fffe',
    '192.0.0.8',
    '198.18.0.1',
  ])('keeps %s out with the private ones, which it may lead to (FW-09)', (address) => {
    expect(admits({ deny: ['private'] }, address)).toBe(false);
  });

  it('lets what is allowed beat what is denied, by name, suffix, address and network (FW-09)', () => {
    expect(admits({ allow: ['loopback'] }, '127.0.0.1')).toBe(true);
    expect(admits({ allow: ['loopback'] }, '10.0.0.1')).toBe(false);
    expect(admits({ allow: ['10.1.0.0/16'] }, '10.1.2.3')).toBe(true);
    expect(admits({ allow: ['10.1.0.0/16'] }, '10.2.0.1')).toBe(false);
    expect(admits({ allow: ['10.1.2.3'] }, '10.1.2.3')).toBe(true);
    expect(admits({ allow: ['fd00::/64'] }, 'fd00::1')).toBe(true);
    expect(admits({ allow: ['fd00::/64'] }, 'fd00:0:0:1::1')).toBe(false);
    expect(admits({ allow: ['Peer.Example.Org'] }, '10.1.2.3')).toBe(true);
    expect(admits({ allow: ['*.example.org'] }, '10.1.2.3')).toBe(true);
    expect(admits({ allow: ['*.example.org'] }, '10.1.2.3', 'example.org')).toBe(false);
    expect(admits({ allow: ['*.example.org'] }, '10.1.2.3', 'peer.notexample.org')).toBe(false);
    expect(admits({ allow: ['*.example.org'] }, '10.1.2.3', 'example.org.evil.net')).toBe(false);
    expect(admits({ deny: ['any'], allow: ['203.0.113.0/24'] }, '203.0.113.9')).toBe(true);
    expect(admits({ deny: ['any'], allow: ['203.0.113.0/24'] }, '::ffff:203.0.113.9')).toBe(true);
  });

  it('denies by name, suffix, address and network, and everything with any (FW-09)', () => {
    expect(admits({ deny: ['peer.example.org'] }, '1.1.1.1')).toBe(false);
    expect(admits({ deny: ['*.example.org'] }, '1.1.1.1')).toBe(false);
    expect(admits({ deny: ['1.1.1.0/24'] }, '1.1.1.1')).toBe(false);
    expect(admits({ deny: ['2001:db8::1'] }, '2001:DB8:0::1')).toBe(false);
    for (const address of ['1.1.1.1', '2001:db8::1', '127.0.0.1', '::ffff:1.1.1.1', '::ffff:101:101']) {
      expect(admits({ deny: ['any'] }, address)).toBe(false);
    }
  });

  it('knows a name with and without its final dot, (FW-09, SE-01)', () => {
    for (const host of ['peer.example.org', 'peer.example.org.']) {
      for (const entry of ['peer.example.org', '*.example.org']) {
        expect(admits({ deny: [entry] }, '1.1.1.1', host), `${entry} denied, ${host}`).toBe(false);
        expect(admits({ allow: [entry] }, '10.1.2.3', host), `${entry} allowed, ${host}`).toBe(true);
      }
    }
    expect(admits({ deny: ['*.example.org'] }, '1.1.1.1', 'example.org.')).toBe(true);
  });

  it('judges every address of a name for itself, so that a name that changes its address gains nothing (FW-09, SE-01)', () => {
    const policy = new NextHopPolicy({ allow: [], deny: DEFAULT });
    expect(policy.admits('rebind.example.org', '203.0.113.7')).toBe(true);
    expect(policy.admits('rebind.example.org', '127.0.0.1')).toBe(false);
    expect(policy.admits('rebind.example.org', '203.0.113.7')).toBe(true);
  });

  it.each(['', 'localhost', '127.1', '1.2.3', '2130706433', '0x7f.1'])(
    'leads nowhere that is no address: "%s" (FW-09)',
    (text) => {
      expect(admits({ allow: ['any'], deny: [] }, text)).toBe(false);
    },
  );

  it('says the same of an IPv4 address in all its IPv6 spellings (FW-09)', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const plain = `${a}.${b}.${c}.${d}`;
        const expected = admits({}, plain);
        expect(admits({}, `::ffff:${plain}`)).toBe(expected);
        expect(admits({}, `::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`)).toBe(expected);
      }),
    );
  });
});
