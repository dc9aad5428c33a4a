/** What is still said when an end has begun: a peer that has ended its side, a relay that drains, a response behind a file. */
import { afterEach, describe, expect, it } from 'vitest';
import { request, responseTo, sendRequest } from '../endpoint.ts';
import { text } from './dialogue.ts';
import { DIRECTIONS, openScene, type Scene, type SceneOptions, until } from './scene.ts';

const STATUS_OF_ANOTHER = [
  ['Message-ID', 'mess-2'],
  ['Byte-Range', '1-5/5'],
  ['Status', '000 413 Too large'],
] as const;

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

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('A node that ends its side right after a SEND', () => {
  const table = DIRECTIONS.flatMap((direction) => [true, false].map((secure) => ({ direction, secure })));

  it.each(table)('is still answered, $direction, TLS: $secure (R-08, R-07)', async ({ direction, secure }) => {
    const scene = await open({ direction, secure });
    const sent = scene.send({ body: 'hello' });
    scene.sender.socket.end(sent);
    expect(text(await scene.sender.next())).toBe(scene.answer(sent, '200 OK'));
    expect((await scene.receiver.next()).body?.toString()).toBe('hello');
    await scene.sender.closed;
  });

  it.each([true, false])('is still answered where the relay had dialled it, TLS: %s (R-08, R-07)', async (secure) => {
    const scene = await open({ secure });
    const toPath = `${scene.usePath} ${scene.client.uri}`;
    const sent = sendRequest({ toPath, fromPath: scene.receiver.uri, body: 'hello' });
    scene.receiver.socket.end(sent);
    const answer = await scene.receiver.next();
    expect([answer.status, answer.header('To-Path'), answer.header('From-Path')]).toEqual([
      200,
      scene.receiver.uri,
      scene.usePath,
    ]);
    expect((await scene.client.next()).body?.toString()).toBe('hello');
    await scene.receiver.closed;
  });
});

describe('A response that is due on a connection where a file is waiting', () => {
  it.each(DIRECTIONS)('overtakes what has not been handed to the system, %s (CH-04, FC-01)', async (direction) => {
    const flow = { highWaterOctets: 4_194_304, sessionOctets: 8_388_608 };
    const scene = await open({ direction, overrides: { flow } });
    const { relay } = scene.relay;
    scene.receiver.pause();
    const part = scene.send({ messageId: 'file-1', failureReport: 'no', body: Buffer.alloc(60_000), flag: '+' });
    while (relay.snapshot().queuedOctets < 1_000_000) {
      const before = relay.snapshot().octets.in;
      void scene.sender.send(part);
      await until(() => relay.snapshot().octets.in >= before + part.length);
      await turns(2);
    }
    const toPath = `${scene.usePath} ${scene.sender.uri}`;
    const fromPath = scene.arrivedToPath;
    const back = sendRequest({ tid: 'back1', toPath, fromPath, body: 'hello' });
    const waiting = Math.floor(relay.snapshot().queuedOctets / 60_500);
    void scene.receiver.send(back);
    expect((await scene.sender.next()).body?.toString()).toBe('hello');
    void scene.sender.send(scene.send({ messageId: 'file-1', failureReport: 'no', body: 'end' }));
    scene.receiver.resume();
    const order: string[] = [];
    while (order.at(-1) !== '$') {
      const { tid, flag, status } = await scene.receiver.next();
      order.push(status === undefined ? flag : tid);
    }
    const behind = order.length - 1 - order.indexOf('back1');
    expect(order).toContain('back1');
    expect(waiting).toBeGreaterThan(10);
    // One batch, of two chunks, may have been on its way to the system.
    expect(behind).toBeGreaterThanOrEqual(waiting - 2);
  });
});

describe('A relay that drains', () => {
  it('lets what is open settle, and ends without a REPORT when it has (X-06, T-17)', async () => {
    const scene = await open();
    expect((await scene.sender.ask(scene.send({ body: 'hello' }))).status).toBe(200);
    const arrived = await scene.receiver.next();
    const drained = scene.relay.relay.drain(40_000);
    await turns(3);
    scene.clock.advance(10_000);
    await turns(3);
    expect(scene.relay.relay.state).toBe('draining');
    void scene.receiver.send(responseTo(arrived, 200));
    await until(() => scene.relay.relay.snapshot().transactions === 0);
    for (let tenths = 0; tenths < 5; tenths += 1) {
      scene.clock.advance(100);
      await turns(3);
    }
    await drained;
    await scene.sender.closed;
    await expect(scene.sender.next()).rejects.toThrow('closed');
    expect(scene.relay.relay.snapshot().reports).toEqual({});
  });

  it('passes an error on that comes in the meantime, takes nothing new, and reports what is open at its deadline (X-05, X-06, X-01, EC-06)', async () => {
    const scene = await open();
    for (const messageId of ['mess-1', 'mess-2']) {
      const sent = scene.send({ messageId, byteRange: '1-5/5', body: 'hello' });
      expect((await scene.sender.ask(sent)).status).toBe(200);
    }
    const first = await scene.receiver.next();
    const drained = scene.relay.relay.drain(20_000);
    void scene.receiver.send(responseTo(first, 415));
    const refusal = await scene.sender.next();
    expect(text(refusal)).toBe(scene.report(refusal, { messageId: 'mess-1', byteRange: '1-5/5', status: '415' }));
    const late = scene.send({ body: 'too late' });
    expect(text(await scene.sender.ask(late))).toBe(scene.answer(late, '408 Closing down'));
    await scene.nothingMore();
    for (let tenths = 0; tenths < 201; tenths += 1) {
      scene.clock.advance(100);
      await turns(1);
    }
    await drained;
    const report = await scene.sender.next();
    const wish = { messageId: 'mess-2', byteRange: '1-5/5', status: '408 Closing down' };
    expect(text(report)).toBe(scene.report(report, wish));
    await scene.sender.closed;
    await expect(scene.sender.next()).rejects.toThrow('closed');
  });

  it('reports what is open before it closes, once, where it is told to, and stays for what others report (X-05, X-06)', async () => {
    const scene = await open();
    const sent = scene.send({ messageId: 'mess-1', byteRange: '1-5/5', body: 'hello' });
    expect((await scene.sender.ask(sent)).status).toBe(200);
    const arrived = await scene.receiver.next();
    const settled = scene.relay.relay.settle(0);
    scene.clock.advance(100);
    await settled;
    scene.relay.relay.giveUp();
    const report = await scene.sender.next();
    const wish = { messageId: 'mess-1', byteRange: '1-5/5', status: '408 Closing down' };
    expect(text(report)).toBe(scene.report(report, wish));
    void scene.receiver.send(responseTo(arrived, 200));
    const [toPath, fromPath] = [arrived.header('From-Path') ?? '', scene.receiver.uri];
    void scene.receiver.send(request('REPORT', { toPath, fromPath, extra: STATUS_OF_ANOTHER }));
    expect((await scene.sender.next()).header('Status')).toBe('000 413 Too large');
    await scene.relay.relay.close();
    await scene.sender.closed;
    await expect(scene.sender.next()).rejects.toThrow('closed');
  });
});
