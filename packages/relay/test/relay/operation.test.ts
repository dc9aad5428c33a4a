/** What an operator sees of a relay, and what becomes of those whom an operator puts out. */
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { sessionHash } from '../../src/relay/session-hash.ts';
import { listen, responseTo, sendRequest } from '../endpoint.ts';
import { authenticate } from './dialogue.ts';
import { type Overrides, startRelay, type TestRelay } from './harness.ts';
import { openScene, type Scene, until } from './scene.ts';

const ALL = { after: 0, limit: 100 };
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(overrides?: Overrides): Promise<TestRelay<ManualClock>> {
  const relay = await startRelay(overrides);
  cleanups.push(() => relay.close());
  return relay;
}

async function open(): Promise<Scene> {
  const scene = await openScene();
  cleanups.push(() => scene.close());
  return scene;
}

describe('An operator sees', () => {
  it('each session: whose it is, how old, what passed and what waits, and never its URI (SE-02)', async () => {
    const scene = await open();
    const { operation } = scene.relay.relay;
    const body = 'x'.repeat(1000);
    void scene.sender.send(scene.send({ body }));
    void scene.receiver.send(responseTo(await scene.receiver.next(), 200));
    await until(() => scene.relay.relay.snapshot().transactions === 0);
    scene.clock.advance(5000);
    const { items, next } = operation.sessions(ALL);
    const [accepted, dialled] = operation.connections(ALL).items;
    expect(items).toEqual([
      {
        ...{ id: sessionHash(scene.usePath), user: 'alice', state: 'open', relay: null, address: '127.0.0.1' },
        ...{ connection: accepted?.id, outsideConnection: null, ageSeconds: 5, expiresInSeconds: 86_395 },
        ...{ octetsToClient: 0, octetsFromClient: expect.any(Number), queuedOctets: 0 },
      },
    ]);
    expect(next).toBeUndefined();
    expect(items[0]?.octetsFromClient).toBeGreaterThan(1000);
    expect(JSON.stringify([items, accepted, dialled])).not.toContain(scene.usePath.split(/[/;]/)[3]);
  });

  it('each connection: who opened it, its users, octets, age', async () => {
    const scene = await open();
    scene.clock.advance(3000);
    const { items } = scene.relay.relay.operation.connections(ALL);
    expect(items).toMatchObject([
      { transport: 'tls', direction: 'accepted', address: '127.0.0.1', state: 'open', users: ['alice'], sessions: 1 },
      {
        transport: 'tls',
        direction: 'dialled',
        address: '127.0.0.1',
        state: 'open',
        users: [],
        certifiedNames: ['localhost'],
      },
    ]);
    expect(items.map(({ ageSeconds }) => ageSeconds)).toEqual([3, 3]);
    expect(items.every(({ octetsIn, octetsOut }) => octetsIn + octetsOut > 0)).toBe(true);
    expect(scene.relay.relay.operation.connection(items[1]?.id ?? 0)).toEqual(items[1]);
  });

  it('what came for a client apart from what it sent', async () => {
    const scene = await openScene({ direction: 'peer to client' });
    cleanups.push(() => scene.close());
    void scene.sender.send(scene.send({ body: 'x'.repeat(500) }));
    await scene.receiver.next();
    const [session] = scene.relay.relay.operation.sessions(ALL).items;
    expect(session?.octetsToClient).toBeGreaterThan(500);
    expect(session).toMatchObject({ octetsFromClient: 0, outsideConnection: expect.any(Number) });
  });

  it('lists in parts, each of which says where the next one begins', async () => {
    const relay = await start();
    for (let number = 0; number < 5; number += 1) await relay.client(number < 3 ? 'alice' : 'bob');
    const { operation } = relay.relay;
    const seen: string[] = [];
    let after: number | undefined = 0;
    const sizes: number[] = [];
    while (after !== undefined) {
      const { items, next } = operation.sessions({ after, limit: 2 });
      sizes.push(items.length);
      seen.push(...items.map(({ id }) => id));
      after = next;
    }
    expect(sizes).toEqual([2, 2, 1]);
    expect(new Set(seen).size).toBe(5);
    expect(operation.sessions(ALL, 'bob').items.map(({ user }) => user)).toEqual(['bob', 'bob']);
    expect(operation.sessions(ALL, 'nobody').items).toEqual([]);
    expect(operation.connections({ after: 0, limit: 3 })).toMatchObject({ items: { length: 3 }, next: 3 });
  });
});

describe('An operator who ends', () => {
  it('a session leaves its connection and the others alone; messages to it are answered 481 (SE-09)', async () => {
    const relay = await start();
    const { endpoint, usePath } = await relay.client();
    const second = await endpoint.auth({ user: 'alice', password: 'secret', target: relay.target });
    const { operation } = relay.relay;
    expect(await operation.sessionsCalled(sessionHash(usePath))).toMatchObject([
      { uri: usePath, view: { user: 'alice' } },
    ]);
    operation.endSession(usePath);
    operation.endSession(usePath);
    expect(await operation.sessionsCalled(sessionHash(usePath))).toEqual([]);
    expect(relay.relay.operation.sessions(ALL).items.map(({ id }) => id)).toEqual([sessionHash(second)]);
    expect(endpoint.socket.destroyed).toBe(false);
  });

  it('a connection ends its sessions, too', async () => {
    const relay = await start();
    const { endpoint } = await relay.client();
    const [connection] = relay.relay.operation.connections(ALL).items;
    expect(relay.relay.operation.closeConnection(connection?.id ?? 0)).toBe(true);
    await endpoint.closed;
    await until(() => relay.relay.snapshot().sessions === 0);
    expect(relay.relay.operation.closeConnection(connection?.id ?? 0)).toBe(false);
  });
});

describe('A user who is blocked', () => {
  it('loses sessions and connections at once, gets no others with the right password, and is let in when unblocked (SE-09)', async () => {
    const relay = await start();
    const alice = await relay.client('alice');
    const bob = await relay.client('bob');
    const { operation } = relay.relay;
    expect(operation.block({ kind: 'user', value: 'alice' })).toMatchObject({ value: 'alice' });
    expect(operation.sessions(ALL).items.map(({ user }) => user)).toEqual(['bob']);
    await alice.endpoint.closed;
    const again = await relay.connect();
    expect((await authenticate(relay, again)).status).toBe(403);
    expect(bob.endpoint.socket.destroyed).toBe(false);
    operation.blocks.remove({ kind: 'user', value: 'alice' });
    expect((await authenticate(relay, again)).status).toBe(200);
  });

  it('does not take the connection of others along', async () => {
    const relay = await start();
    const { endpoint } = await relay.client('alice');
    await endpoint.auth({ user: 'bob', password: 'other secret', target: relay.target });
    relay.relay.operation.block({ kind: 'user', value: 'alice' });
    expect(relay.relay.operation.sessions(ALL).items.map(({ user }) => user)).toEqual(['bob']);
    expect(relay.relay.operation.connections(ALL).items.map(({ state }) => state)).toEqual(['open']);
  });
});

describe('An address that is blocked', () => {
  it('is disconnected at once, not accepted, and counted; others are (SE-06)', async () => {
    const scene = await open();
    const { operation } = scene.relay.relay;
    expect(operation.block({ kind: 'address', value: '127.0.0.0/8' })).toBeDefined();
    await scene.client.closed;
    await scene.receiver.closed;
    await until(() => scene.relay.relay.snapshot().sessions === 0);
    await expect(scene.relay.connect()).rejects.toThrow();
    expect(scene.relay.relay.snapshot().refused.blocked).toBe(1);
    operation.blocks.remove({ kind: 'address', value: '127.0.0.0/8' });
    const { endpoint, usePath } = await scene.relay.client();
    operation.block({ kind: 'address', value: '127.0.0.9' });
    expect(endpoint.socket.destroyed).toBe(false);
    expect(usePath).toContain('msrps://');
  });

  it('is not dialled', async () => {
    const relay = await start();
    const peer = await listen({ host: '127.0.0.9' });
    cleanups.push(() => peer.close());
    const { endpoint, usePath } = await relay.client();
    const send = () => endpoint.ask(sendRequest({ toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri }));
    relay.relay.operation.block({ kind: 'address', value: '127.0.0.9' });
    expect((await send()).status).toBe(403);
    relay.relay.operation.blocks.remove({ kind: 'address', value: '127.0.0.9' });
    expect((await send()).status).toBe(200);
    await peer.accept();
  });
});
