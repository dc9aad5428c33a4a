import type tls from 'node:tls';
import { systemClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type NameServer, startNameServer, type Zone } from '../../../msrp/test/node/name-server.ts';
import { type Endpoint, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { fence } from './dialogue.ts';
import { authority, startRelayWith } from './harness.ts';

const BOB = 'bob.example.org';

/** A relay that asks a DNS server of the test's own, and a client of it. */
async function scene(zone: Zone) {
  const server = await startNameServer(zone);
  onTestFinished(() => server.stop());
  const relay = await startRelayWith(systemClock, { resolver: [server.address] });
  onTestFinished(() => relay.close());
  return { server, relay, ...(await relay.client()) };
}

/** An endpoint with the certificate of a name that no hosts file has. */
async function named(name: string) {
  const peer = await listen({ certificate: await authority.issue({ dnsNames: [name] }), name });
  onTestFinished(() => peer.close());
  return peer;
}

function send(from: Endpoint, toPath: string): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello' });
}

/** What was asked, each question once and in order of the alphabet. */
function asked({ questions }: NameServer): string[] {
  return [...new Set(questions)].toSorted();
}

describe('A relay with a DNS server of its own', () => {
  it('reaches a next hop whose name only that server knows, asking for addresses only (DN-02)', async () => {
    const bob = await named(BOB);
    const { server, endpoint, usePath } = await scene({ [BOB]: { A: ['127.0.0.1'], SRV: [{ port: 1, target: 'x' }] } });
    expect((await endpoint.ask(send(endpoint, `${usePath} ${bob.uri}`))).status).toBe(200);
    expect((await (await bob.accept()).next()).body?.toString()).toBe('hello');
    expect(asked(server)).toEqual([`A ${BOB}`, `AAAA ${BOB}`]);
  });

  it('asks once for a name, however many nodes and messages go there (DN-12)', async () => {
    const [one, two] = [await named(BOB), await named(BOB)];
    const { server, relay, endpoint, usePath } = await scene({ [BOB]: { A: ['127.0.0.1'] } });
    const other = await relay.client('bob');
    for (const { uri } of [one, two]) {
      expect((await endpoint.ask(send(endpoint, `${usePath} ${uri}`))).status).toBe(200);
      expect((await other.endpoint.ask(send(other.endpoint, `${other.usePath} ${uri}`))).status).toBe(200);
    }
    await Promise.all([one.accept(), two.accept()]);
    expect(server.questions).toHaveLength(2);
  });

  it.each([
    ['does not exist', {}],
    ['cannot be looked up', { [BOB]: { A: 'SERVFAIL', AAAA: 'SERVFAIL' } }],
  ] as const)(
    'reports 408 when the name %s, and does not ask again for a moment (DN-12, X-01)',
    async (_what, zone) => {
      const { server, endpoint, usePath } = await scene({ ...zone });
      const toPath = `${usePath} msrps://${BOB}:2855/b;tcp`;
      expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(200);
      const report = await endpoint.next(({ method }) => method === 'REPORT');
      expect(report.header('Status')).toMatch(/^000 408/);
      expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(408);
      expect(server.questions).toHaveLength(2);
    },
  );

  it('takes an AUTH for a domain to the host and port of its SRV record, over TLS with the name of the domain (AU-52, DN-03, DN-07, DN-09)', async () => {
    const outer = await named('outer.example.net');
    const { server, endpoint, usePath } = await scene({
      '_msrps._tcp.outer.example.net': { SRV: [{ port: outer.port, target: 'member.example.net' }] },
      'member.example.net': { A: ['127.0.0.1'] },
    });
    const toPath = `${usePath} msrps://outer.example.net;tcp`;
    const answer = endpoint.ask(request('AUTH', { toPath, fromPath: endpoint.uri }));
    const far = await outer.accept();
    const auth = await far.next();
    expect(auth.header('To-Path')).toBe('msrps://outer.example.net;tcp');
    expect((far.socket as tls.TLSSocket).servername).toBe('outer.example.net');
    void far.send(responseTo(auth, 403));
    expect((await answer).status).toBe(403);
    expect(server.questions).toContain('SRV _msrps._tcp.outer.example.net');
  });

  it('never asks for SRV records to deliver a SEND: without port it is refused with 408 (DN-09)', async () => {
    const { server, relay, endpoint, usePath } = await scene({
      [`_msrps._tcp.${BOB}`]: { SRV: [{ port: 1, target: BOB }] },
      [BOB]: { A: ['127.0.0.1'] },
    });
    expect((await endpoint.ask(send(endpoint, `${usePath} msrps://${BOB}/b;tcp`))).status).toBe(408);
    await endpoint.expectSilence(fence(relay, endpoint));
    expect(server.questions).toEqual([]);
  });
});
