import { systemClock } from 'msrp/base';
import { nameQueries, Resolver, tlsDefaults } from 'msrp/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startNameServer, type Zone } from '../../../msrp/test/node/name-server.ts';
import { NextHopDialler } from '../../src/relay/dialler.ts';
import { NextHopPolicy } from '../../src/relay/next-hop-policy.ts';
import { listen } from '../endpoint.ts';
import { authority } from './harness.ts';

const HOST = 'example.org';

/** A relay of the domain, and a dialler that asks a server which has the records. */
async function scene(rules = { allow: ['loopback'], deny: ['any'] }) {
  const peer = await listen({ certificate: await authority.issue({ dnsNames: [HOST] }), name: HOST });
  onTestFinished(() => peer.close());
  const zone: Zone = {
    [`_msrps._tcp.${HOST}`]: { SRV: [{ port: peer.port, target: 'relay1.example.org' }] },
    'relay1.example.org': { A: ['127.0.0.1'] },
  };
  const server = await startNameServer(zone);
  onTestFinished(() => server.stop());
  const dialler = new NextHopDialler({
    clock: systemClock,
    resolver: new Resolver({ queries: nameQueries([server.address]) }),
    policy: new NextHopPolicy(rules),
    allowsCleartext: true,
    verifiesEndpoints: true,
    tls: { cert: undefined, key: undefined, ca: authority.ca, relaysCa: undefined, ciphers: tlsDefaults.ciphers },
  });
  return { peer, server, dialler };
}

describe('The dialler of next hops', () => {
  it('finds a relay by the SRV records of its domain when there is no port (DN-03)', async () => {
    const { peer, dialler } = await scene();
    const { socket, remoteAddress } = await dialler.dial({
      host: HOST,
      port: undefined,
      isSecure: true,
      isLast: false,
    });
    onTestFinished(() => void socket.destroy());
    await peer.accept();
    expect(remoteAddress).toBe('127.0.0.1');
  });

  it('connects to no target at an address that policy denies (DN-03, SE-01)', async () => {
    const { peer, dialler } = await scene({ allow: [], deny: ['loopback'] });
    const failure = dialler.dial({ host: HOST, port: undefined, isSecure: true, isLast: false });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_DENIED' });
    expect(peer.acceptedCount()).toBe(0);
  });

  it('refuses a domain without port in clear, and asks nobody (DN-05)', async () => {
    const { server, dialler } = await scene();
    const failure = dialler.dial({ host: HOST, port: undefined, isSecure: false, isLast: false });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    expect(server.questions).toEqual([]);
  });
});
