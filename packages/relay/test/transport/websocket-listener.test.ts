/** What the rules of a relay do not see: handshakes that do not come to their end. */
import { once } from 'node:events';
import net from 'node:net';
import { ManualClock } from 'msrp/base';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Admissions } from '../../src/transport/admissions.ts';
import { Memory } from '../../src/transport/memory.ts';
import { WebSocketListener } from '../../src/transport/websocket-listener.ts';

async function open(limits = { connections: 10, connectionsPerAddress: 10 }) {
  const admissions = new Admissions(limits, new Memory(1_000_000));
  const listener = new WebSocketListener({
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    handshakeMs: 100,
    admissions,
    clock: new ManualClock(),
    rules: { origins: [], proxies: [] },
    accepted: (stream) => void stream.on('error', () => {}).resume(),
  });
  await listener.listen();
  onTestFinished(() => listener.stop());
  return { admissions, listener };
}

it('ends connections whose handshake does not come, and counts them no more', async () => {
  const { admissions, listener } = await open();
  const socket = net.connect({ port: listener.port, host: '127.0.0.1' }).resume();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
  await expect.poll(() => admissions.count).toBe(1);
  await once(socket, 'close');
  await expect.poll(() => admissions.count).toBe(0);
});

it('disconnects without a word who is one too many, and lets the next one in when somebody leaves', async () => {
  const { admissions, listener } = await open({ connections: 1, connectionsPerAddress: 1 });
  const url = `ws://127.0.0.1:${listener.port}`;
  const first = new WebSocket(url, 'msrp');
  await once(first, 'open');
  const second = new WebSocket(url, 'msrp');
  const [error] = await once(second, 'error');
  expect(error.message).toMatch(/socket hang up|ECONNRESET/);
  first.close();
  await expect.poll(() => admissions.count).toBe(0);
  const third = new WebSocket(url, 'msrp');
  await once(third, 'open');
  third.terminate();
});

it('accepts nobody after it has stopped; who is there stays', async () => {
  const { listener } = await open();
  const url = `ws://127.0.0.1:${listener.port}`;
  const stays = new WebSocket(url, 'msrp');
  await once(stays, 'open');
  listener.stop();
  const late = new WebSocket(url, 'msrp');
  expect((await once(late, 'error'))[0].code).toBe('ECONNREFUSED');
  const pong = once(stays, 'pong');
  stays.ping();
  await pong;
  stays.terminate();
});
