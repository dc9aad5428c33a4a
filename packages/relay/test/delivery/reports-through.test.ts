/** REPORTs that others made go through the relay: all of them, as they are, and without a trace. */
import { once } from 'node:events';
import { systemClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Endpoint, listen, type Message, request, sendRequest } from '../endpoint.ts';
import { fence } from '../relay/dialogue.ts';
import { PASSWORDS, startRelayWith } from '../relay/harness.ts';
import { until } from '../relay/scene.ts';
import { ReportCheck, type ReportWay, reportTexts } from './report-stream.ts';

const BATCH = 500;

async function start() {
  const relay = await startRelayWith(systemClock);
  onTestFinished(() => relay.close());
  const client = await relay.connect({ secure: false });
  onTestFinished(() => client.reset());
  const target = `msrp://localhost:${relay.tcpPort};tcp`;
  const usePath = await client.auth({ user: 'alice', password: PASSWORDS.alice, target });
  return { relay, client, usePath, snapshot: relay.relay.snapshot };
}

/** Sends `count` REPORTs as fast as they are taken, and checks them where they arrive. */
async function stream(from: Endpoint, to: Endpoint, way: ReportWay, count: number, look: () => void) {
  const check = new ReportCheck(way);
  to.socket.removeAllListeners('data');
  const arrived = new Promise<void>((resolve) => {
    to.socket.on('data', (octets: Buffer) => {
      check.take(octets);
      look();
      if (check.count === count || check.offence !== undefined) resolve();
    });
  });
  for (let first = 1; first <= count; first += BATCH) {
    const room = from.socket.write(reportTexts(way, first, first + BATCH - 1), 'latin1');
    if (!room) await Promise.race([once(from.socket, 'drain'), arrived]);
  }
  await arrived;
  return check;
}

describe('REPORTs on their way through', () => {
  it('reach the client, 200,000 from a peer outside, unchanged but for the paths, and leave nothing behind (P-15, P-10, T-08)', async () => {
    const { relay, client, usePath, snapshot } = await start();
    const peer = await relay.connect({ secure: false });
    onTestFinished(() => peer.reset());
    const way = {
      sent: { toPath: `${usePath} ${client.uri}`, fromPath: `${peer.uri}` },
      arrived: { toPath: client.uri, fromPath: `${usePath} ${peer.uri}` },
    };
    let most = 0;
    const look = () => {
      most = Math.max(most, snapshot().transactions);
    };
    const check = await stream(peer, client, way, 200_000, look);
    expect(check.offence).toBeUndefined();
    expect(check.count).toBe(200_000);
    expect(most).toBe(0);
    expect(snapshot()).toMatchObject({
      transactions: 0,
      queuedOctets: 0,
      reports: {},
      requests: { in: { REPORT: 200_000 }, out: { REPORT: 200_000 } },
    });
    await peer.expectSilence(fence(relay, peer));
  }, 30_000);

  it('reach a peer outside, 50,000 from the client, over the connection that is there (P-15, P-16, T-08)', async () => {
    const { client, usePath, snapshot } = await start();
    const listening = await listen();
    onTestFinished(() => listening.close());
    const sent = { toPath: `${usePath} ${listening.uri}`, fromPath: client.uri };
    void client.send(sendRequest({ ...sent, byteRange: '1-0/0', failureReport: 'no' }));
    const peer = await listening.accept();
    await peer.next();
    const way = { sent, arrived: { toPath: listening.uri, fromPath: `${usePath} ${client.uri}` } };
    const check = await stream(client, peer, way, 50_000, () => {});
    expect(check.offence).toBeUndefined();
    expect(check.count).toBe(50_000);
    expect(snapshot()).toMatchObject({ transactions: 0, queuedOctets: 0, reports: {} });
    expect(listening.acceptedCount()).toBe(1);
  }, 30_000);

  it('wait at their sender for a client that does not read, and none is lost (P-15, P-16)', async () => {
    const { relay, client, usePath, snapshot } = await start();
    const peer = await relay.connect({ secure: false });
    onTestFinished(() => peer.reset());
    const way = {
      sent: { toPath: `${usePath} ${client.uri}`, fromPath: peer.uri },
      arrived: { toPath: client.uri, fromPath: `${usePath} ${peer.uri}` },
    };
    let most = 0;
    const look = () => {
      most = Math.max(most, snapshot().queuedOctets);
    };
    const streamed = stream(peer, client, way, 60_000, look);
    client.pause();
    await until(() => snapshot().queuedOctets > 262_144);
    client.resume();
    expect(await streamed).toMatchObject({ count: 60_000, offence: undefined });
    expect(most).toBeLessThan(1_048_576);
    expect(snapshot().refused).toEqual({ connection: 0 });
  }, 30_000);

  it('are dropped without a word when the client is gone or the peer cannot be reached (P-10, P-13, P-16, X-08)', async () => {
    const { relay, client, usePath, snapshot } = await start();
    const closed = await listen();
    await closed.close();
    const report = (toPath: string, from: Endpoint) =>
      request('REPORT', {
        toPath,
        fromPath: from.uri,
        extra: [
          ['Message-ID', 'message-1'],
          ['Byte-Range', '1-5/5'],
          ['Status', '000 413'],
        ],
      });
    void client.send(report(`${usePath} ${closed.uri}`, client));
    const refused = () => client.ask(sendRequest({ toPath: `${usePath} ${closed.uri}`, fromPath: client.uri }));
    // Once the relay has found out, it refuses SENDs at once: what it had to say of the REPORT would have come by then.
    let answer: Message = await refused();
    while (answer.status !== 408) answer = await refused();
    void client.send(report(`${usePath} ${closed.uri}`, client));
    await expect(client.next(({ header }) => header('Message-ID') === 'message-1', 1)).rejects.toThrow('nothing came');

    const peer = await relay.connect({ secure: false });
    onTestFinished(() => peer.reset());
    void peer.send(report(`${usePath} ${client.uri}`, peer));
    expect((await client.next(({ header }) => header('Status') === '000 413')).header('Message-ID')).toBe('message-1');
    await client.close();
    for (let count = 0; count < 20; count += 1) void peer.send(report(`${usePath} ${client.uri}`, peer));
    await peer.expectSilence(fence(relay, peer));
    const { requests, reports, transactions, queuedOctets } = snapshot();
    // Of the SENDs that were accepted before the relay knew, and of nothing else, it made REPORTs of its own.
    const made = Object.values(reports).reduce((sum, count) => sum + count, 0);
    expect({ transactions, queuedOctets, seen: requests.in.REPORT, passed: (requests.out.REPORT ?? 0) - made }).toEqual(
      {
        transactions: 0,
        queuedOctets: 0,
        seen: 23,
        passed: 2,
      },
    );
  });
});
