/** Whoever connects is on probation where he is connected, wherever the sessions are that he writes to. */
import type { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { type Endpoint, responseTo, sendRequest } from '../endpoint.ts';
import { startWorkers, type Workers } from './workers.ts';

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, byteRange: '1-5/5', body: 'hello', ...more });
}

/** Lets so many seconds pass, and what happens in them happen. */
async function pass(workers: Workers<ManualClock>, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    workers.clock.advance(1000);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('A connection whose requests all go to another worker', () => {
  it('is closed after five that were refused there (CL-11, CN-13)', async () => {
    const workers = await startWorkers();
    const stranger = await workers.connect(1);
    const toPath = `${workers.target.replace(';tcp', '/0.vkus29o2vf5jTZ8yKNp4xQ;tcp')} msrps://x.example.org:1/x;tcp`;
    for (let count = 0; count < 5; count += 1) expect((await stranger.ask(send(stranger, toPath))).status).toBe(481);
    await stranger.closed;
    await expect.poll(() => workers.streams()).toEqual([0, 0]);
  });

  it('is closed after 30 seconds without one that succeeded, although it asks for no answers (CL-11, CN-13)', async () => {
    const workers = await startWorkers();
    const stranger = await workers.connect(1);
    const toPath = `${workers.target.replace(';tcp', '/0.vkus29o2vf5jTZ8yKNp4xQ;tcp')} msrps://x.example.org:1/x;tcp`;
    let isClosed = false;
    void stranger.closed.then(() => (isClosed = true));
    await pass(workers, 20);
    await stranger.send(send(stranger, toPath, { failureReport: 'no' }));
    await expect.poll(() => workers.streams()).toEqual([1, 1]);
    await pass(workers, 15);
    expect(isClosed).toBe(false);
    await pass(workers, 20);
    await expect.poll(() => isClosed).toBe(true);
  });

  it('has passed its probation when the other worker is content, with or without answers (CL-11, CN-13)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    const loud = await workers.connect(1);
    const { endpoint: other, usePath: otherPath } = await workers.clientAt(0, { user: 'bob' });
    const silent = await workers.connect(1);
    expect((await loud.ask(send(loud, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    await silent.send(send(silent, `${otherPath} ${other.uri}`, { failureReport: 'no' }));
    await other.next();
    void endpoint.send(responseTo(await endpoint.next(), 200));
    await pass(workers, 100);
    for (const [peer, client, path] of [
      [loud, endpoint, usePath],
      [silent, other, otherPath],
    ] as const) {
      void peer.send(send(peer, `${path} ${client.uri}`, { failureReport: 'no', messageId: 'late' }));
      expect((await client.next()).header('Message-ID')).toBe('late');
    }
  });

  it('may name many sessions that do not exist: what is kept of them is bounded (CL-11)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    const peer = await workers.connect(1);
    expect((await peer.ask(send(peer, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    void endpoint.send(responseTo(await endpoint.next(), 200));
    const pad = 'x'.repeat(3000);
    for (let count = 0; count < 2000; count += 1) {
      const uri = workers.target.replace(';tcp', `/0.nobody${count};tcp`);
      const toPath = `${uri} msrps://x.example.org:1/${pad};tcp`;
      await peer.send(send(peer, toPath, { failureReport: count % 2 === 0 ? 'no' : 'partial' }));
    }
    expect((await peer.ask(send(peer, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    const got = await endpoint.next();
    void endpoint.send(responseTo(got, 200));
  });
});
