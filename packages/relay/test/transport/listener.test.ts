import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { Admissions } from '../../src/transport/admissions.ts';
import { Listener, type ListenerOptions } from '../../src/transport/listener.ts';
import { Memory } from '../../src/transport/memory.ts';
import { createAuthority } from '../endpoint.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ dnsNames: ['localhost'] });
const TLS = { ...certificate, ca: authority.ca };

/** What an accepted socket writes when the peer has ended its side. */
const FAREWELL = 'farewell';

interface Listening {
  readonly listener: Listener;
  readonly admissions: Admissions;
  /** Sockets that were handed over. */
  readonly accepted: net.Socket[];
  /** Settles when `count` were. */
  has(count: number): Promise<void>;
}

async function listening(options: Partial<ListenerOptions> = {}): Promise<Listening> {
  const accepted: net.Socket[] = [];
  const arrivals = new EventEmitter();
  const admissions =
    options.admissions ?? new Admissions({ connections: 10, connectionsPerAddress: 10 }, new Memory(1_000_000));
  const listener = new Listener({
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    handshakeMs: 30_000,
    admissions,
    accepted: (socket) => {
      socket.on('error', () => {});
      socket.on('end', () => socket.end(FAREWELL));
      socket.resume();
      accepted.push(socket);
      arrivals.emit('arrival');
    },
    ...options,
  });
  await listener.listen();
  const has = async (count: number) => {
    while (accepted.length < count) await once(arrivals, 'arrival');
  };
  return { listener, admissions, accepted, has };
}

async function connectTcp(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function connectTls(port: number, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.ca, ...options });
  await once(socket, 'secureConnect');
  return socket;
}

async function released(admissions: Admissions, count: number): Promise<void> {
  while (admissions.count !== count) await new Promise((resolve) => setImmediate(resolve));
}

describe('Listener', () => {
  it('hands over TCP connections, without Nagle delay, and counts them until they close', async () => {
    const { listener, admissions, accepted, has } = await listening();
    const socket = await connectTcp(listener.port);
    await has(1);
    expect([listener.isSecure, admissions.count, accepted.length]).toEqual([false, 1, 1]);
    socket.destroy();
    await released(admissions, 0);
    listener.stop();
  });

  it('hands over TLS connections after their handshake, with 1.2 and 1.3 and nothing older (CN-04)', async () => {
    const { listener, accepted, has } = await listening({ tls: TLS });
    const versions = [];
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await connectTls(listener.port, { minVersion: version, maxVersion: version });
      versions.push(socket.getProtocol());
      await has(versions.length);
      socket.destroy();
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(connectTls(listener.port, old)).rejects.toThrow();
    expect([versions, accepted.length]).toEqual([['TLSv1.2', 'TLSv1.3'], 2]);
    listener.stop();
  });

  it('asks for a certificate and takes connections without one, and with one of a stranger', async () => {
    const stranger = await (await createAuthority()).issue({ dnsNames: ['stranger.example'] });
    const { listener, accepted, has } = await listening({ tls: TLS });
    const sockets = [
      await connectTls(listener.port),
      await connectTls(listener.port, await authority.issue({ dnsNames: ['relay.example'] })),
      await connectTls(listener.port, stranger),
    ];
    await has(3);
    expect(accepted.map((socket) => (socket as tls.TLSSocket).authorized)).toEqual([false, true, false]);
    for (const socket of sockets) socket.destroy();
    listener.stop();
  });

  it('disconnects whoever is not admitted without a word, over TCP and TLS, and admits again when there is room', async () => {
    for (const options of [{}, { tls: TLS }]) {
      const admissions = new Admissions({ connections: 10, connectionsPerAddress: 1 }, new Memory(1_000_000));
      const { listener, accepted, has } = await listening({ ...options, admissions, handshakeMs: 200 });
      const first = await connectTcp(listener.port);
      while (admissions.count < 1) await new Promise((resolve) => setImmediate(resolve));
      const second = await connectTcp(listener.port);
      const received: Buffer[] = [];
      second.on('data', (octets: Buffer) => received.push(octets));
      await once(second, 'close');
      expect([received, admissions.refusedCount]).toEqual([[], 1]);
      first.destroy();
      await released(admissions, 0);
      const third = 'tls' in options ? await connectTls(listener.port) : await connectTcp(listener.port);
      await has(1);
      expect(accepted.length).toBeGreaterThan(0);
      third.destroy();
      listener.stop();
    }
  });

  it('counts handshakes that are going on, and gives back the place of one that fails', async () => {
    const { listener, admissions, accepted } = await listening({ tls: TLS });
    const socket = await connectTcp(listener.port);
    while (admissions.count < 1) await new Promise((resolve) => setImmediate(resolve));
    socket.write('MSRP a1b2 AUTH\r\n');
    socket.resume();
    await once(socket, 'close');
    await released(admissions, 0);
    expect(accepted).toEqual([]);
    listener.stop();
  });

  it('gives up a handshake that takes too long', async () => {
    const { listener, admissions, accepted } = await listening({ tls: TLS, handshakeMs: 20 });
    const socket = await connectTcp(listener.port);
    socket.resume();
    await once(socket, 'close');
    await released(admissions, 0);
    expect(accepted).toEqual([]);
    listener.stop();
  });

  it('gives back the place of a peer that ended its side in mid-handshake', async () => {
    const { listener, admissions, accepted } = await listening({ tls: TLS, handshakeMs: 50 });
    const socket = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    socket.end();
    socket.resume();
    while (admissions.count < 1) await new Promise((resolve) => setImmediate(resolve));
    await once(socket, 'end');
    await released(admissions, 0);
    expect(accepted).toEqual([]);
    listener.stop();
  });

  it('lets a peer end its side and still be answered', async () => {
    const { listener } = await listening();
    const socket = net.connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end('over');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toBe(FAREWELL);
    listener.stop();
  });

  it('accepts nothing more after stop, and leaves alone what is open', async () => {
    const { listener, accepted, has } = await listening();
    const { port } = listener;
    const socket = await connectTcp(port);
    await has(1);
    listener.stop();
    await expect(connectTcp(port)).rejects.toThrow();
    accepted[0]?.write('still here');
    const [octets] = await once(socket, 'data');
    expect(String(octets)).toBe('still here');
    socket.destroy();
  });

  it('shows a new certificate to new handshakes after a reload, and keeps open connections', async () => {
    const { listener, accepted, has } = await listening({ tls: TLS });
    const before = await connectTls(listener.port);
    await has(1);
    const renewed = await authority.issue({ dnsNames: ['localhost', 'renewed.example'] });
    listener.reload({ ...renewed, ca: authority.ca });
    const after = await connectTls(listener.port);
    expect(before.getPeerCertificate().subjectaltname).not.toContain('renewed.example');
    expect(after.getPeerCertificate().subjectaltname).toContain('renewed.example');
    accepted[0]?.write('still here');
    const [octets] = await once(before, 'data');
    expect(String(octets)).toBe('still here');
    before.destroy();
    after.destroy();
    listener.stop();
  });

  it('says so when its address cannot be had', async () => {
    const { listener } = await listening();
    await expect(listening({ port: listener.port })).rejects.toThrow('EADDRINUSE');
    listener.stop();
  });
});
