import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startNameServer } from '../../../msrp/test/node/name-server.ts';
import { UserDatabase } from '../../src/auth/user-database.ts';
import { answerDigest } from '../digest-answer.ts';
import { connect, listen, request, sendRequest } from '../endpoint.ts';
import { challengesOf } from '../relay/dialogue.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { connectUntilClosed, type Wired, wire } from './wired.ts';

const ALICE = { user: 'alice', password: 'secret' };

function database(...users: string[]) {
  const path = join(temporaryFolder(), 'users.db');
  const opened = new UserDatabase(path);
  onTestFinished(() => opened.close());
  for (const user of users) opened.add(user, 'localhost', 'secret');
  return { users: opened, values: { credentials: [{ type: 'sqlite', path }] } };
}

async function client({ ports: [port = 0] }: Wired, user = 'alice') {
  const endpoint = await connect({ port });
  const usePath = await endpoint.auth({ user, password: 'secret', target: `msrp://localhost:${port};tcp` });
  const peer = await listen();
  onTestFinished(() => peer.close());
  const send = async () => {
    const toPath = `${usePath} ${peer.uri}`;
    return (await endpoint.ask(sendRequest({ toPath, fromPath: endpoint.uri, body: 'hello' }))).status;
  };
  return { endpoint, usePath, send };
}

/** What an AUTH without credentials to a host of this name gets: a challenge when the relay takes the name for its own. */
async function statusOfAuth(address: string, name: string, port: number) {
  const endpoint = await connect({ port, host: address });
  const paths = { toPath: `msrp://${name}:${port};tcp`, fromPath: 'msrp://client.example.org:4000/abcd;tcp' };
  return (await endpoint.ask(request('AUTH', paths))).status;
}

describe('the names of a relay', () => {
  it('are, for AUTH without port, also its domains and a realm that is a DNS name (U-22)', async () => {
    const { ports } = await wire({ domains: ['example.org'], realm: 'Example.com' });
    const endpoint = await connect({ port: ports[0] ?? 0 });
    for (const domain of ['example.org', 'EXAMPLE.org', 'example.com', 'localhost']) {
      const usePath = await endpoint.auth({ ...ALICE, target: `msrp://${domain};tcp` });
      expect(usePath).toMatch(/^msrp:\/\/localhost:\d+\//);
    }
    await expect(endpoint.auth({ ...ALICE, target: 'msrp://example.net;tcp' })).rejects.toThrow('481');
  });

  it('are not a realm that is none (U-22)', async () => {
    const { ports } = await wire({ realm: 'chat realm' });
    const endpoint = await connect({ port: ports[0] ?? 0 });
    await expect(endpoint.auth({ ...ALICE, target: `msrp://localhost:${ports[0]};tcp` })).resolves.toMatch(/^msrp:/);
  });

  it('are, with a loopback listener, its address (U-22)', async () => {
    const { ports } = await wire();
    expect(await statusOfAuth('127.0.0.1', '127.0.0.1', ports[0] ?? 0)).toBe(401);
    expect(await statusOfAuth('127.0.0.1', '127.0.0.2', ports[0] ?? 0)).toBe(481);
  });

  it('are so with IPv6 too, however the address is written (U-22)', async () => {
    const { ports } = await wire({ listen: ['tcp://[0:0::1]:0'] });
    expect(await statusOfAuth('::1', '[::1]', ports[0] ?? 0)).toBe(401);
    expect(await statusOfAuth('::1', '[::2]', ports[0] ?? 0)).toBe(481);
  });
});

describe('the snapshot of a relay', () => {
  it('counts connections that were refused (SE-06)', async () => {
    const { relay, ports } = await wire({ limits: { connectionsPerAddress: 1 } });
    const [port = 0] = ports;
    await connect({ port });
    expect(relay.snapshot().refused.connection).toBe(0);
    await connectUntilClosed(port);
    await connectUntilClosed(port);
    expect(relay.snapshot().refused.connection).toBe(2);
  });
});

describe('a reload', () => {
  it('ends the sessions of a user who was removed, at once, and nobody else\u2019s (SE-09)', async () => {
    const { users, values } = database('alice', 'bob');
    const wired = await wire(values);
    const alice = await client(wired);
    const bob = await client(wired, 'bob');
    expect([await alice.send(), await bob.send()]).toEqual([200, 200]);
    users.remove('alice', 'localhost');
    expect(await wired.reload(values)).toEqual([]);
    expect([await alice.send(), await bob.send()]).toEqual([481, 200]);
    expect(wired.relay.snapshot().sessions).toBe(1);
  });

  it('ends the sessions of a user who was blocked, on all connections (SE-09)', async () => {
    const { users, values } = database('alice');
    const wired = await wire(values);
    const [one, other] = [await client(wired), await client(wired)];
    users.setMayUse('alice', 'localhost', false);
    await wired.reload(values);
    expect([await one.send(), await other.send()]).toEqual([481, 481]);
    expect(wired.relay.snapshot().sessions).toBe(0);
  });

  it('ends no session when only a password was changed (SE-09)', async () => {
    const { users, values } = database('alice');
    const wired = await wire(values);
    const alice = await client(wired);
    users.setPassword('alice', 'localhost', 'new');
    await wired.reload(values);
    expect(await alice.send()).toBe(200);
  });

  it('leaves a challenge that is out good, also for a new password, and its counts taken (AU-25, AU-26)', async () => {
    const { users, values } = database('alice');
    const wired = await wire(values);
    const [port = 0] = wired.ports;
    const endpoint = await connect({ port });
    const digestUri = `msrp://localhost:${port};tcp`;
    const ask = (...extra: (readonly [string, string])[]) =>
      endpoint.ask(request('AUTH', { toPath: digestUri, fromPath: endpoint.uri, extra }));
    const challenges = challengesOf(await ask());
    users.setPassword('alice', 'localhost', 'new');
    await wired.reload(values);
    const answer = answerDigest({ user: 'alice', password: 'new', algorithm: 'SHA-256', challenges, digestUri });
    expect((await ask(['Authorization', answer.authorization])).status).toBe(200);
    await wired.reload(values);
    const replayed = await ask(['Authorization', answer.authorization]);
    expect([replayed.status, challengesOf(replayed)[0]]).toEqual([401, expect.stringContaining('stale=true')]);
  });

  it('ends no session when the credentials cannot be read (SE-09)', async () => {
    const { values } = database('alice');
    const wired = await wire(values);
    const alice = await client(wired);
    const missing = { credentials: [{ type: 'sqlite', path: join(temporaryFolder(), 'users.db') }] };
    await expect(wired.reload(missing)).rejects.toThrow('there is no user database');
    expect(await alice.send()).toBe(200);
  });

  it('asks other DNS servers from then on, and forgets what the former ones said (DN-12)', async () => {
    const name = 'bob.example.org';
    const [before, after] = [await startNameServer({}), await startNameServer({ [name]: { A: ['127.0.0.1'] } })];
    const peer = await listen({ name });
    for (const opened of [before, after]) onTestFinished(() => opened.stop());
    onTestFinished(() => peer.close());
    const wired = await wire({ resolver: [before.address] });
    const { endpoint, usePath } = await client(wired);
    const send = (uri: string) => endpoint.ask(sendRequest({ toPath: `${usePath} ${uri}`, fromPath: endpoint.uri }));

    await send(`msrp://${name}:1/x;tcp`);
    const report = await endpoint.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 408/);
    expect(await wired.reload({ resolver: [after.address] })).toEqual([]);
    await send(peer.uri);
    await peer.accept();
    expect(before.questions).toHaveLength(2);
  });

  it('tells which changes need a restart, key by key', async () => {
    const wired = await wire({ auth: { allowCleartext: true, failures: 5 } });
    const changed = await wired.reload({
      auth: { allowCleartext: true, failures: 6, algorithms: ['SHA-256'] },
      timers: { drainMs: 1, partialMs: 100 },
      aliases: ['a.example.org'],
      realm: 'other',
      log: { level: 'error' },
      admin: { listen: 'http://127.0.0.1:0' },
    });
    expect(changed.toSorted()).toEqual(['admin.listen', 'aliases', 'auth.failures', 'timers.partialMs']);
  });
});
