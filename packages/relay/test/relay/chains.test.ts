/** Whole chains of this project's relays: AUTH, SENDs, REPORTs and methods through all of them. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { type ChainRelay, chainRelay, clientThrough, closeChain, listeningRelay } from './chain.ts';
import { dialledCount, fence, text } from './dialogue.ts';

afterEach(closeChain);

const NAMES = ['r1.example.org', 'r2.example.net', 'r3.example.com'] as const;

function relays(count: number): Promise<ChainRelay[]> {
  return Promise.all(NAMES.slice(0, count).map((name) => chainRelay(name)));
}

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', messageId: 'mess-1', ...more });
}

function reportOf(from: Endpoint, got: Message, status = '000 200 OK'): Buffer {
  const extra = [
    ['Message-ID', got.header('Message-ID') ?? ''],
    ['Byte-Range', '1-5/5'],
    ['Status', status],
  ] as const;
  return request('REPORT', { toPath: got.header('From-Path') ?? '', fromPath: from.uri, extra });
}

function isRequest({ status }: Message): boolean {
  return status === undefined;
}

async function expectNothing(of: ChainRelay | undefined, endpoint: Endpoint): Promise<void> {
  if (of === undefined) throw new Error('no relay');
  await endpoint.expectSilence(fence(of, endpoint));
}

function reversed(path: string): string {
  return path.split(' ').toReversed().join(' ');
}

function hostsOf(path: string): string[] {
  return [...path.matchAll(/msrps:\/\/([^:/;]+)/g)].map(([, host = '']) => host);
}

describe.each([1, 2, 3])('A client behind %i relays', (count) => {
  it('gets a Use-Path of all of them, in the order in which it uses them (AU-36, AU-35, AU-50)', async () => {
    const chain = await relays(count);
    const { usePath } = await clientThrough(chain);
    expect(hostsOf(usePath)).toEqual(NAMES.slice(0, count));
    expect(chain.map(({ relay }) => relay.snapshot().sessions)).toEqual(chain.map(() => 1));
    // Each has challenged the client itself, and knows it by its password.
    for (const { relay } of chain) expect(relay.snapshot().auth).toMatchObject({ challenged: 1, granted: 1 });
  });

  it('writes to a peer outside and is written to, each way with its success REPORT (FW-08, FW-09, U-21, P-15, AU-38)', async () => {
    const chain = await relays(count);
    const { endpoint, usePath, sdpPath } = await clientThrough(chain);
    const peer = await listeningRelay('peer.example.com');

    expect((await endpoint.ask(send(endpoint, `${usePath} ${peer.uri}`))).status).toBe(200);
    const far = await peer.accept();
    const arrived = await far.next();
    expect(arrived.header('To-Path')).toBe(peer.uri);
    expect(arrived.header('From-Path')).toBe(sdpPath);
    void far.send(responseTo(arrived, 200));
    void far.send(reportOf(far, arrived));
    const report = await endpoint.next(isRequest);
    expect(report.header('From-Path')).toBe(`${usePath} ${peer.uri}`);

    expect((await far.ask(send(far, sdpPath))).status).toBe(200);
    const back = await endpoint.next(isRequest);
    expect(back.header('From-Path')).toBe(`${usePath} ${peer.uri}`);
    expect(back.body?.toString()).toBe('hello');
    void endpoint.send(responseTo(back, 200));
    void endpoint.send(reportOf(endpoint, back));
    expect((await far.next(isRequest)).header('From-Path')).toBe(sdpPath);
    await expectNothing(chain[0], endpoint);

    // All of it went over one connection between each two relays, whoever opened it.
    expect(chain.map(dialledCount)).toEqual(chain.map(() => 1));
    await expect.poll(() => chain.map(({ relay }) => relay.snapshot().transactions)).toEqual(chain.map(() => 0));
  });

  it('hears of a failure exactly once, wherever it happens (X-06, X-09, X-05, R-01, R-03)', async () => {
    const chain = await relays(count);
    const { endpoint, usePath } = await clientThrough(chain);
    const peer = await listeningRelay('peer.example.com');
    expect((await endpoint.ask(send(endpoint, `${usePath} ${peer.uri}`))).status).toBe(200);
    const far = await peer.accept();
    void far.send(responseTo(await far.next(), 415, 'No such type here'));
    const report = await endpoint.next(isRequest);
    // The last relay made it, and the others passed it on, each with itself in front.
    expect(report.header('To-Path')).toBe(endpoint.uri);
    expect(report.header('From-Path')).toBe(usePath);
    expect(report.header('Status')).toBe('000 415 No such type here');
    expect(report.header('Byte-Range')).toBe('1-5/5');
    await expectNothing(chain[0], endpoint);
    const made = chain.map(({ relay }) => relay.snapshot().reports);
    expect(made).toEqual([...chain.slice(1).map(() => ({})), { 'response 415': 1 }]);
  });

  it('that is gone is reported once to whoever wrote to it (X-01, X-06, CN-16)', async () => {
    const chain = await relays(count);
    const { endpoint, usePath, sdpPath } = await clientThrough(chain);
    const peer = await listeningRelay('peer.example.com');
    void endpoint.send(send(endpoint, `${usePath} ${peer.uri}`));
    const far = await peer.accept();
    void far.send(responseTo(await far.next(), 200));
    await endpoint.close();
    const answer = await far.ask(send(far, sdpPath));
    if (count === 1) {
      expect(answer.status).toBe(481);
    } else {
      expect(answer.status).toBe(200);
      const report = await far.next(isRequest);
      expect(report.header('To-Path')).toBe(peer.uri);
      expect(report.header('From-Path')).toBe(reversed(usePath).split(' ').slice(0, -1).join(' '));
      expect(report.header('Status')).toMatch(/^000 481/);
    }
    const last = chain.at(-1);
    if (last !== undefined)
      await far.expectSilence(request('FROB', { toPath: usePath.split(' ').at(-1) ?? '', fromPath: far.uri }));
  });

  it('asks a node behind them with a method that they do not know, and gets its answer (R-04, R-17, R-18, T-09, FW-12)', async () => {
    const chain = await relays(count);
    const { endpoint, usePath } = await clientThrough(chain);
    const peer = await listeningRelay('chat.example.com');
    const asked = request('NICKNAME', {
      toPath: `${usePath} ${peer.uri}`,
      fromPath: endpoint.uri,
      tid: 'fvrWaKxNJkYiX6kv',
    });
    const answer = endpoint.ask(asked);
    const far = await peer.accept();
    void far.send(responseTo(await far.next(), 425, 'Taken'));
    const got = await answer;
    expect([got.status, got.header('To-Path'), got.header('From-Path')]).toEqual([
      425,
      endpoint.uri,
      `${usePath} ${peer.uri}`,
    ]);
  });
});

describe('A client behind two relays and a client of the outer one', () => {
  it('reach each other in both directions, with REPORTs (U-23, FW-08, A-09)', async () => {
    const [inner, outer] = await relays(2);
    if (inner === undefined || outer === undefined) throw new Error('two relays');
    const alice = await clientThrough([inner, outer]);
    const bob = await clientThrough([outer], 'bob');
    expect((await alice.endpoint.ask(send(alice.endpoint, `${alice.usePath} ${bob.sdpPath}`))).status).toBe(200);
    const arrived = await bob.endpoint.next(isRequest);
    expect(arrived.header('From-Path')).toBe(`${bob.usePath} ${alice.sdpPath}`);
    void bob.endpoint.send(responseTo(arrived, 200));
    void bob.endpoint.send(reportOf(bob.endpoint, arrived));
    expect((await alice.endpoint.next(isRequest)).header('From-Path')).toBe(`${alice.usePath} ${bob.sdpPath}`);

    expect((await bob.endpoint.ask(send(bob.endpoint, `${bob.usePath} ${alice.sdpPath}`))).status).toBe(200);
    const back = await alice.endpoint.next(isRequest);
    expect(back.header('From-Path')).toBe(`${alice.usePath} ${bob.sdpPath}`);
    void alice.endpoint.send(responseTo(back, 413));
    const report = await bob.endpoint.next(isRequest);
    expect(report.header('Status')).toMatch(/^000 413/);
    expect([dialledCount(inner), dialledCount(outer)]).toEqual([1, 0]);
    await expectNothing(inner, alice.endpoint);
    await expectNothing(outer, bob.endpoint);
  });
});

describe('Two clients, each behind relays of its own', () => {
  it('share the connections between their outer relays (CN-22, CN-01, CN-11, FW-23)', async () => {
    const [r1, r2, r3] = await relays(3);
    if (r1 === undefined || r2 === undefined || r3 === undefined) throw new Error('three relays');
    const alice = await clientThrough([r1, r2]);
    const bob = await clientThrough([r3], 'bob');
    expect((await alice.endpoint.ask(send(alice.endpoint, `${alice.usePath} ${bob.sdpPath}`))).status).toBe(200);
    const arrived = await bob.endpoint.next(isRequest);
    void bob.endpoint.send(responseTo(arrived, 200));
    expect((await bob.endpoint.ask(send(bob.endpoint, `${bob.usePath} ${alice.sdpPath}`))).status).toBe(200);
    expect(text(await alice.endpoint.next(isRequest))).toContain('hello');
    expect([r1, r2, r3].map(dialledCount)).toEqual([1, 1, 0]);
    expect(r3.relay.snapshot().refused).not.toHaveProperty('bound elsewhere');
  });
});
