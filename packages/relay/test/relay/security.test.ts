import { randomBytes } from 'node:crypto';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configFrom } from '../../src/app/config.ts';
import { emptySource } from '../../src/app/config-file.ts';
import { digestParameters } from '../digest-answer.ts';
import { type Endpoint, type Listening, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { acceptedCount, attempt, authenticate, challenged, dialledCount, fence, manySessions } from './dialogue.ts';
import { authority, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
let peer: Listening;

beforeEach(async () => {
  relay = await startRelay();
  peer = await listen();
});

afterEach(async () => {
  await relay.close();
  await peer.close();
});

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', ...more });
}

describe('The log', () => {
  it('and the counters hold no password, digest, nonce, session URI or content, even at level debug (SE-02, AU-60, U-13)', async () => {
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    const canaries = ['secret', 'other secret', 'the-body-canary', 'hunter2-password'];
    canaries.push(...challenges.map((challenge) => digestParameters(challenge).get('nonce') ?? 'none'));
    const wrong = attempt(relay, endpoint, { challenges, password: 'hunter2-password' });
    const right = attempt(relay, endpoint, {
      challenges,
      fromPath: endpoint.uri.replace('//', '//joe:hunter2-password@'),
    });
    canaries.push(
      ...[wrong, right].map(({ authorization }) => digestParameters(authorization).get('response') ?? 'none'),
    );
    expect((await endpoint.ask(wrong.octets)).status).toBe(401);
    const granted = await endpoint.ask(right.octets);
    const usePath = granted.header('Use-Path') ?? '';
    const secrets = [usePath, endpoint.uri, peer.uri].map((uri) => /:\d+\/(?:0\.)?([^;]+);/.exec(uri)?.[1] ?? 'none');
    canaries.push(right.rspauth, ...secrets);

    const toPath = `${usePath} ${peer.uri}`;
    expect((await endpoint.ask(send(endpoint, toPath, { body: 'the-body-canary' }))).status).toBe(200);
    const far = await peer.accept();
    void far.send(responseTo(await far.next(), 413, 'the-body-canary'));
    await endpoint.next(({ method }) => method === 'REPORT');
    const stranger = await relay.connect();
    for (const to of [`${usePath} ${peer.uri}`, usePath, `${usePath.replace(';tcp', 'x;tcp')} ${peer.uri}`]) {
      await stranger.ask(send(stranger, to));
    }
    await endpoint.ask(send(endpoint, `${usePath} msrps://token.invalid:1/the-body-canary;tcp`));
    await endpoint.next(({ method }) => method === 'REPORT');
    void stranger.send(`GET /${usePath} HTTP/1.1\r\n`);
    await stranger.closed;
    far.socket.destroy();
    await endpoint.close();
    const counted = JSON.stringify(relay.relay.snapshot());
    await relay.close();

    const logged = relay.logged();
    expect(logged.length).toBeGreaterThan(100);
    for (const canary of new Set(canaries)) expect(counted.includes(canary), canary).toBe(false);
    for (const canary of new Set(canaries)) expect(logged.includes(canary), canary).toBe(false);
  });

  it('is not for others to write in: what peers choose cannot break or colour a line (SE-14)', async () => {
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    const evil = '\u001b[31mred\u0007\u009b2J\u2028{"level":60,"msg":"forged"}';
    const octets = Buffer.from(evil, 'utf8').toString('latin1');
    const spoil = (authorization: string) => authorization.replace('username="alice"', `username="${octets}"`);
    const printable = octets.replace(/\p{Cc}/gu, '');
    await endpoint.ask(attempt(relay, endpoint, { challenges, spoil }).octets);
    const { usePath, endpoint: client } = await relay.client();
    for (const value of [octets, printable]) {
      const messageId = 'forgedForged';
      await client.ask(send(client, `${usePath} ${peer.uri}`, { messageId, extra: [['X-Odd', value]] }));
      await client.ask(send(client, `${usePath} ${peer.uri}`, { messageId: value }));
      const toPath = `${usePath} ${peer.uri}`;
      void client.send(request('REPORT', { toPath, fromPath: client.uri, extra: [['Status', `000 400 ${value}`]] }));
    }
    const far = await peer.accept();
    void far.send(responseTo(await far.next(), 400, printable));
    await client.next(({ method }) => method === 'REPORT');
    far.socket.destroy();
    await client.close();
    await relay.close();
    const lines = relay
      .logged()
      .split('\n')
      .filter((line) => line !== '');
    for (const line of lines) {
      expect(line).not.toMatch(/\p{Cc}/u);
      expect(JSON.parse(line)).not.toMatchObject({ level: 60 });
    }
  });
});

describe('A revoked user', () => {
  it('loses all sessions at once, the others none (SE-09, FW-03)', async () => {
    const alice = await relay.client();
    const bob = await relay.client('bob');
    const certificate = await authority.issue({ dnsNames: ['localhost'] });
    const values = {
      hostname: 'localhost',
      listen: ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0'],
      tls: { ...certificate, ca: authority.ca },
      credentials: [{ type: 'static', users: { bob: 'other secret' } }],
    };
    await relay.relay.reload(configFrom(emptySource('test', values), {}, relay.clock));
    const outsider = await relay.connect();
    expect((await outsider.ask(send(outsider, `${alice.usePath} ${alice.endpoint.uri}`))).status).toBe(481);
    expect((await alice.endpoint.ask(send(alice.endpoint, `${alice.usePath} ${peer.uri}`))).status).toBe(481);
    expect((await outsider.ask(send(outsider, `${bob.usePath} ${bob.endpoint.uri}`))).status).toBe(200);
    expect(relay.relay.snapshot().sessions).toBe(1);
    expect((await authenticate(relay, alice.endpoint)).status).toBe(401);
  });
});

describe('While one connection misbehaves', () => {
  /** Every way of misbehaving, each on a connection of its own that ends somehow. */
  const misdeeds: readonly (readonly [string, (victim: Bystander) => Promise<void>])[] = [
    [
      'with garbage',
      async () => {
        const bad = await relay.connect();
        void bad.send(randomBytes(200_000));
        await bad.closed;
      },
    ],
    [
      'with a head that never ends',
      async () => {
        const bad = await relay.connect({ secure: false });
        void bad.send(`MSRP abcdefgh SEND\r\nTo-Path: ${'a'.repeat(1_000_000)}`);
        await bad.closed;
      },
    ],
    [
      'by breaking off in a chunk',
      async ({ usePath, endpoint }) => {
        const bad = await relay.client();
        const octets = send(bad.endpoint, `${bad.usePath} ${usePath} ${endpoint.uri}`, { body: 'x'.repeat(100_000) });
        void bad.endpoint.send(octets.subarray(0, 50_000));
        await expect.poll(() => relay.relay.snapshot().connections.tls).toBe(3);
        bad.endpoint.socket.end();
        const cutOff = await endpoint.next(({ flag }) => flag === '+');
        void endpoint.send(responseTo(cutOff, 200));
      },
    ],
    [
      'by guessing session URIs',
      async () => {
        const bad = await relay.connect();
        const guesses = Array.from({ length: 50 }, () =>
          send(bad, `msrps://localhost:${relay.tlsPort}/0.${randomBytes(13).toString('hex')};tcp ${peer.uri}`),
        );
        void bad.send(Buffer.concat(guesses));
        await bad.closed;
      },
    ],
    [
      'by guessing passwords',
      async () => {
        const bad = await relay.connect();
        for (let index = 0; index < 5; index += 1) await authenticate(relay, bad, { password: `guess ${index}` });
        await bad.closed;
      },
    ],
    [
      'by writing to the session of another',
      async ({ usePath, endpoint }) => {
        const bad = await relay.connect();
        for (let index = 0; index < 4; index += 1) {
          expect((await bad.ask(send(bad, `${usePath} ${endpoint.uri}`))).status).toBe(506);
          expect((await bad.ask(fence(relay, bad))).status).toBe(401);
        }
        void bad.send(responseTo({ ...(await bad.ask(fence(relay, bad))), tid: 'made.up1' }, 200));
        await bad.close();
      },
    ],
    [
      'by taking sessions and leaving',
      async () => {
        const bad = await relay.connect();
        await manySessions(relay, bad, 30);
        bad.socket.destroy();
      },
    ],
    [
      'by opening connections and saying nothing',
      async () => {
        const silent = await Promise.all(Array.from({ length: 40 }, () => relay.connect({ secure: false })));
        await expect.poll(() => acceptedCount(relay)).toBeGreaterThanOrEqual(42);
        relay.clock.advance(31_000);
        await Promise.all(silent.map(({ closed }) => closed));
      },
    ],
  ];

  interface Bystander {
    readonly endpoint: Endpoint;
    readonly usePath: string;
  }

  it.each(misdeeds)(
    '%s, a session of others goes on, and nothing is left in the end (SE-06, T-17, FW-23)',
    async (_name, misdeed) => {
      const bystander = await relay.client('bob');
      const friend = await relay.connect();
      const inbound = `${bystander.usePath} ${bystander.endpoint.uri}`;
      const exchange = async (body: string) => {
        expect((await friend.ask(send(friend, inbound, { body }))).status).toBe(200);
        // What came of a chunk that broke off is passed on, too (CH-20).
        const arrived = await bystander.endpoint.next(({ flag }) => flag === '$');
        expect(arrived.body?.toString()).toBe(body);
        expect(arrived.header('From-Path')).toBe(`${bystander.usePath} ${friend.uri}`);
        void bystander.endpoint.send(responseTo(arrived, 200));
      };
      await exchange('before');
      let isOver = false;
      const done = misdeed(bystander).finally(() => {
        isOver = true;
      });
      for (let index = 0; index < 20 || !isOver; index += 1) await exchange(`during ${index}`);
      await done;
      await exchange('after');
      await bystander.endpoint.expectSilence(fence(relay, bystander.endpoint));
      await expect.poll(() => relay.relay.snapshot().connections.tls).toBe(2);
      expect(relay.relay.snapshot()).toMatchObject({ sessions: 1, transactions: 0, queuedOctets: 0 });
      expect(dialledCount(relay)).toBe(0);

      await bystander.endpoint.close();
      await friend.close();
      const none = { tls: 0, tcp: 0, 'dialled-tls': 0, 'dialled-tcp': 0 };
      await expect
        .poll(() => relay.relay.snapshot())
        .toMatchObject({ connections: none, sessions: 0, transactions: 0, queuedOctets: 0 });
    },
  );
});
