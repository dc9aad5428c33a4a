/** The 30 s of RFC 4976 §6.4.1 by the clock on the wall. All other tests of time-outs move a clock by hand. */
import { systemClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen, type Message, responseTo, sendRequest } from '../endpoint.ts';
import { fence } from '../relay/dialogue.ts';
import { PASSWORDS, startRelayWith } from '../relay/harness.ts';

/** The least a sender may have to wait, and the most: the relay looks once a second. */
const LEAST_MS = 30_000;
const MOST_MS = 32_500;

describe('a peer that takes chunks and answers nothing', () => {
  it('is reported with 408 after 30 s of system time, once, and only where yes was asked for and nothing came (X-04, X-07, X-14, T-03, T-04, T-16)', async () => {
    const relay = await startRelayWith(systemClock);
    onTestFinished(() => relay.close());
    const peer = await listen();
    onTestFinished(() => peer.close());
    const client = await relay.connect({ secure: false });
    const target = `msrp://localhost:${relay.tcpPort};tcp`;
    const usePath = await client.auth({ user: 'alice', password: PASSWORDS.alice, target });
    const paths = { toPath: `${usePath} ${peer.uri}`, fromPath: client.uri, byteRange: '1-5/5', body: 'hello' };
    const isResponse = ({ status }: Message) => status !== undefined;

    for (const wish of ['no', 'partial', 'yes'] as const) {
      void client.send(sendRequest({ ...paths, messageId: `${wish}-1`, failureReport: wish }));
    }
    const hop = await peer.accept();
    expect((await client.next(isResponse)).status).toBe(200);
    for (let count = 0; count < 3; count += 1) await hop.next();

    const sentMs = performance.now();
    void client.send(sendRequest({ ...paths, messageId: 'mute-1' }));
    const mute = await hop.next();
    const arrivedMs = performance.now();
    void client.send(sendRequest({ ...paths, messageId: 'answered-1' }));
    void hop.send(responseTo(await hop.next(), 200));
    expect((await client.next(isResponse)).status).toBe(200);
    expect((await client.next(isResponse)).status).toBe(200);

    const reports = [await client.next(undefined, 35_000), await client.next(undefined, 5000)];
    const reportedMs = performance.now();
    expect(reports.map((report) => report.header('Message-ID'))).toEqual(['yes-1', 'mute-1']);
    for (const report of reports) {
      expect(report.method).toBe('REPORT');
      expect(report.header('Status')).toBe('000 408 No response from next hop');
      expect(report.header('Byte-Range')).toBe('1-5/5');
    }
    expect(reportedMs - sentMs).toBeGreaterThanOrEqual(LEAST_MS);
    expect(reportedMs - arrivedMs).toBeLessThan(MOST_MS);

    // Too late: what is answered now was reported already. What follows on the same connection is the proof that it was read.
    await hop.send(responseTo(mute, 415));
    const onward = { toPath: `${usePath} ${client.uri}`, fromPath: peer.uri, messageId: 'back-1' };
    void hop.send(sendRequest({ ...onward, failureReport: 'no', byteRange: '1-2/2', body: 'ok' }));
    expect((await client.next(({ method }) => method === 'SEND')).header('Message-ID')).toBe('back-1');
    await client.expectSilence(fence(relay, client));
    expect(relay.relay.snapshot().reports).toEqual({ 'timeout 408': 2 });
  }, 60_000);
});
