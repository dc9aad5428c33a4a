/** What a relay says to a SEND, and what of it the next hop sees, for each wish to be told. */
import { afterEach, describe, expect, it } from 'vitest';
import { responseTo } from '../endpoint.ts';
import { fence, text, wire } from './dialogue.ts';
import { DIRECTIONS, openScene, type Scene, type SceneOptions, until } from './scene.ts';

let scenes: Scene[] = [];

async function open(options: SceneOptions): Promise<Scene> {
  const scene = await openScene(options);
  scenes.push(scene);
  return scene;
}

afterEach(async () => {
  for (const scene of scenes) await scene.close();
  scenes = [];
});

const WAYS = DIRECTIONS.flatMap((direction) => [true, false].map((secure) => ({ direction, secure })));
const WISHES = [undefined, 'yes', 'partial', 'no'];

describe.each(WAYS)('A SEND from $direction (TLS: $secure)', (way) => {
  it.each(WISHES)(
    'with Failure-Report %s is answered as that asks for, and arrives with its header lines as they were (R-02, R-03, R-05, R-06, R-08, R-09, R-10, R-14, FW-09, FW-10, U-21, EC-01)',
    async (failureReport) => {
      const scene = await open(way);
      const sent = scene.send({
        messageId: 'mess-1',
        byteRange: '1-5/5',
        ...(failureReport === undefined ? {} : { failureReport }),
        extra: [
          ['X-Zoe', 'Zo\u00c3\u00ab  has "it"'],
          ['Content-Disposition', 'render'],
        ],
        contentType: 'text/plain;charset=utf-8',
        body: 'hello',
      });
      void scene.sender.send(sent);
      const arrived = await scene.receiver.next();
      expect(text(arrived)).toBe(
        wire(
          `MSRP ${arrived.tid} SEND`,
          `To-Path: ${scene.arrivedToPath}`,
          `From-Path: ${scene.arrivedFromPath}`,
          'Message-ID: mess-1',
          'Byte-Range: 1-5/5',
          ...(failureReport === undefined ? [] : [`Failure-Report: ${failureReport}`]),
          'X-Zoe: Zo\u00c3\u00ab  has "it"',
          'Content-Disposition: render',
          'Content-Type: text/plain;charset=utf-8',
          '',
          'hello',
          `-------${arrived.tid}$`,
        ),
      );
      const isAnswered = failureReport === undefined || failureReport === 'yes';
      if (isAnswered) expect(text(await scene.sender.next())).toBe(scene.answer(sent, '200 OK'));
      void scene.receiver.send(responseTo(arrived, 200));
      await scene.nothingMore();
    },
  );

  it('is answered once, each of a hundred at once, and in order (R-08, R-15, FW-15)', async () => {
    const scene = await open(way);
    const all = Array.from({ length: 100 }, (_, number) =>
      scene.send({ body: `number ${number}`, byteRange: '1-*/*' }),
    );
    void scene.sender.send(Buffer.concat(all));
    for (const [number, sent] of all.entries()) {
      expect(text(await scene.sender.next())).toBe(scene.answer(sent, '200 OK'));
      expect((await scene.receiver.next()).body?.toString()).toBe(`number ${number}`);
    }
    await scene.nothingMore();
  });

  it('is answered without waiting for the next hop to answer, read or acknowledge anything (R-14, CH-18, T-10)', async () => {
    const scene = await open(way);
    scene.receiver.pause();
    for (let count = 0; count < 10; count += 1) {
      const sent = scene.send({ body: 'hello' });
      expect(text(await scene.sender.ask(sent))).toBe(scene.answer(sent, '200 OK'));
    }
    await scene.nothingMore();
  });

  it('with Success-Report yes gets no success REPORT of the relay, but that of its receiver (P-07, P-15, P-06)', async () => {
    const scene = await open(way);
    void scene.sender.send(
      scene.send({ messageId: 'mess-9', successReport: 'yes', failureReport: 'no', body: 'hello', byteRange: '1-5/5' }),
    );
    const arrived = await scene.receiver.next();
    expect(arrived.header('Success-Report')).toBe('yes');
    await scene.nothingMore();
    const back = arrived.header('From-Path') ?? '';
    const lines = ['Message-ID: mess-9', 'Byte-Range: 1-5/5', 'Status: 000 200 OK'];
    void scene.receiver.send(
      wire('MSRP rep1 REPORT', `To-Path: ${back}`, `From-Path: ${scene.arrivedToPath}`, ...lines, '-------rep1$'),
    );
    const report = await scene.sender.next();
    const fromPath = `${scene.usePath} ${scene.arrivedToPath}`;
    expect(text(report)).toBe(
      wire(
        `MSRP ${report.tid} REPORT`,
        `To-Path: ${scene.sender.uri}`,
        `From-Path: ${fromPath}`,
        ...lines,
        `-------${report.tid}$`,
      ),
    );
    expect(report.tid).not.toBe('rep1');
    expect(scene.relay.relay.snapshot().transactions).toBe(0);
  });
});

describe.each(WISHES)('Of a SEND with Failure-Report %s', (failureReport) => {
  const wish = failureReport === undefined ? {} : { failureReport };

  it('the relay keeps what a late error may need and nothing else (T-02, T-06, T-07, T-17, CN-16)', async () => {
    const scene = await open({});
    for (let count = 0; count < 20; count += 1) void scene.sender.send(scene.send({ body: 'hello', ...wish }));
    const arrived = await Promise.all(Array.from({ length: 20 }, () => scene.receiver.next()));
    const { relay } = scene.relay;
    expect(relay.snapshot().transactions).toBe(failureReport === 'no' ? 0 : 20);
    for (const message of arrived) void scene.receiver.send(responseTo(message, 200));
    await until(() => relay.snapshot().transactions === 0);
    expect(relay.snapshot().queuedOctets).toBe(0);
    expect(relay.snapshot().reports).toEqual({});
  });

  it('a success of any code settles it, and nothing is passed on (R-16, R-17, R-19, T-04)', async () => {
    const scene = await open({});
    void scene.sender.send(scene.send({ body: 'hello', ...wish }));
    const arrived = await scene.receiver.next();
    if (failureReport !== 'partial' && failureReport !== 'no') await scene.sender.next();
    void scene.receiver.send(responseTo(arrived, 299));
    await until(() => scene.relay.relay.snapshot().transactions === 0);
    scene.clock.advance(120_000);
    await scene.nothingMore();
  });
});

describe('A response', () => {
  it('that matches nothing is dropped: unknown, forged, repeated, or from another connection (T-13, T-16, R-16)', async () => {
    const scene = await open({});
    void scene.sender.send(scene.send({ body: 'hello' }));
    await scene.sender.next();
    const arrived = await scene.receiver.next();
    const right = responseTo(arrived, 415).toString('latin1');
    const forged = [
      right.replaceAll(arrived.tid, 'unknown1'),
      right.replaceAll(arrived.tid, `${arrived.tid}a`),
      right.replace(scene.usePath, 'msrps://elsewhere.example:2855/s;tcp'),
      right.replace(scene.usePath, scene.usePath.replace('.', '.x')),
      right.replace('$\r\n', '+\r\n'),
      right.replace('-------', 'Content-Type: text/plain\r\n\r\nbody\r\n-------'),
    ];
    void scene.receiver.send(forged.join(''));
    const stranger = await scene.relay.connect();
    await stranger.send(right);
    await stranger.ask(fence(scene.relay, stranger));
    const counted = () => Object.values(scene.relay.relay.snapshot().oddities).reduce((sum, one) => sum + one, 0);
    await until(() => counted() === forged.length + 1);
    await scene.nothingMore();
    expect(scene.relay.relay.snapshot().transactions).toBe(1);
    void scene.receiver.send(right + right);
    expect((await scene.sender.next()).header('Status')).toBe('000 415');
    await until(() => counted() === forged.length + 2);
    await scene.nothingMore();
  });

  it('with headers that nobody needs is as good as any (R-20, F-11, F-12)', async () => {
    const scene = await open({});
    void scene.sender.send(scene.send({ body: 'hello' }));
    await scene.sender.next();
    const arrived = await scene.receiver.next();
    void scene.receiver.send(
      responseTo(arrived, 200).toString('latin1').replace('-------', 'Message-ID: mess-1\r\nX-More: yes\r\n-------'),
    );
    await until(() => scene.relay.relay.snapshot().transactions === 0);
  });
});

describe('A transaction id', () => {
  it('of a forwarded SEND is the relay’s own and never twice the same (T-01, F-05)', async () => {
    const scene = await open({});
    const sent = Array.from({ length: 200 }, (_, number) =>
      scene.send({ tid: `ingress${number}`, failureReport: number % 2 === 0 ? 'no' : 'yes', body: 'hello' }),
    );
    void scene.sender.send(Buffer.concat(sent));
    const tids = new Set<string>();
    for (const _ of sent) tids.add((await scene.receiver.next()).tid);
    expect(tids.size).toBe(200);
    expect(
      [...tids].every((tid) => /^[A-Za-z0-9][A-Za-z0-9.+%=-]{10,31}$/.test(tid) && !tid.startsWith('ingress')),
    ).toBe(true);
  });
});

describe('A SEND with Failure-Report no', () => {
  it('is never answered, however wrong it is (R-10, X-07, F-29)', async () => {
    const scene = await open({});
    const wrong = [
      scene.send({ failureReport: 'no', byteRange: '0-5/5', body: 'hello' }),
      scene.send({ failureReport: 'no', byteRange: '1-3/3', body: 'hello' }),
      scene.send({ failureReport: 'no', messageId: null, body: 'hello' }),
    ];
    void scene.sender.send(Buffer.concat(wrong));
    await scene.nothingMore();
  });
});
