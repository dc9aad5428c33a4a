/** A worker whose requests another one has taken over: it keeps them until that one says that they are settled, or dies. */
import { describe, expect, it } from 'vitest';
import { type Endpoint, type Message, responseTo, sendRequest } from '../endpoint.ts';
import { attend, tidOf } from '../relay/attend.ts';
import { certificateFor } from '../relay/chain.ts';
import type { Overrides } from '../relay/harness.ts';
import { Party } from '../relay/party.ts';
import { until } from '../relay/scene.ts';
import { ScriptedWorker, settled } from './scripted-worker.ts';
import { startWorkers } from './workers.ts';

const CLIENT = 'msrps://client.example.org:9/x;tcp';
const OUTER = 'outer.example.org';

/** Worker 1; worker 0 is the test's, and says that it has a session. */
async function withScriptedOwner(overrides: Overrides = {}) {
  const workers = await startWorkers(2, overrides);
  await workers.relay(0).close();
  const owner = await ScriptedWorker.listen(workers.directory, '0');
  const uri = workers.target.replace(';tcp', '/0.vkus29o2vf5jTZ8yKNp4xQ;tcp');
  const openAtWorker = () => workers.relay(1).snapshot().transactions;
  return { workers, owner, uri, openAtWorker };
}

/** A peer from outside that writes to the session of worker 0. */
async function withPeer(overrides: Overrides = {}) {
  const scene = await withScriptedOwner(overrides);
  const peer = await scene.workers.connect(1);
  const told = attend(peer);
  const paths = { toPath: `${scene.uri} ${CLIENT}`, fromPath: peer.uri };
  const send = (messageId: string, wish: Partial<Parameters<typeof sendRequest>[0]> = {}) => {
    const octets = sendRequest({ ...paths, messageId, byteRange: '1-5/5', body: 'hello', ...wish });
    void peer.send(octets);
    return tidOf(octets);
  };
  return { ...scene, peer, told, send };
}

/** Takes the next message and answers 200. */
async function takeOver(stream: Endpoint): Promise<Message> {
  const got = await stream.next(({ method }) => method === 'SEND');
  void stream.send(responseTo(got, 200));
  return got;
}

describe('What another worker has answered 200', () => {
  it('is reported when that one dies, in the name of the session, unless it said that it was settled (CL-16, X-01)', async () => {
    const { workers, owner, uri, openAtWorker } = await withScriptedOwner();
    const peer = new Party(await workers.connect(1), '');
    for (const messageId of ['first', 'second', 'third']) {
      await peer.send({ to: `${uri} ${CLIENT}`, messageId, body: 'hello' });
    }
    const { endpoint } = await owner.next();
    await takeOver(endpoint);
    const second = await takeOver(endpoint);
    const third = await takeOver(endpoint);
    void endpoint.send(Buffer.concat([settled(third), settled(second)]));
    await expect.poll(openAtWorker).toBe(1);
    owner.die();
    await peer.until(() => peer.reports.length === 1);
    expect(await peer.fence(`${uri} ${CLIENT}`)).toBe(408);
    const status = '000 408 Connection to next hop lost';
    expect(peer.reports).toEqual([{ messageId: 'first', start: 1, end: 5, total: '5', status, fromPath: uri }]);
    expect(openAtWorker()).toBe(0);
  });

  it('does not run out of time, as the other worker sees to that (CL-16)', async () => {
    const { workers, owner, told, send, openAtWorker } = await withPeer();
    send('slow');
    const { endpoint } = await owner.next();
    const slow = await takeOver(endpoint);
    await until(() => told.count(200) === 1);
    for (let second = 0; second < 100; second += 1) workers.clock.advance(1000);
    expect(openAtWorker()).toBe(1);
    void endpoint.send(settled(slow));
    await expect.poll(openAtWorker).toBe(0);
    expect(told.reports.size).toBe(0);
  });

  it('opens the window: whoever takes over slowly slows the sender, not whoever settles slowly (CL-16, FC-04)', async () => {
    const { owner, told, send } = await withPeer({ flow: { windowOctets: 65_536 } });
    const body = 'x'.repeat(30_000);
    const count = 40;
    for (let number = 0; number < count; number += 1) send(`large-${number}`, { byteRange: '1-*/30000', body });
    const { endpoint } = await owner.next();
    for (let number = 0; number < count; number += 1) await takeOver(endpoint);
    await until(() => told.count(200) === count);
  });

  it('is not reported to a sender that was told of it by the other worker before (CL-16, X-03)', async () => {
    const { owner, uri, peer, told, send, openAtWorker } = await withPeer();
    send('refused');
    const { endpoint } = await owner.next();
    const refused = await takeOver(endpoint);
    const lines = ['Message-ID: refused', 'Byte-Range: 1-5/5', 'Status: 000 413 Too large'];
    const report = `MSRP r3p0rt REPORT\r\nTo-Path: ${peer.uri}\r\nFrom-Path: ${uri}\r\n${lines.join('\r\n')}\r\n-------r3p0rt$\r\n`;
    void endpoint.send(Buffer.concat([Buffer.from(report), settled(refused)]));
    owner.die();
    await until(() => told.reports.size === 1);
    await expect.poll(openAtWorker).toBe(0);
    send('after');
    await until(() => told.answers.size === 2);
    expect(told.reports.get('refused')).toEqual(['000 413 Too large 1-5/5']);
  });

  it('counts as open, to the bound of those (CL-16)', async () => {
    const transactions = 3;
    const { owner, told, send, openAtWorker } = await withPeer({ limits: { transactions } });
    const open: Message[] = [];
    send('first');
    const { endpoint } = await owner.next();
    open.push(await takeOver(endpoint));
    for (let number = 1; number < transactions; number += 1) {
      send(`more-${number}`);
      open.push(await takeOver(endpoint));
    }
    await until(() => told.count(200) === transactions);
    const refused = send('too-many');
    await until(() => told.answers.has(refused));
    expect(told.answers.get(refused)).toBe(413);
    for (const message of open) void endpoint.send(settled(message));
    await expect.poll(openAtWorker).toBe(0);
  });
});

describe('What another worker was sent and does not answer', () => {
  it('with Failure-Report partial is reported when that one dies before it has written it, with no never (CL-16, X-10)', async () => {
    const { owner, told, send, openAtWorker } = await withPeer();
    send('kept', { failureReport: 'partial' });
    send('written', { failureReport: 'partial' });
    send('silent', { failureReport: 'no' });
    const { endpoint } = await owner.next();
    await endpoint.next();
    void endpoint.send(settled(await endpoint.next()));
    await endpoint.next();
    await expect.poll(openAtWorker).toBe(1);
    owner.die();
    await until(() => told.reports.size === 1);
    expect(told.reports.get('kept')).toEqual(['000 408 Connection to next hop lost 1-5/5']);
    expect([openAtWorker(), told.answers.size]).toEqual([0, 0]);
  });

  it('with Failure-Report yes is not settled by a notice (CL-16)', async () => {
    const { owner, told, send } = await withPeer();
    const asked = send('asked');
    const { endpoint } = await owner.next();
    const got = await endpoint.next();
    void endpoint.send(Buffer.concat([settled(got), responseTo(got, 403)]));
    await until(() => told.answers.size === 1);
    expect(told.answers.get(asked)).toBe(403);
  });

  it('and then refuses has one error answer or one REPORT, and no more when that worker dies (CL-16, X-03)', async () => {
    const { owner, told, send, openAtWorker } = await withPeer();
    const first = send('first');
    const { endpoint } = await owner.next();
    void endpoint.send(responseTo(await endpoint.next(), 403));
    await until(() => told.answers.size === 1);
    send('opening');
    void endpoint.send(settled(await takeOver(endpoint)));
    await until(() => told.count(200) === 1);
    send('later');
    void endpoint.send(responseTo(await endpoint.next(), 413));
    await until(() => told.reports.size === 1);
    owner.die();
    const after = send('after');
    await until(() => told.answers.has(after));
    expect([told.answers.get(first), told.reports.get('later')?.length, told.reports.size]).toEqual([403, 1, 1]);
    expect(openAtWorker()).toBe(0);
  });
});

describe('A client with a session of its own', () => {
  it('is told through its session what a worker that died had taken over (CL-16, X-01)', async () => {
    const { workers, owner, uri } = await withScriptedOwner();
    const client = await workers.client(1);
    for (const messageId of ['open', 'done']) {
      await client.send({ to: `${client.usePath} ${uri} ${CLIENT}`, messageId, body: 'hello' });
    }
    const { endpoint } = await owner.next();
    await takeOver(endpoint);
    void endpoint.send(settled(await takeOver(endpoint)));
    await expect.poll(() => workers.relay(1).snapshot().transactions).toBe(1);
    owner.die();
    await client.until(() => client.reports.length === 1);
    const status = '000 408 Connection to next hop lost';
    expect(client.reports).toEqual([
      { messageId: 'open', start: 1, end: 5, total: '5', status, fromPath: client.usePath },
    ]);
  });
});

describe('When the connection of the sender is gone', () => {
  /** A relay from outside with two connections, of which the first wrote to the session of worker 0. */
  async function withRelay() {
    const scene = await withScriptedOwner();
    const certificate = await certificateFor(OUTER);
    const [first, second] = [
      await scene.workers.connect(1, { certificate }),
      await scene.workers.connect(1, { certificate }),
    ];
    const fromPath = `msrps://${OUTER}:2855/s1;tcp msrps://far.example.org:9/y;tcp`;
    const toPath = `${scene.uri} ${CLIENT}`;
    const send = (on: Endpoint, messageId: string) =>
      void on.send(sendRequest({ toPath, fromPath, messageId, byteRange: '1-5/5', body: 'hello' }));
    send(second, 'warm');
    const other = await scene.owner.next();
    void other.endpoint.send(settled(await takeOver(other.endpoint)));
    await second.next();
    send(first, 'taken-over');
    const { endpoint } = await scene.owner.next();
    await takeOver(endpoint);
    await first.next();
    return { ...scene, first, second, told: attend(second), stream: endpoint, send };
  }

  it('the stream ends although not all is settled: the other worker reports that by another way (CL-16, R-15)', async () => {
    const { first, second, told, stream, openAtWorker, owner, send } = await withRelay();
    await first.close();
    await expect.poll(() => stream.socket.readableEnded).toBe(true);
    expect(openAtWorker()).toBe(0);
    owner.die();
    send(second, 'after');
    await until(() => told.count(408) === 1);
    expect(told.reports.size).toBe(0);
  });

  it('the stream waits for what is not taken over, and a relay hears of all that is lost (CL-16, R-15)', async () => {
    const { workers, first, told, stream, owner, send } = await withRelay();
    send(first, 'asked');
    await stream.next();
    await first.close();
    await expect.poll(() => workers.relay(1).snapshot().connections.tls).toBe(1);
    expect(workers.streams()[1]).toBe(2);
    owner.die();
    await until(() => told.reports.size === 2);
    const lost = ['000 408 Connection to next hop lost 1-5/5'];
    expect(Object.fromEntries(told.reports)).toEqual({ 'taken-over': lost, asked: lost });
  });
});

describe('In a drain', () => {
  it('what another worker has taken over is left to that one, and reported at the end if it never said anything (CL-16, X-14)', async () => {
    const { workers, owner, told, send } = await withPeer();
    send('opening');
    const { endpoint } = await owner.next();
    await takeOver(endpoint);
    await until(() => told.count(200) === 1);
    send('unanswered');
    await endpoint.next();
    await until(() => told.count(200) === 2);
    workers.relay(1).giveUp();
    await until(() => told.reports.size === 1);
    expect([...told.reports.keys()]).toEqual(['unanswered']);
    void workers.relay(1).close();
    await until(() => told.reports.size === 2);
    expect(told.reports.get('opening')).toEqual(['000 408 Closing down 1-5/5']);
  });
});
