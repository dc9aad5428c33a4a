/** This relay and Kamailio as relays of the same client, one behind the other, configured as docs/interop.md says. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect, type Endpoint, type Listening, listen, request, sendRequest } from '../endpoint.ts';
import { answer, openCrossing, pass, report, summary } from './crossing.ts';
import { documentedFile } from './documented.ts';
import {
  authenticated,
  type Client,
  clientOfKamailio,
  clientOfOurs,
  connectToOurs,
  documentedKamailio,
  documentedRelay,
  grant,
  type Ours,
  peerCertificate,
  targetOf,
} from './neighbours.ts';

const CERTIFICATE = 'certificate = /etc/kamailio/cert.pem\nprivate_key = /etc/kamailio/key.pem\n';
const WITHOUT_CERTIFICATE = {
  [`[client:default]\nmethod = TLSv1.2+\n${CERTIFICATE}`]: '[client:default]\nmethod = TLSv1.2+\n',
};

/** Those from Kamailio and to it; one of those accepted is that of our client. */
function connectionsOf({ relay }: Ours): { readonly accepted: number; readonly dialled: number } {
  const { connections } = relay.snapshot();
  return { accepted: (connections.tls ?? 0) - 1, dialled: connections['dialled-tls'] ?? 0 };
}

describe('the connections between our relay and Kamailio', () => {
  it('are two, one opened by each, when ours is first', async () => {
    const { ours, alice, bob } = await openCrossing();
    for (let count = 0; count < 3; count += 1) {
      await pass(alice, bob);
      await pass(bob, alice);
    }
    expect(connectionsOf(ours)).toEqual({ accepted: 1, dialled: 1 });
  });

  it('are one when Kamailio is first: ours uses it, too', async () => {
    const { ours, alice, bob } = await openCrossing();
    for (let count = 0; count < 3; count += 1) {
      await pass(bob, alice);
      await pass(alice, bob);
    }
    expect(connectionsOf(ours)).toEqual({ accepted: 1, dialled: 0 });
  });
});

/** Messages and success REPORTs between a client behind two relays and somebody who uses none. */
async function expectBothWays(client: Client, peer: Listening, outside: Endpoint): Promise<void> {
  const toPeer = sendRequest({ toPath: `${client.usePath} ${peer.uri}`, fromPath: client.endpoint.uri, body: 'out' });
  expect((await client.endpoint.ask(toPeer)).status).toBe(200);
  const connection = await peer.accept();
  const gone = await connection.next();
  expect(gone.body?.toString()).toBe('out');
  expect(gone.header('From-Path')).toBe(client.path);
  answer(connection, gone);
  const paths = { toPath: client.path, fromPath: outside.uri };
  const wish = { messageId: 'msg-1', byteRange: '1-2/2', successReport: 'yes', body: 'in' };
  expect((await outside.ask(sendRequest({ ...paths, ...wish }))).status).toBe(200);
  const come = await client.endpoint.next();
  expect(come.body?.toString()).toBe('in');
  answer(client.endpoint, come);
  void client.endpoint.send(report(client, come, '200 OK'));
  expect(summary(await outside.next())).toEqual(['msg-1', '1-2/2', '000 200 OK']);
}

describe('a client of ours that uses Kamailio, too', () => {
  it.each([
    ['ours', 1],
    ['Kamailio', 0],
  ])(
    'authenticates there through our relay and is reached through both, on the connections that %s opened first',
    async (_, dialled) => {
      const { kamailio, ours, alice, bob } = await openCrossing();
      if (dialled === 0) await pass(bob, alice);
      const both = await authenticated(alice.endpoint, 'bob', `${alice.usePath} ${targetOf(kamailio)}`);
      const [first, second = ''] = both.usePath.split(' ');
      expect(first).toBe(alice.usePath);
      expect(second.startsWith(targetOf(kamailio).replace(';tcp', '/'))).toBe(true);
      await pass(bob, both);
      await pass(both, bob);
      const peer = await listen();
      onTestFinished(() => peer.close());
      await expectBothWays(both, peer, await connect({ port: kamailio.tcpPort }));
      expect(connectionsOf(ours)).toEqual({ accepted: 1, dialled });
    },
  );

  it('keeps its session there when our relay has closed an idle connection and opens another', async () => {
    const { kamailio, ours, alice, bob } = await openCrossing();
    const both = await authenticated(alice.endpoint, 'bob', `${alice.usePath} ${targetOf(kamailio)}`);
    ours.clock.advance(3_700_000);
    await expect.poll(() => connectionsOf(ours).dialled, { timeout: 10_000 }).toBe(0);
    await pass(both, bob);
    await pass(bob, both);
  });

  it('gets an hour from Kamailio whatever it asks for, and another URI instead of more time', async () => {
    const { kamailio, alice } = await openCrossing();
    const first = await grant(alice.endpoint, 'bob', `${alice.usePath} ${targetOf(kamailio)}`, '600');
    expect(first.header('Expires')).toBe('3600');
    const again = await grant(alice.endpoint, 'bob', first.header('Use-Path') ?? '', '600');
    expect(again.header('Expires')).toBe('3600');
    expect(again.header('Use-Path')).not.toBe(first.header('Use-Path'));
  });

  it('is not told by Kamailio that it knows the password', async () => {
    const { kamailio, alice } = await openCrossing();
    const wish = { user: 'bob', password: 'secret', target: `${alice.usePath} ${targetOf(kamailio)}` };
    await expect(alice.endpoint.auth(wish)).rejects.toThrow('the relay did not prove');
  });

  it('is refused by Kamailio when the first name in our certificate is another than our hostname', async () => {
    const [kamailio, ours] = await Promise.all([
      documentedKamailio(),
      documentedRelay({}, ['other.example.org', 'localhost']),
    ]);
    const alice = await clientOfOurs(ours);
    const toPath = `${alice.usePath} ${targetOf(kamailio)}`;
    const refused = await alice.endpoint.ask(request('AUTH', { toPath, fromPath: alice.endpoint.uri }));
    expect([refused.status, refused.comment]).toEqual([403, 'No relay certificate']);
  });
});

describe('a client of Kamailio that uses our relay, too', () => {
  it('authenticates here through Kamailio, and is reached through both', async () => {
    const { ours, alice, bob } = await openCrossing();
    const both = await authenticated(bob.endpoint, 'alice', `${bob.usePath} ${ours.target}`);
    const [first, second = ''] = both.usePath.split(' ');
    expect(first).toBe(bob.usePath);
    expect(second.startsWith(ours.target.replace(';tcp', '/'))).toBe(true);
    await pass(alice, both);
    await pass(both, alice);
    const peer = await listen({ certificate: peerCertificate, name: 'localhost' });
    onTestFinished(() => peer.close());
    await expectBothWays(both, peer, await connectToOurs(ours));
    expect(connectionsOf(ours).dialled).toBe(1);
  });

  it('is refused when Kamailio shows no certificate; messages to our clients pass all the same', async () => {
    const [kamailio, ours] = await Promise.all([documentedKamailio({ tls: WITHOUT_CERTIFICATE }), documentedRelay()]);
    const [alice, bob] = [await clientOfOurs(ours), await clientOfKamailio(kamailio)];
    const toPath = `${bob.usePath} ${ours.target}`;
    const refused = await bob.endpoint.ask(request('AUTH', { toPath, fromPath: bob.endpoint.uri }));
    expect([refused.status, refused.comment]).toEqual([403, 'No relay certificate']);
    await pass(bob, alice);
    await pass(alice, bob);
  });
});

describe('these tests', () => {
  it('fail with Kamailio’s own words when it does not start', async () => {
    const cfg = { 'loadmodule "msrp.so"': 'loadmodule "nothing.so"' };
    await expect(documentedKamailio({ cfg })).rejects.toThrow('could not find module <nothing>');
  });

  it('say what to install when there is no Kamailio', async () => {
    vi.stubEnv('PATH', '/nowhere');
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(documentedKamailio()).rejects.toThrow('apt-get install kamailio kamailio-tls-modules');
  });

  it('notice when the document shows something else than they change', () => {
    expect(() => documentedFile('tls.cfg', { '/etc/other': '/tmp' })).toThrow('does not mention /etc/other');
    expect(() => documentedFile('other.cfg', {})).toThrow('does not show other.cfg');
  });
});
