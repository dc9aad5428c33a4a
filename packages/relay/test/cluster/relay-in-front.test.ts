/** Another relay in front of clients, connected to any worker: its sessions are where its AUTHs were, and it may use them from everywhere. */
import { describe, expect, it } from 'vitest';
import { listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { authOnBehalf, certificateFor } from '../relay/chain.ts';
import { startWorkers } from './workers.ts';

const INNER = 'inner.example.org';
const CLIENT = 'msrps://client.example.org:41207/c1;tcp';
const VIA = `msrps://${INNER}:2855/s1;tcp`;
const FROM = `${VIA} ${CLIENT}`;

/** A relay with a session at worker 0, and connections to both. */
async function relayOfBoth() {
  const workers = await startWorkers(2, { relays: { requireCertificate: true } });
  const certificate = await certificateFor(INNER);
  const near = await workers.connect(0, { certificate });
  const far = await workers.connect(1, { certificate });
  const granted = await authOnBehalf(near, { target: workers.target, fromPath: FROM });
  const usePath = granted.header('Use-Path')?.split(' ').at(-1) ?? '';
  expect(usePath).toMatch(/\/0\./);
  return { workers, near, far, usePath };
}

function send(toPath: string, fromPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath, body: 'hello', byteRange: '1-5/5', ...more });
}

describe('A relay in front, connected to another worker than its session', () => {
  it('sends through the session to a peer outside (CL-10)', async () => {
    const { far, usePath } = await relayOfBoth();
    const peer = await listen();
    expect((await far.ask(send(`${usePath} ${peer.uri}`, FROM))).status).toBe(200);
    const outside = await peer.accept();
    const got = await outside.next();
    expect(got.header('From-Path')).toBe(`${usePath} ${FROM}`);
    void outside.send(responseTo(got, 200));
    await peer.close();
  });

  it('renews the session there, which nobody else can (CL-10, AU-44)', async () => {
    const { workers, far, usePath } = await relayOfBoth();
    const again = await authOnBehalf(far, { target: usePath, fromPath: FROM });
    expect([again.status, again.header('Use-Path')?.split(' ').at(-1)]).toEqual([200, usePath]);
    const stranger = await workers.connect(1, { certificate: await certificateFor('stranger.example.org') });
    const theirs = `msrps://stranger.example.org:2855/s1;tcp ${CLIENT}`;
    expect((await authOnBehalf(stranger, { target: usePath, fromPath: theirs })).status).toBe(481);
    expect((await authOnBehalf(stranger, { target: usePath, fromPath: FROM })).status).toBe(481);
    expect(workers.relays.map((relay) => relay.snapshot().sessions)).toEqual([1, 0]);
  });

  it('gets what peers write to the session, when the connection of its AUTH is gone (CL-10)', async () => {
    const { workers, near, far, usePath } = await relayOfBoth();
    expect((await authOnBehalf(far, { target: usePath, fromPath: FROM })).status).toBe(200);
    await near.close();
    for (const worker of [0, 1]) {
      const peer = await workers.connect(worker);
      const asked = peer.ask(send(`${usePath} ${FROM}`, peer.uri));
      const got = await far.next();
      expect([got.header('To-Path'), got.header('From-Path')]).toEqual([FROM, `${usePath} ${peer.uri}`]);
      void far.send(responseTo(got, 200));
      expect((await asked).status).toBe(200);
      await peer.close();
      await expect.poll(() => workers.relay(0).operation.connections({ after: 0, limit: 10 }).items.length).toBe(1);
    }
  });

  it('is heard as the peer of a session on any of its connections, and not bound to one (CL-10, CN-21)', async () => {
    const { workers, near, far } = await relayOfBoth();
    const client = await workers.clientAt(0, { user: 'bob' });
    const toPath = `${client.usePath} ${client.endpoint.uri}`;
    for (const connection of [near, far, near, far]) {
      expect((await connection.ask(send(toPath, FROM))).status).toBe(200);
      void client.endpoint.send(responseTo(await client.endpoint.next(), 200));
    }
    const impostor = await workers.connect(1);
    expect((await impostor.ask(send(toPath, FROM))).status).toBe(403);
  });

  it('fails to authenticate for its clients without losing its connection, and a client that says so loses its own (CL-10, AU-47)', async () => {
    const { workers, far, usePath } = await relayOfBoth();
    for (let failures = 0; failures < 8; failures += 1) {
      expect((await authOnBehalf(far, { target: usePath, fromPath: FROM, password: 'wrong' })).status).toBe(401);
    }
    expect((await far.ask(request('AUTH', { toPath: workers.target, fromPath: FROM }))).status).toBe(401);
  });
});
