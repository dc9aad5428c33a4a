/** What the rules of a relay do not see: handshakes that do not come to their end. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import net from 'node:net';
import { ManualClock } from 'msrp/base';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Admissions } from '../../src/transport/admissions.ts';
import { Memory } from '../../src/transport/memory.ts';
import { WebSocketListener } from '../../src/transport/websocket-listener.ts';

async function open(limits = { connections: 10, connectionsPerAddress: 10 }, page?: RequestListener) {
  const admissions = new Admissions(limits, new Memory(1_000_000));
  const listener = new WebSocketListener({
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    handshakeMs: 100,
    admissions,
    clock: new ManualClock(),
    rules: { origins: [], proxies: [], forwardedHeader: 'X-Forwarded-For' },
    page,
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

it('holds on to no browser that goes on asking over its old connection', async () => {
  const asked: (() => void)[] = [];
  const { listener } = await open(undefined, (_request, response) => void asked.push(() => response.end('page')));
  const socket = net.connect({ port: listener.port, host: '127.0.0.1' });
  let said = '';
  socket.on('data', (octets) => {
    said += octets;
  });
  const ask = () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  ask();
  await expect.poll(() => asked.length).toBe(1);
  listener.stop();
  asked[0]?.();
  await expect.poll(() => said).toMatch(/^Connection: keep-alive[\s\S]*page$/m);
  ask();
  await expect.poll(() => asked.length).toBe(2);
  asked[1]?.();
  await once(socket, 'close');
  expect(said.slice(said.indexOf('page'))).toContain('Connection: close');
});
