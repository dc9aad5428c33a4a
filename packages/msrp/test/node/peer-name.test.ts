import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkPeerName, dnsNamesOf } from '../../src/node/peer-name.ts';
import { createAuthority } from '../certificates.ts';

function accepts(host: string, subjectaltname: string | undefined): boolean {
  return checkPeerName(host, subjectaltname === undefined ? ({} as never) : { subjectaltname }) === undefined;
}

describe('checkPeerName (CN-07)', () => {
  it.each([
    ['relay.example.org', 'DNS:relay.example.org'],
    ['Relay.Example.ORG', 'DNS:relay.example.org'],
    ['relay.example.org', 'DNS:RELAY.example.ORG'],
    ['relay.example.org.', 'DNS:relay.example.org'],
    ['relay.example.org', 'DNS:relay.example.org.'],
    ['relay.example.org', 'DNS:other.example, IP Address:192.0.2.1, DNS:relay.example.org'],
    ['relay.example.org', 'DNS:*.example.org'],
    ['relay.example.org', 'DNS:"odd \\", name", DNS:relay.example.org'],
    ['localhost', 'DNS:localhost'],
  ])('takes %s from %s', (host, names) => {
    expect(accepts(host, names)).toBe(true);
  });

  it.each([
    ['relay.example.org', 'DNS:node1.example.org'],
    ['relay.example.org', ''],
    ['relay.example.org', undefined],
    ['relay.example.org', 'DNS:example.org'],
    ['example.org', 'DNS:*.example.org'],
    ['a.b.example.org', 'DNS:*.example.org'],
    ['.example.org', 'DNS:*.example.org'],
    ['relay.example.org', 'DNS:r*.example.org'],
    ['relay.example.org', 'DNS:*relay.example.org'],
    ['relay.example.org', 'DNS:relay.*.org'],
    ['relay.example.org', 'DNS:*.*.org'],
    ['relay.example.org', 'DNS:*'],
    ['example.org', 'DNS:*.org'],
    ['relay.example.org', 'URI:relay.example.org'],
    ['relay.example.org', 'email:relay.example.org'],
    ['', 'DNS:relay.example.org'],
    ['', 'DNS:'],
  ])('refuses %s from %s', (host, names) => {
    expect(accepts(host, names)).toBe(false);
  });

  it.each([
    ['192.0.2.1', 'IP Address:192.0.2.1'],
    ['192.0.2.1', 'DNS:192.0.2.1'],
    ['[2001:db8::1]', 'IP Address:2001:DB8:0:0:0:0:0:1'],
    ['2001:db8::1', 'IP Address:2001:DB8:0:0:0:0:0:1'],
  ])('refuses the address %s whatever the certificate says (%s)', (host, names) => {
    expect(accepts(host, names)).toBe(false);
  });

  it('says which host and no more', () => {
    const error = checkPeerName('relay.example.org', { subjectaltname: 'DNS:elsewhere.example' });
    expect(error).toMatchObject({ code: 'MSRP_BAD_PEER_NAME', name: 'MsrpError' });
    expect(error?.message).toContain('relay.example.org');
    expect(error?.message).not.toContain('elsewhere');
  });

  it('does not look at the common name of a real certificate', async () => {
    const authority = await createAuthority();
    const { cert } = await authority.issue({ commonName: 'relay.example.org' });
    expect(new X509Certificate(cert).subject).toContain('relay.example.org');
    expect(accepts('relay.example.org', new X509Certificate(cert).subjectAltName)).toBe(false);
  });

  it('finds no second name inside an odd one of a real certificate', async () => {
    const authority = await createAuthority();
    const dnsNames = [
      'evil.example, DNS:relay.example.org',
      'evil.example", DNS:relay.example.org, DNS:"',
      'x.example',
    ];
    const { cert } = await authority.issue({ dnsNames });
    const printed = new X509Certificate(cert).subjectAltName;
    expect(printed).toContain('relay.example.org');
    expect(accepts('relay.example.org', printed)).toBe(false);
    expect(accepts('x.example', printed)).toBe(true);
  });
});

describe('dnsNamesOf', () => {
  it('gives the plain names in lower case and leaves the quoted ones out', () => {
    expect(dnsNamesOf('DNS:A.example., IP Address:192.0.2.1, DNS:"b, DNS:c", DNS:*.d.example')).toEqual([
      'a.example',
      '*.d.example',
    ]);
  });

  it('gives nothing when a quote is left open', () => {
    expect(dnsNamesOf('DNS:a.example, DNS:"b, DNS:c.example')).toEqual([]);
    expect(dnsNamesOf('DNS:a.example, DNS:"b\\", DNS:c.example')).toEqual([]);
  });

  it('gives nothing for a certificate without names', () => {
    expect(dnsNamesOf(undefined)).toEqual([]);
  });

  it('drops names with a NUL or anything else outside a host name', () => {
    expect(dnsNamesOf('DNS:a.example\0.evil.example, DNS:ü.example, DNS:a b')).toEqual([]);
  });
});
