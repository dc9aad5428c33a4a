import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/base/index.ts';
import { SocketChannel } from '../../src/node/socket-channel.ts';
import { listenTcp } from './servers.ts';

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A channel to a peer that keeps its side open whatever comes, and both sides' sockets. */
async function opened() {
  const listening = await listenTcp();
  cleanUps.push(() => listening.stop());
  const next = listening.next();
  const socket = connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true });
  const peer = await next;
  const clock = new ManualClock();
  const channel = new SocketChannel(socket, clock);
  const told = { text: '', drained: vi.fn(), closed: vi.fn() };
  const start = () =>
    channel.start({
      octets: (octets) => (told.text += String(octets)),
      drained: told.drained,
      closed: told.closed,
    });
  return { channel, clock, peer, told, start, socket };
}

function received(socket: Socket): { text: string } {
  const got = { text: '' };
  socket.on('data', (octets) => (got.text += String(octets)));
  return got;
}

describe('SocketChannel', () => {
  it('writes parts in order and reads what comes, once it is started', async () => {
    const { channel, peer, told, start } = await opened();
    const got = received(peer);
    peer.write('early');
    start();
    channel.write([Buffer.from('one '), Buffer.from('two '), Buffer.from('three')]);
    await expect.poll(() => got.text).toBe('one two three');
    await expect.poll(() => told.text).toBe('early');
    expect(channel.isSecure).toBe(false);
    expect(channel.peerCertificate).toBeUndefined();
  });

  it('reads nothing while it is paused', async () => {
    const { channel, peer, told, start } = await opened();
    start();
    channel.pause();
    peer.write('x');
    channel.write([Buffer.from('fence')]);
    await expect.poll(() => peer.bytesRead).toBe(5);
    expect(told.text).toBe('');
    channel.resume();
    await expect.poll(() => told.text).toBe('x');
  });

  it('counts what waits and says when it has left', async () => {
    const { channel, peer, told, start } = await opened();
    start();
    peer.pause();
    channel.write([Buffer.alloc(30_000_000)]);
    expect(channel.waitingOctets).toBeGreaterThan(0);
    peer.resume();
    await expect.poll(() => channel.waitingOctets, { timeout: 10_000 }).toBe(0);
    expect(told.drained).toHaveBeenCalled();
  });

  it.each(['ends', 'is reset'])('says once that it is over when the other side %s', async (how) => {
    const { peer, told, start } = await opened();
    start();
    if (how === 'ends') peer.end();
    else peer.resetAndDestroy();
    await expect.poll(() => told.closed.mock.calls).toHaveLength(1);
    expect(told.closed.mock.calls[0]?.[0]).toEqual(how === 'ends' ? undefined : expect.any(Error));
  });

  it('says that it is over, even if that happened before it was started', async () => {
    const { told, start, socket, peer } = await opened();
    socket.on('error', () => undefined);
    peer.resetAndDestroy();
    socket.resume();
    await expect.poll(() => socket.closed).toBe(true);
    start();
    await expect.poll(() => told.closed.mock.calls).toHaveLength(1);
  });

  it('ends although it is paused and the other side has more to say', async () => {
    const { channel, peer, told, start } = await opened();
    start();
    channel.pause();
    peer.write('x'.repeat(1_000_000));
    peer.end();
    channel.end();
    await expect.poll(() => told.closed.mock.calls).toHaveLength(1);
  });

  it('waits 30 s for a side that does not end, and not longer', async () => {
    const { channel, clock, peer, told, start } = await opened();
    peer.removeAllListeners('end');
    const halfOpen = peer as Socket & { allowHalfOpen: boolean };
    halfOpen.allowHalfOpen = true;
    start();
    channel.write([Buffer.from('last words')]);
    const got = received(peer);
    channel.end();
    await expect.poll(() => got.text).toBe('last words');
    clock.advance(29_999);
    expect(told.closed).not.toHaveBeenCalled();
    clock.advance(1);
    await expect.poll(() => told.closed.mock.calls).toHaveLength(1);
    expect(clock.waitingCount).toBe(0);
  });

  it('leaves no timer when both sides end', async () => {
    const { channel, clock, told, start } = await opened();
    start();
    channel.end();
    await expect.poll(() => told.closed.mock.calls).toHaveLength(1);
    expect(clock.waitingCount).toBe(0);
  });

  it('is destroyed at once', async () => {
    const { channel, told, start, peer } = await opened();
    start();
    channel.destroy();
    await expect.poll(() => told.closed.mock.calls).toHaveLength(1);
    await expect.poll(() => peer.closed).toBe(true);
  });
});
