/** Two clients of one relay, each of another worker: two relays, one behind the other. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Endpoint, responseTo, sendRequest } from '../endpoint.ts';
import { answerTo, arrival, successReport, text } from '../relay/dialogue.ts';
import { startWorkers } from './workers.ts';

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, byteRange: '1-5/5', body: 'hello', ...more });
}

describe('Two clients of two workers', () => {
  it('reach each other: both URIs in From-Path, one answer, as in one worker (CL-06, U-23)', async () => {
    const workers = await startWorkers();
    const nadia = await workers.clientAt(0);
    const pia = await workers.clientAt(1, { user: 'bob' });
    const asked = send(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`, { messageId: 'first' });
    expect(text(await nadia.endpoint.ask(asked))).toBe(answerTo(asked, '200 OK', nadia.endpoint.uri, nadia.usePath));
    const arrived = await pia.endpoint.next();
    const headers = ['Message-ID: first', 'Byte-Range: 1-5/5'];
    expect(text(arrived)).toBe(arrival(arrived.tid, nadia, pia, headers));
    void pia.endpoint.send(responseTo(arrived, 200));
    void pia.endpoint.send(successReport(pia.endpoint, `${pia.usePath} ${nadia.usePath} ${nadia.endpoint.uri}`));
    const report = await nadia.endpoint.next();
    expect([report.method, report.header('Status')]).toEqual(['REPORT', '000 200 OK']);
    expect(report.header('From-Path')).toBe(`${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`);
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
  });

  it('share one stream for each direction with all others (CL-06)', async () => {
    const workers = await startWorkers();
    const pairs = await Promise.all(
      [1, 2, 3].map(async () => [await workers.client(0), await workers.client(1)] as const),
    );
    for (const [one, other] of pairs) {
      await one.send({ to: one.pathTo(other), messageId: 'there', body: 'hello' });
      await other.send({ to: other.pathTo(one), messageId: 'back', body: 'hello' });
    }
    for (const [one, other] of pairs) {
      await one.until(() => one.received.has('back'));
      await other.until(() => other.received.has('there'));
    }
    expect(workers.streams()).toEqual([2, 2]);
  });

  it('send each other files of 10 MB at once (CL-06, CL-02)', async () => {
    const workers = await startWorkers();
    const one = await workers.client(0);
    const other = await workers.client(1);
    const body = randomBytes(10_000_000);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const wish = { messageId: 'file', body, chunkOctets: body.length, successReport: 'yes' };
    await Promise.all([one.send({ to: one.pathTo(other), ...wish }), other.send({ to: other.pathTo(one), ...wish })]);
    // Each hears that its own came; then both are there.
    for (const party of [one, other]) await party.until(() => party.reports.length === 1);
    for (const party of [one, other]) {
      expect(party.message('file', body.length)).toEqual({ sha256, wrong: [] });
    }
  });

  it('hear of a refusal, and of the end of the session, through both URIs (CL-06, CL-03)', async () => {
    const workers = await startWorkers();
    const one = await workers.client(0);
    const other = await workers.client(1);
    other.respond = ({ body }) => (body?.toString() === 'hello' ? 413 : undefined);
    await one.send({ to: one.pathTo(other), messageId: 'refused', body: 'hello' });
    await one.until(() => one.reports.length === 1);
    await one.send({ to: one.pathTo(other), messageId: 'unanswered', body: 'hello yourself' });
    await other.until(() => other.received.has('unanswered'));
    other.endpoint.socket.destroy();
    await one.until(() => one.reports.length === 2);
    const both = { start: 1, fromPath: `${one.usePath} ${other.usePath}` };
    expect(one.reports).toEqual([
      { ...both, messageId: 'refused', end: 5, total: '5', status: '000 413' },
      { ...both, messageId: 'unanswered', end: 14, total: '14', status: '000 481 Session does not exist' },
    ]);
  });

  it('may write nowhere else by this way: to no other node, to a worker, to a third session (CL-06, FW-05)', async () => {
    const workers = await startWorkers(3);
    const [one, other, third] = await Promise.all([0, 1, 2].map((worker) => workers.client(worker)));
    if (one === undefined || other === undefined || third === undefined) throw new Error('there are three');
    const ways = [
      [other.usePath, 'msrps://elsewhere.example.org:2855/x;tcp'],
      [other.usePath, third.usePath, third.endpoint.uri],
      [other.usePath, one.usePath, one.endpoint.uri],
    ];
    for (const way of ways) {
      await one.send({ to: [one.usePath, ...way].join(' '), messageId: `way-${way.length}`, body: 'hello' });
      await one.until(() => one.reports.length === 1);
      expect(one.reports.splice(0).map(({ status }) => status)).toEqual(['000 403 Not this way']);
    }
    const alone = await one.send({ to: `${one.usePath} ${other.usePath}`, messageId: 'alone', body: 'hello' });
    const [tid = ''] = alone.keys();
    await one.until(() => one.answers.has(tid));
    expect(one.answers.get(tid)).toEqual([481]);
    expect([other, third].map(({ received }) => received.size)).toEqual([0, 0]);
  });

  it('get 408 while the other worker is not there, and reach it when it is back (CL-07)', async () => {
    const workers = await startWorkers();
    const one = await workers.client(0);
    const gone = await workers.client(1);
    await one.send({ to: one.pathTo(gone), messageId: 'before', body: 'hello' });
    await gone.until(() => gone.received.has('before'));
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
    await workers.relay(1).close();
    await expect.poll(() => workers.streams()[0]).toBe(0);
    await one.send({ to: one.pathTo(gone), messageId: 'while', body: 'hello' });
    await one.until(() => one.reports.length === 1);
    expect(one.reports[0]?.status).toBe('000 408 Next hop unreachable');
    const [tid = ''] = (await one.send({ to: one.pathTo(gone), messageId: 'again', body: 'hello' })).keys();
    await one.until(() => one.answers.has(tid));
    expect(one.answers.get(tid)).toEqual([408]);
    await workers.revive(1);
    workers.clock.advance(1000);
    await one.send({ to: one.pathTo(gone), messageId: 'after', body: 'hello' });
    await one.until(() => one.reports.length === 2);
    expect(one.reports[1]?.status).toBe('000 481 Session does not exist');
    const back = await workers.client(1);
    await one.send({ to: one.pathTo(back), messageId: 'anew', body: 'hello' });
    await back.until(() => back.received.has('anew'));
  });
});
