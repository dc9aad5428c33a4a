/** A worker that takes over what another one carries to it: it says when all of a chunk is settled, to that worker alone, and hears it from no one else. */
import { describe, expect, it } from 'vitest';
import { NOTICE_MS } from '../../src/relay/notices.ts';
import { MAX_PROBATION_FAILURES } from '../../src/relay/options.ts';
import { type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { attend, tidOf } from '../relay/attend.ts';
import { authOnBehalf, certificateFor } from '../relay/chain.ts';
import type { Overrides } from '../relay/harness.ts';
import { until } from '../relay/scene.ts';
import { ScriptedStream } from './scripted-stream.ts';
import { settled } from './scripted-worker.ts';
import { startWorkers } from './workers.ts';

const PEER = 'msrps://peer.example.org:9/p;tcp';
const INNER = 'inner.example.org';

/** A client of worker 0, and a stream on which a peer of another worker writes to it. */
async function withStream(overrides: Overrides = {}) {
  const workers = await startWorkers(2, overrides);
  const { endpoint: client, usePath } = await workers.clientAt(0);
  const stream = await ScriptedStream.open(workers.directory, '0');
  const send = (wish: Partial<Parameters<typeof sendRequest>[0]> = {}) => {
    const paths = { toPath: `${usePath} ${client.uri}`, fromPath: PEER };
    const octets = sendRequest({ ...paths, byteRange: '1-5/5', body: 'hello', ...wish });
    stream.socket.write(octets);
    return tidOf(octets);
  };
  /** That what would be told by now was told: the answer to a request behind everything else. */
  const nothingMore = async () => {
    const fence = request('AUTH', { toPath: usePath, fromPath: PEER });
    stream.socket.write(fence);
    await until(() => stream.told(tidOf(fence)).length > 0);
  };
  const answer = (message: Message, status: number) => void client.send(responseTo(message, status));
  /** Nothing is open any more, and the time has passed after which that is told on a stream on which nothing else is. */
  const quiet = async () => {
    await expect.poll(() => workers.relay(0).snapshot().transactions).toBe(0);
    workers.clock.advance(2 * NOTICE_MS);
  };
  return { quiet, workers, client, usePath, stream, send, nothingMore, answer };
}

describe('A chunk that another worker hands over', () => {
  it('is answered at once, and settled when the receiver has answered (CL-17)', async () => {
    const { client, stream, send, nothingMore, answer, quiet } = await withStream();
    const tid = send();
    const got = await client.next();
    await nothingMore();
    expect(stream.told(tid)).toEqual(['200']);
    answer(got, 200);
    await quiet();
    await until(() => stream.told(tid).length > 1);
    expect(stream.told(tid)).toEqual(['200', 'settled']);
  });

  it('is settled when each of its pieces is, in whatever order they are answered (CL-17, CH-01)', async () => {
    const { client, stream, send, nothingMore, answer, quiet } = await withStream();
    const tid = send({ byteRange: '1-*/150000', body: 'x'.repeat(150_000) });
    const [first, second] = [await client.next(), await client.next()];
    answer(second, 200);
    answer(await client.next(), 200);
    await nothingMore();
    expect(stream.told(tid)).toEqual(['200']);
    answer(first, 200);
    await quiet();
    await until(() => stream.told(tid).length > 1);
    expect(stream.told(tid)).toEqual(['200', 'settled']);
  });

  it('is not settled before it has come whole and was answered, whatever became of its first pieces (CL-17)', async () => {
    const { client, usePath, stream, quiet } = await withStream();
    const got = attend(client);
    const paths = { toPath: `${usePath} ${client.uri}`, fromPath: PEER };
    const octets = sendRequest({ ...paths, byteRange: '1-*/100000', body: 'x'.repeat(100_000) });
    stream.socket.write(octets.subarray(0, 90_000));
    await until(() => got.received.length > 0);
    await quiet();
    stream.socket.write(octets.subarray(90_000));
    await until(() => stream.told(tidOf(octets)).length > 0);
    await quiet();
    await until(() => stream.told(tidOf(octets)).length > 1);
    // In this order: nothing was said of it before.
    expect(stream.told(tidOf(octets))).toEqual(['200', 'settled']);
  });

  it.each([
    ['reports the refusal of the receiver', 413, '000 413 1-5/5'],
    ['reports another refusal of the receiver', 403, '000 403 1-5/5'],
  ])('%s before it says settled (CL-17, X-01)', async (_what, status, report) => {
    const { client, stream, send, answer } = await withStream();
    const tid = send();
    answer(await client.next(), status);
    await until(() => stream.told(tid).length > 2);
    expect(stream.told(tid)).toEqual(['200', report, 'settled']);
  });

  it('is reported and then settled when the receiver is gone, with all that touch in one REPORT (CL-17, X-12)', async () => {
    const { client, stream, send } = await withStream();
    const chunk = (start: number, flag: '+' | '$') =>
      send({ messageId: 'long', byteRange: `${start}-${start + 4}/10`, body: 'hello', flag });
    const [first, second] = [chunk(1, '+'), chunk(6, '$')];
    await client.next();
    await client.next();
    client.socket.destroy();
    await until(() => stream.told(second).length > 2);
    const report = '000 481 Session does not exist 1-10/10';
    expect(stream.told(first)).toEqual(['200', report, 'settled']);
    expect(stream.told(second)).toEqual(['200', report, 'settled']);
  });

  it('is reported and then settled when the receiver is silent for 30 seconds (CL-17, X-05)', async () => {
    const { workers, client, stream, send } = await withStream();
    const tid = send();
    await client.next();
    for (let second = 0; second < 33; second += 1) workers.clock.advance(1000);
    await until(() => stream.told(tid).length > 2);
    expect(stream.told(tid)).toEqual(['200', '000 408 No response from next hop 1-5/5', 'settled']);
  });

  it('with Failure-Report partial is settled when it was written, and reported all the same when it is refused (CL-17, X-10)', async () => {
    const { client, stream, send, nothingMore, answer } = await withStream();
    const tid = send({ failureReport: 'partial' });
    const got = await client.next();
    await nothingMore();
    answer(got, 403);
    await until(() => stream.told(tid).length > 1);
    expect(stream.told(tid)).toEqual(['settled', '000 403 1-5/5']);
  });

  it('with Failure-Report partial is reported, then settled, when it could not be written (CL-17, X-10)', async () => {
    const { workers, client, stream, send } = await withStream();
    client.pause();
    const wish = { failureReport: 'partial', byteRange: '1-*/60000', body: 'x'.repeat(60_000) };
    const tids = Array.from({ length: 200 }, (_, number) => send({ ...wish, messageId: `large-${number}` }));
    const isSomeSettled = () => {
      workers.clock.advance(NOTICE_MS);
      return tids.some((tid) => stream.told(tid).includes('settled'));
    };
    await expect.poll(isSomeSettled).toBe(true);
    client.socket.destroy();
    await until(() => tids.every((tid) => stream.told(tid).some((said) => said === 'settled' || said === '481')));
    const reports = [...stream.received.matchAll(/Message-ID: large-(\d+)\r\nByte-Range: (.*)\r\nStatus: (.*)\r\n/g)];
    expect(reports.length).toBeGreaterThan(0);
    for (const report of reports) {
      expect(report.slice(2)).toEqual(['1-60000/60000', '000 481 Session does not exist']);
      expect(report.index).toBeLessThan(stream.received.indexOf(`MSRP ${tids[Number(report[1])]} SETTLED`));
    }
  });

  it('with Failure-Report no is never spoken of (CL-17)', async () => {
    const { client, stream, send, nothingMore } = await withStream();
    const tid = send({ failureReport: 'no' });
    await client.next();
    client.socket.destroy();
    await nothingMore();
    expect(stream.told(tid)).toEqual([]);
  });

  it('that is refused has its error answer, and nothing follows (CL-17)', async () => {
    const { usePath, stream, send, nothingMore } = await withStream();
    const tid = send({ toPath: `${usePath} ${PEER}` });
    await until(() => stream.told(tid).length > 0);
    const tooMany = send({ byteRange: '1-2/2', body: 'more than that' });
    await until(() => stream.told(tooMany).length > 0);
    await nothingMore();
    expect([stream.told(tid), stream.told(tooMany)]).toEqual([['403'], ['400']]);
  });

  it('whose answer is held back is settled behind it (CL-17, FC-05)', async () => {
    const marks = { highWaterOctets: 65_536, lowWaterOctets: 16_384 };
    const { client, stream, send, answer, quiet } = await withStream({
      flow: { ...marks, sessionOctets: 65_536, windowOctets: 65_536 },
    });
    const body = 'x'.repeat(60_000);
    const tids = Array.from({ length: 6 }, () => send({ byteRange: '1-*/60000', body }));
    for (let count = 0; count < tids.length; count += 1) {
      const got = await client.next(({ method }) => method === 'SEND');
      answer(got, 200);
    }
    await quiet();
    await until(() => tids.every((tid) => stream.told(tid).length === 2));
    for (const tid of tids) expect(stream.told(tid)).toEqual(['200', 'settled']);
  });

  it('and was settled a moment ago is told of before all workers give up and close (CL-17, X-14)', async () => {
    const { workers, client, stream, send, answer } = await withStream();
    const tid = send();
    answer(await client.next(), 200);
    await expect.poll(() => workers.relay(0).snapshot().transactions).toBe(0);
    workers.relay(0).giveUp();
    await until(() => stream.told(tid).length === 2);
    expect(stream.told(tid)).toEqual(['200', 'settled']);
  });

  it('that ends at its session is settled with its answer (CL-17)', async () => {
    const workers = await startWorkers(2, { relays: { requireCertificate: true } });
    const near = await workers.connect(0, { certificate: await certificateFor(INNER) });
    const far = await workers.connect(1, { certificate: await certificateFor(INNER) });
    const fromPath = `msrps://${INNER}:2855/s1;tcp msrps://client.example.org:9/c;tcp`;
    const granted = await authOnBehalf(near, { target: workers.target, fromPath });
    const toPath = granted.header('Use-Path')?.split(' ').at(-1) ?? '';
    expect((await far.ask(sendRequest({ toPath, fromPath, messageId: 'alive' }))).status).toBe(200);
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
    expect(workers.streams()).toEqual([1, 1]);
  });
});

describe('What goes out of a session to a connection of another worker', () => {
  it('is reported to the client when that worker dies, unless the peer has answered (CL-16, CL-17, X-01)', async () => {
    const { workers, client, usePath, stream, send, answer } = await withStream();
    send({ messageId: 'opening' });
    answer(await client.next(), 200);
    const out = (messageId: string) =>
      void client.send(
        sendRequest({
          toPath: `${usePath} ${PEER}`,
          fromPath: client.uri,
          messageId,
          byteRange: '1-5/5',
          body: 'hello',
        }),
      );
    out('answered');
    out('lost');
    const sends = () => [...stream.received.matchAll(/MSRP (\S+) SEND\r\nTo-Path: (\S+)\r\nFrom-Path: (\S+)/g)];
    await until(() => sends().length === 2);
    for (const [, tid, to, from] of sends()) {
      stream.socket.write(`MSRP ${tid} 200 OK\r\nTo-Path: ${from}\r\nFrom-Path: ${to}\r\n-------${tid}$\r\n`);
    }
    stream.socket.write(`MSRP ${sends()[0]?.[1]} SETTLED\r\n-------${sends()[0]?.[1]}$\r\n`);
    await expect.poll(() => workers.relay(0).snapshot().transactions).toBe(1);
    const told = attend(client);
    stream.socket.destroy();
    await until(() => told.reports.size === 1);
    expect(told.reports.get('lost')).toEqual(['000 408 Connection to next hop lost 1-5/5']);
  });
});

describe('A notice that does not come from another worker', () => {
  it('settles nothing: neither for the client that was sent the message, nor for a peer (CL-18)', async () => {
    const workers = await startWorkers();
    for (const worker of [0, 1]) {
      const { endpoint: client, usePath } = await workers.clientAt(0);
      const peer = await workers.connect(worker);
      const told = attend(peer);
      const paths = { toPath: `${usePath} ${client.uri}`, fromPath: peer.uri };
      void peer.send(sendRequest({ ...paths, messageId: 'message', byteRange: '1-5/5', body: 'hello' }));
      const got = await client.next();
      await until(() => told.count(200) === 1);
      for (const endpoint of [client, peer]) {
        void endpoint.send(settled(got));
        void endpoint.send(request('SETTLED', { tid: got.tid, toPath: workers.target, fromPath: endpoint.uri }));
      }
      void client.send(request('SETTLED', { tid: got.tid, toPath: `${usePath} ${peer.uri}`, fromPath: client.uri }));
      void client.send(responseTo(got, 403));
      await until(() => told.reports.size === 1);
      expect(told.reports.get('message')).toEqual(['000 403 1-5/5']);
    }
  });

  it('passes for a request like any other where it has paths, to the end of them, and is malformed where it has none (CL-18)', async () => {
    const workers = await startWorkers();
    const { endpoint: client, usePath } = await workers.clientAt(0);
    const peer = await workers.connect(1);
    const toPath = `${usePath} ${client.uri}`;
    expect(
      (await peer.ask(sendRequest({ toPath, fromPath: peer.uri, messageId: 'message', body: 'hello' }))).status,
    ).toBe(200);
    const open = await client.next();
    void peer.send(settled(open));
    const asked = peer.ask(request('SETTLED', { toPath, fromPath: peer.uri }));
    const got = await client.next();
    expect([got.method, got.header('To-Path'), got.header('From-Path')]).toEqual([
      'SETTLED',
      client.uri,
      `${usePath} ${peer.uri}`,
    ]);
    void client.send(responseTo(got, 501));
    expect((await asked).status).toBe(501);
    expect(workers.relays.map((relay) => relay.snapshot().transactions)).toEqual([1, 1]);
    void client.send(responseTo(open, 200));
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
    const stranger = await workers.connect(1);
    for (let count = 0; count < MAX_PROBATION_FAILURES; count += 1) void stranger.send(settled(open));
    await stranger.closed;
    expect(workers.relay(1).snapshot().refused.malformed).toBe(MAX_PROBATION_FAILURES + 1);
  });
});
