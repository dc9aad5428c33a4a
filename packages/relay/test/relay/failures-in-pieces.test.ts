/** Failures of chunks that leave in pieces, come while more is coming, or come several at once: one signal for each range. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Message, responseTo } from '../endpoint.ts';
import { text } from './dialogue.ts';
import { type Direction, openScene, pattern, type Scene, type SceneOptions, until } from './scene.ts';

let scenes: Scene[] = [];

async function open(options: SceneOptions = {}): Promise<Scene> {
  const scene = await openScene(options);
  scenes.push(scene);
  return scene;
}

afterEach(async () => {
  for (const scene of scenes) await scene.close();
  scenes = [];
});

const PIECES = { overrides: { chunk: { maxOctets: 2048 } } };
const BOTH: readonly Direction[] = ['client to peer', 'peer to client'];

/** Sends octets, and waits until the relay has read them. */
async function send(scene: Scene, octets: Uint8Array): Promise<void> {
  const before = scene.relay.relay.snapshot().octets.in;
  void scene.sender.send(octets);
  await until(() => scene.relay.relay.snapshot().octets.in >= before + octets.length);
}

/** A SEND of `octets` octets, split after the first `sentOctets` of its body. */
function split(scene: Scene, octets: number, sentOctets: number, wish: Parameters<Scene['send']>[0] = {}) {
  const sent = scene.send({ messageId: 'mess-1', byteRange: `1-*/${octets}`, body: pattern(1, octets), ...wish });
  const at = sent.indexOf('\r\n\r\n') + 4 + sentOctets;
  return { sent, first: sent.subarray(0, at), rest: sent.subarray(at) };
}

async function take(scene: Scene, count: number): Promise<Message[]> {
  const received: Message[] = [];
  while (received.length < count) received.push(await scene.receiver.next());
  return received;
}

function respond(scene: Scene, message: Message | undefined, status: number, comment?: string): void {
  if (message === undefined) throw new Error('nothing to answer');
  void scene.receiver.send(responseTo(message, status, comment));
}

async function expectReports(scene: Scene, status: string, ...ranges: readonly string[]): Promise<void> {
  for (const byteRange of ranges) {
    const got = await scene.sender.next();
    expect(text(got)).toBe(scene.report(got, { messageId: 'mess-1', byteRange, status }));
  }
  await scene.nothingMore();
}

describe.each(BOTH)('A chunk from %s that is still coming in', (direction) => {
  it('and whose first piece is refused gets that as its one answer; later refusals are silent, and the hop sees # (X-20, X-16, R-13, R-15)', async () => {
    const scene = await open({ direction, ...PIECES });
    const { sent, first, rest } = split(scene, 20_000, 9000);
    await send(scene, first);
    const pieces = await take(scene, 4);
    respond(scene, pieces[0], 415, 'Not here');
    expect(text(await scene.sender.next())).toBe(scene.answer(sent, '415 Not here'));
    const last = await scene.receiver.next();
    expect([last.flag, last.header('Message-ID'), last.header('Byte-Range')?.startsWith('8193-')]).toEqual([
      '#',
      'mess-1',
      true,
    ]);
    for (const piece of pieces.slice(1)) respond(scene, piece, 415, 'Not here');
    respond(scene, last, 481);
    await send(scene, rest);
    await scene.nothingMore();
    expect(scene.relay.relay.snapshot().transactions).toBe(0);
    expect((await scene.sender.ask(scene.send({ body: 'next' }))).status).toBe(200);
    expect((await scene.receiver.next()).body?.toString()).toBe('next');
  });

  it('with partial, and one piece of which is refused, gets the error, too, and nothing else (X-20, R-09)', async () => {
    const scene = await open({ direction, ...PIECES });
    const { sent, first, rest } = split(scene, 20_000, 9000, { failureReport: 'partial' });
    await send(scene, first);
    const pieces = await take(scene, 4);
    respond(scene, pieces[2], 481);
    expect(text(await scene.sender.next())).toBe(scene.answer(sent, '481'));
    for (const piece of [pieces[0], pieces[1], pieces[3]]) respond(scene, piece, 481);
    await send(scene, rest);
    await scene.nothingMore();
  });

  it('when its next hop is lost gets the error; what was answered 200 before is reported (X-16, X-20, X-02, X-03)', async () => {
    const scene = await open({ direction, ...PIECES });
    const earlier = scene.send({ messageId: 'mess-0', byteRange: '1-*/9000', body: pattern(1, 3000), flag: '+' });
    expect((await scene.sender.ask(earlier)).status).toBe(200);
    const { sent, first, rest } = split(scene, 20_000, 9000);
    await send(scene, first);
    await take(scene, 6);
    scene.receiver.socket.destroy();
    const got = [await scene.sender.next(), await scene.sender.next()];
    const status = direction === 'client to peer' ? '408 Connection to next hop lost' : '481 Session does not exist';
    const report = got.find(({ method }) => method === 'REPORT');
    const response = got.find((message) => message.status !== undefined);
    expect(response && text(response)).toBe(scene.answer(sent, status));
    const wish = { messageId: 'mess-0', byteRange: '1-3000/9000', status };
    expect(report && text(report)).toBe(report && scene.report(report, wish));
    await send(scene, rest);
    await scene.nothingMore();
  });

  it('and whose piece is not answered for 30 s gets 408, once (X-20, X-04)', async () => {
    const scene = await open({ direction, ...PIECES });
    const { sent, first, rest } = split(scene, 20_000, 9000);
    await send(scene, first);
    await take(scene, 4);
    await until(() => scene.relay.relay.snapshot().queuedOctets === 0);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    scene.clock.advance(32_000);
    expect(text(await scene.sender.next())).toBe(scene.answer(sent, '408 No response from next hop'));
    await send(scene, rest);
    await scene.nothingMore();
  });
});

describe.each(BOTH)('After its 200, a message from %s', (direction) => {
  async function accepted(octets = 10_000): Promise<{ scene: Scene; pieces: Message[] }> {
    const scene = await open({ direction, ...PIECES });
    const sent = scene.send({ messageId: 'mess-1', byteRange: `1-*/${octets}`, body: pattern(1, octets) });
    expect((await scene.sender.ask(sent)).status).toBe(200);
    return { scene, pieces: await take(scene, Math.ceil(octets / 2048)) };
  }

  it('is reported piece by piece as each is refused (X-20, X-10, X-14, CH-17, T-02)', async () => {
    const { scene, pieces } = await accepted();
    respond(scene, pieces[0], 200);
    respond(scene, pieces[1], 415);
    respond(scene, pieces[2], 200);
    respond(scene, pieces[3], 415);
    respond(scene, pieces[4], 415);
    await expectReports(scene, '415', '2049-4096/10000', '6145-8192/10000', '8193-10000/10000');
  });

  it('is reported in one when all that is open of it fails at once (X-20, X-03)', async () => {
    const { scene } = await accepted();
    scene.receiver.socket.destroy();
    const status = direction === 'client to peer' ? '408 Connection to next hop lost' : '481 Session does not exist';
    await expectReports(scene, status, '1-10000/10000');
  });

  it('is reported where it failed, around what was answered (X-20, X-14, X-03)', async () => {
    const { scene, pieces } = await accepted();
    respond(scene, pieces[2], 200);
    await until(() => scene.relay.relay.snapshot().transactions === 4);
    scene.receiver.socket.destroy();
    const status = direction === 'client to peer' ? '408 Connection to next hop lost' : '481 Session does not exist';
    await expectReports(scene, status, '1-4096/10000', '6145-10000/10000');
  });

  it('that was refused is not reported again when the connection is lost, or answered late (X-14, T-16)', async () => {
    const { scene, pieces } = await accepted(2000);
    respond(scene, pieces[0], 415);
    respond(scene, pieces[0], 415);
    await expectReports(scene, '415', '1-2000/2000');
    scene.receiver.socket.destroy();
    await scene.nothingMore();
  });
});

describe('A message that its next hop answers 413', () => {
  const ROOM = {
    chunk: { maxOctets: 65_536 },
    flow: { highWaterOctets: 4_194_304, sessionOctets: 8_388_608, windowOctets: 65_536 },
  };

  it.each(BOTH)(
    'from %s goes no further: what waits is dropped and reported, the rest refused (X-17, EC-07, X-10)',
    async (direction) => {
      // One piece under way fills the window: all others wait.
      const scene = await open({ direction, overrides: ROOM });
      const chunk = (start: number, flag: '+' | '$') =>
        scene.send({ messageId: 'mess-1', byteRange: `${start}-*/400000`, body: pattern(1, 65_536), flag });
      for (let start = 1; start < 300_000; start += 65_536) {
        expect((await scene.sender.ask(chunk(start, '+'))).status).toBe(200);
      }
      const other = scene.send({ messageId: 'mess-2', byteRange: '1-5/5', body: 'hello' });
      expect((await scene.sender.ask(other)).status).toBe(200);
      const [first] = await take(scene, 1);
      expect(first?.header('Byte-Range')).toBe('1-*/400000');
      respond(scene, first, 413, 'Stop');
      const reported: string[] = [];
      for (let octets = 0; octets < 327_680; ) {
        const got = await scene.sender.next();
        expect([got.method, got.header('Message-ID'), got.header('Status')]).toEqual([
          'REPORT',
          'mess-1',
          '000 413 Stop',
        ]);
        const [, start = '', end = ''] = /^(\d+)-(\d+)\/400000$/.exec(got.header('Byte-Range') ?? '') ?? [];
        reported.push(`${start}-${end}`);
        octets += Number(end) - Number(start) + 1;
      }
      expect(reported[0]?.startsWith('1-')).toBe(true);
      expect(reported.at(-1)?.endsWith('-327680')).toBe(true);
      expect((await scene.receiver.next()).header('Message-ID')).toBe('mess-2');
      const refused = chunk(327_681, '$');
      expect(text(await scene.sender.ask(refused))).toBe(scene.answer(refused, '413 Message too large'));
      const silent = refused.toString('latin1').replace('Byte-Range', 'Failure-Report: no\r\nByte-Range');
      void scene.sender.send(silent);
      await scene.nothingMore();
      expect((await scene.sender.ask(scene.send({ messageId: 'mess-3', body: 'hello' }))).status).toBe(200);
      expect((await scene.receiver.next()).header('Message-ID')).toBe('mess-3');
    },
  );

  it('while it comes in gets 413 as its answer, and the hop a # (X-17, X-20, R-13)', async () => {
    const scene = await open(PIECES);
    const { sent, first, rest } = split(scene, 20_000, 9000);
    await send(scene, first);
    const pieces = await take(scene, 4);
    respond(scene, pieces[1], 413, 'Stop');
    expect(text(await scene.sender.next())).toBe(scene.answer(sent, '413 Stop'));
    expect((await scene.receiver.next()).flag).toBe('#');
    await send(scene, rest);
    await scene.nothingMore();
    const more = scene.send({ messageId: 'mess-1', byteRange: '20001-*/30000', body: 'hello' });
    expect((await scene.sender.ask(more)).status).toBe(413);
    await scene.nothingMore();
  });
});

describe('Chunks that wait for a client', () => {
  it('that goes away are all reported, ten of ten (X-18, X-01)', async () => {
    const overrides = { flow: { highWaterOctets: 1_048_576, sessionOctets: 4_194_304 } };
    const scene = await open({ direction: 'peer to client', overrides });
    scene.receiver.pause();
    const { relay } = scene.relay;
    while (relay.snapshot().queuedOctets === 0) {
      await send(scene, scene.send({ failureReport: 'no', body: Buffer.alloc(60_000) }));
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    const wishes = ['yes', 'partial'];
    for (let number = 0; number < 10; number += 1) {
      const failureReport = wishes[number % 2] ?? '';
      await send(scene, scene.send({ messageId: `mess-${number}`, failureReport, byteRange: '1-5/5', body: 'hello' }));
      if (failureReport === 'yes') expect((await scene.sender.next()).status).toBe(200);
    }
    scene.receiver.socket.destroy();
    const reported: string[] = [];
    for (let number = 0; number < 10; number += 1) {
      const got = await scene.sender.next();
      reported.push(`${got.header('Message-ID')} ${got.header('Byte-Range')} ${got.header('Status')}`);
    }
    expect(reported.toSorted()).toEqual(
      Array.from({ length: 10 }, (_, number) => `mess-${number} 1-5/5 000 481 Session does not exist`),
    );
    // One word and the status: metrics are labelled with both.
    expect(relay.snapshot().reports).toEqual({ 'gone 481': 10 });
    await scene.nothingMore();
  });
});

describe('A REPORT', () => {
  it('for a sender that is gone goes nowhere, and nobody is dialled for it (X-12, P-13, R-07)', async () => {
    const scene = await open({});
    expect((await scene.sender.ask(scene.send({ body: 'hello' }))).status).toBe(200);
    const [arrived] = await take(scene, 1);
    await scene.sender.close();
    const { relay } = scene.relay;
    await until(() => relay.snapshot().sessions === 0);
    respond(scene, arrived, 415);
    await until(() => relay.snapshot().transactions === 0);
    const { reports, connections, requests } = relay.snapshot();
    expect([reports, connections['dialled-tls'], requests.out.REPORT ?? 0]).toEqual([{}, 1, 0]);
  });

  it('about a REPORT is never made, nor about a response (P-10, X-08)', async () => {
    const scene = await open({});
    const paths = `To-Path: ${scene.toPath}\r\nFrom-Path: ${scene.sender.uri}\r\n`;
    const report = `MSRP rep1 REPORT\r\n${paths}Message-ID: mess-1\r\nByte-Range: 1-5/5\r\nStatus: 000 408\r\n-------rep1$\r\n`;
    void scene.sender.send(report);
    const [arrived] = await take(scene, 1);
    respond(scene, arrived, 481);
    scene.receiver.socket.destroy();
    await scene.nothingMore();
    void scene.sender.send(report);
    await scene.nothingMore();
    expect(scene.relay.relay.snapshot().reports).toEqual({});
  });
});

describe('The 30 seconds', () => {
  it('begin when the last octet is out: what waits for a slow receiver is not late (T-03, FC-07)', async () => {
    const overrides = { flow: { highWaterOctets: 1_048_576, sessionOctets: 4_194_304 } };
    const scene = await open({ overrides });
    scene.receiver.pause();
    const { relay } = scene.relay;
    while (relay.snapshot().queuedOctets === 0) {
      await send(scene, scene.send({ failureReport: 'no', body: Buffer.alloc(60_000) }));
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(
      (await scene.sender.ask(scene.send({ messageId: 'mess-1', byteRange: '1-5/5', body: 'hello' }))).status,
    ).toBe(200);
    for (let seconds = 0; seconds < 60; seconds += 1) {
      scene.clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await scene.nothingMore();
    scene.receiver.resume();
    const arrived = await scene.receiver.next((message) => message.header('Message-ID') === 'mess-1');
    await scene.nothingMore();
    scene.clock.advance(29_000);
    respond(scene, arrived, 200);
    await until(() => relay.snapshot().transactions === 0);
    scene.clock.advance(60_000);
    await scene.nothingMore();
  });

  it('do not run while the relay does not read where the response would come (T-03, FC-06)', async () => {
    const overrides = { flow: { highWaterOctets: 65_536, lowWaterOctets: 4096, sessionOctets: 8_388_608 } };
    const scene = await open({ direction: 'peer to client', overrides });
    const { client, sender: peer } = scene;
    const toPeer = `${scene.usePath} ${peer.uri}`;
    // The client stops reading: what the peer sends piles up, and the peer is not read any more.
    client.pause();
    const { relay } = scene.relay;
    let inBefore = -1;
    while (relay.snapshot().octets.in !== inBefore || relay.snapshot().queuedOctets < 65_536) {
      inBefore = relay.snapshot().octets.in;
      void peer.send(scene.send({ failureReport: 'no', body: Buffer.alloc(60_000) }));
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    const octets = scene
      .send({ messageId: 'mess-1', byteRange: '1-5/5', body: 'hello' })
      .toString('latin1')
      .replace(scene.toPath, toPeer)
      .replace(`From-Path: ${peer.uri}`, `From-Path: ${client.uri}`);
    void client.send(octets);
    const arrived = await peer.next(({ method }) => method === 'SEND');
    for (let seconds = 0; seconds < 15; seconds += 1) {
      scene.clock.advance(1000);
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    client.resume();
    await until(() => relay.snapshot().queuedOctets === 0);
    for (let seconds = 0; seconds < 20; seconds += 1) {
      scene.clock.advance(1000);
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    // 35 s since it was written, 15 of them unread.
    expect(relay.snapshot().reports).toEqual({});
    void peer.send(responseTo(arrived, 200));
    await until(() => relay.snapshot().transactions === 0);
    expect(relay.snapshot().reports).toEqual({});
  });
});

describe('A chunk with Failure-Report partial', () => {
  it('is remembered for 60 s, and an error in that time is reported; silence is not (T-06, X-04, X-05)', async () => {
    const scene = await open({});
    for (const [waitMs, isReported] of [
      [10_000, true],
      [58_000, true],
      [62_000, false],
    ] as const) {
      void scene.sender.send(
        scene.send({ messageId: 'mess-1', failureReport: 'partial', byteRange: '1-5/5', body: 'hello' }),
      );
      const [arrived] = await take(scene, 1);
      await scene.nothingMore();
      scene.clock.advance(waitMs);
      respond(scene, arrived, 415);
      if (isReported) await expectReports(scene, '415', '1-5/5');
      else await until(() => Object.keys(scene.relay.relay.snapshot().oddities).length > 0);
      await scene.nothingMore();
    }
  });
});
