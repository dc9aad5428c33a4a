import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { systemClock } from 'msrp/base';
import { tlsDefaults } from 'msrp/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Admissions } from '../../src/transport/admissions.ts';
import { Listener } from '../../src/transport/listener.ts';
import { Memory } from '../../src/transport/memory.ts';
import { connect, listen, sendRequest } from '../endpoint.ts';
import { acceptedCount, authenticate, fence } from './dialogue.ts';
import { authority, startRelayWith, type TestRelay } from './harness.ts';

let relay: TestRelay<typeof systemClock>;

beforeEach(async () => {
  relay = await startRelayWith(systemClock);
});

afterEach(async () => {
  await relay.close();
});

/** How a handshake with these options ends: the protocol and suite, or the error's code. */
async function handshake(options: tls.ConnectionOptions): Promise<string> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: relay.tlsPort,
    ca: authority.ca,
    servername: 'localhost',
    ...options,
  });
  return new Promise((resolve) => {
    socket.once('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`);
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  });
}

describe('The TLS of a listener', () => {
  it('is 1.2 or 1.3, never 1.1 or 1.0 (CN-04)', async () => {
    expect(await handshake({ maxVersion: 'TLSv1.3' })).toMatch(/^TLSv1\.3 /);
    expect(await handshake({ maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 TLS_ECDHE_/);
    // Without this the client itself would refuse to speak so old a version.
    const old = { ciphers: 'DEFAULT@SECLEVEL=0', minVersion: 'TLSv1' } as const;
    expect(await handshake({ ...old, maxVersion: 'TLSv1.1' })).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
    expect(await handshake({ ...old, maxVersion: 'TLSv1' })).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
  });

  it('takes clients that send no server name, as some do (CN-04)', async () => {
    const endpoint = await connect({ port: relay.tlsPort, secure: true, servername: '' });
    expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
  });

  it('remembers nothing of a client: a resumed session has to authenticate again (SE-13, AU-38, FW-03)', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { port: relay.tlsPort, ca: authority.ca, tls: { minVersion: version, maxVersion: version } };
      const first = await connect(options);
      const granted = await authenticate(relay, first);
      const usePath = granted.header('Use-Path') ?? '';
      const session = (first.socket as tls.TLSSocket).getSession();
      const second = await connect({ ...options, tls: { ...options.tls, ...(session && { session }) } });
      expect((second.socket as tls.TLSSocket).isSessionReused()).toBe(true);
      const asked = sendRequest({ toPath: `${usePath} msrp://127.0.0.1:9/x;tcp`, fromPath: first.uri, body: 'x' });
      expect((await second.ask(asked)).status).toBe(403);
      await first.close();
      expect((await second.ask(asked)).status).toBe(481);
    }
  });

  it('does not renegotiate (SE-13)', async () => {
    const endpoint = await connect({ port: relay.tlsPort, ca: authority.ca, tls: { maxVersion: 'TLSv1.2' } });
    const socket = endpoint.socket as tls.TLSSocket;
    const outcome = new Promise((resolve) => {
      socket.once('error', () => resolve('refused'));
      socket.once('close', () => resolve('refused'));
      socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : 'refused'));
    });
    expect(await outcome).toBe('refused');
  });

  it('does not stop at a peer that breaks off, or speaks something else (SE-06)', async () => {
    for (const octets of ['', '\x16\x03\x01', '\x16\x03\x01\xff\xff', 'MSRP abcd SEND\r\n', 'GET / HTTP/1.1\r\n\r\n']) {
      const socket = net.connect(relay.tlsPort, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.end(Buffer.from(octets, 'latin1'));
      await once(socket, 'finish');
      socket.destroy();
    }
    const endpoint = await relay.connect();
    expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
    expect(acceptedCount(relay)).toBe(1);
  });
});

describe('Half a TLS handshake', () => {
  it('is given up after its time, and its place is free again (SE-07, SE-06)', async () => {
    const certificate = await authority.issue({ dnsNames: ['localhost'] });
    const admissions = new Admissions({ connections: 2, connectionsPerAddress: 2 }, new Memory(1_000_000));
    const handed: net.Socket[] = [];
    const listener = new Listener({
      host: '127.0.0.1',
      port: 0,
      tls: { ...certificate, ca: undefined, ciphers: tlsDefaults.ciphers },
      handshakeMs: 100,
      admissions,
      accepted: (socket) => handed.push(socket),
    });
    await listener.listen();
    const halves = await Promise.all(
      ['', '\x16\x03\x01\x02\x00\x01'].map(async (octets) => {
        const socket = net.connect(listener.port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(Buffer.from(octets, 'latin1'));
        return socket;
      }),
    );
    await Promise.all(halves.map((socket) => once(socket.resume(), 'close')));
    await expect.poll(() => admissions.count).toBe(0);
    expect(handed).toEqual([]);
    listener.stop();
  });
});

describe('The TLS of a dialled hop', () => {
  it('names the host of the URI, and checks the certificate against it and nothing else (CN-04, CM-10, CN-26)', async () => {
    const certificate = await authority.issue({ dnsNames: ['localhost'] });
    const right = await listen({ certificate, name: 'localhost' });
    const wrong = await listen({
      certificate: await authority.issue({ dnsNames: ['other.example.org'] }),
      name: 'localhost',
    });
    const { endpoint, usePath } = await relay.client();
    const send = (uri: string) => sendRequest({ toPath: `${usePath} ${uri}`, fromPath: endpoint.uri, body: 'x' });

    expect((await endpoint.ask(send(right.uri))).status).toBe(200);
    const far = await right.accept();
    expect((far.socket as tls.TLSSocket & { servername: string }).servername).toBe('localhost');
    expect((await far.next()).header('To-Path')).toBe(right.uri);

    expect((await endpoint.ask(send(wrong.uri))).status).toBe(200);
    const report = await endpoint.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 408/);
    await right.close();
    await wrong.close();
  });

  it('does not trust a stranger’s authority, nor one that is out of date, unless endpoints go unverified (CN-26, A-39)', async () => {
    const stale = await authority.issue({ dnsNames: ['localhost'], notAfter: new Date(Date.now() - 3_600_000) });
    const peer = await listen({ certificate: stale, name: 'localhost' });
    const strict = await relay.client();
    const toPath = `${strict.usePath} ${peer.uri}`;
    void strict.endpoint.send(sendRequest({ toPath, fromPath: strict.endpoint.uri, body: 'x' }));
    const report = await strict.endpoint.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 408/);

    await relay.close();
    const nextHops = { allow: ['loopback'], verifyEndpoints: false };
    relay = await startRelayWith(systemClock, { nextHops });
    const { endpoint, usePath } = await relay.client();
    const onward = (path: string) => sendRequest({ toPath: `${usePath} ${path}`, fromPath: endpoint.uri, body: 'x' });
    void endpoint.send(onward(peer.uri));
    expect((await (await peer.accept()).next()).body?.toString()).toBe('x');
    // Only an endpoint may go unverified: what stands before another hop is a relay.
    void endpoint.send(onward(`${peer.uri} msrps://behind.example.org:1/x;tcp`));
    const refused = await endpoint.next(({ method }) => method === 'REPORT');
    expect(refused.header('Status')).toMatch(/^000 408/);
    await peer.close();
  });
});
