import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket, type TlsOptions, TLSSocket as TlsSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DialTls, dial } from '../../src/node/dial.ts';
import { type Authority, createAuthority, type LeafOptions } from '../certificates.ts';
import { type Listening, listenTcp, listenTls } from './servers.ts';

const HOST = 'relay.example.org';
const cleanUps: (() => unknown)[] = [];
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A TLS listener with a certificate of our authority. */
async function relay(
  parts: LeafOptions = { dnsNames: [HOST] },
  options: TlsOptions = {},
  serve?: (socket: TLSSocket) => void,
): Promise<Listening> {
  const listener = await listenTls({ ...(await authority.issue(parts)), ...options }, serve);
  cleanUps.push(() => listener.stop());
  return listener;
}

async function dialled(port: number, host = HOST, tls: Partial<DialTls> = {}): Promise<Socket> {
  const target = { host, port, secure: true, addresses: ['127.0.0.1'] };
  const socket = await dial(target, { timeoutMs: 10_000, tls: { ca: authority.ca, verify: true, ...tls } });
  cleanUps.push(() => socket.destroy());
  return socket;
}

describe('dial: TLS (CN-04)', () => {
  it('gives a TLS socket to a peer that proves its name', async () => {
    const { port } = await relay();
    const socket = await dialled(port);
    expect(socket).toBeInstanceOf(TlsSocket);
    expect(socket).toMatchObject({ authorized: true });
  });

  it.each([
    [HOST, HOST],
    [`${HOST}.`, HOST],
  ])('sends the host %s of the URI in SNI, not the address dialled (CN-04, DN-07)', async (host, expected) => {
    const names: unknown[] = [];
    const { port } = await relay({ dnsNames: [HOST] }, {}, (socket) => names.push(socket.servername));
    await dialled(port, host);
    await expect.poll(() => names).toEqual([expected]);
  });

  it('sends no SNI for an address literal (CN-04)', async () => {
    const names: unknown[] = [];
    const { port } = await relay({ dnsNames: [HOST] }, {}, (socket) => names.push(socket.servername));
    await dialled(port, '127.0.0.1', { verify: false });
    await expect.poll(() => names).toEqual([false]);
  });

  it('refuses a peer that knows TLS 1.1 only (CN-04)', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
    const { port } = await relay({ dnsNames: [HOST] }, old);
    const control = connectTls({ ...old, host: '127.0.0.1', port, rejectUnauthorized: false });
    cleanUps.push(() => control.destroy());
    await once(control, 'secureConnect');
    expect(control.getProtocol()).toBe('TLSv1.1');

    const failure = dialled(port, HOST, { ciphers: 'ALL:@SECLEVEL=0' });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s (CN-04)', async (version) => {
    const { port } = await relay({ dnsNames: [HOST] }, { minVersion: version, maxVersion: version });
    const socket = (await dialled(port)) as TLSSocket;
    expect(socket.getProtocol()).toBe(version);
  });

  it('offers the old mandatory suite only when it is asked for (CN-05)', async () => {
    expect(await offeredSuites({})).not.toContain(0x002f);
    expect(await offeredSuites({ ciphers: 'AES128-SHA' })).toContain(0x002f);
  });

  it('shows its own certificate when it has one', async () => {
    const own = await authority.issue({ dnsNames: ['client.example'] });
    const subjects: unknown[] = [];
    const options = { requestCert: true, ca: authority.ca };
    const { port } = await relay({ dnsNames: [HOST] }, options, (socket) =>
      subjects.push(socket.getPeerCertificate().subjectaltname),
    );
    await dialled(port, HOST, own);
    await expect.poll(() => subjects).toEqual(['DNS:client.example']);
  });

  it('swallows an error that comes before the caller listens; close follows', async () => {
    const { port } = await relay(
      { dnsNames: [HOST] },
      { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' },
    );
    const socket = await dialled(port); // TLS 1.3: the missing certificate is refused after our side is done
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect(socket.destroyed).toBe(true);
  });
});

describe('dial: who the peer is (CN-07)', () => {
  it('takes a wildcard certificate', async () => {
    const { port } = await relay({ dnsNames: ['*.example.org'] });
    expect((await dialled(port)).destroyed).toBe(false);
  });

  it.each([
    ['names only the SRV target', { dnsNames: ['node1.example.net'] }],
    ['names the host only in its common name', { commonName: HOST }],
    ['names the address dialled', { dnsNames: ['127.0.0.1'], addresses: ['127.0.0.1'] }],
    ['holds the name inside an odd one', { dnsNames: [`x.example, DNS:${HOST}`] }],
  ])('refuses a certificate that %s (CN-07)', async (_what, parts) => {
    const { port } = await relay(parts);
    const failure = dialled(port);
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_BAD_PEER_NAME' });
    await expect(failure).rejects.toThrow(HOST);
  });

  it('refuses an address literal, even one that the certificate names (CN-07)', async () => {
    const { port } = await relay({ addresses: ['127.0.0.1'] });
    await expect(dialled(port, '127.0.0.1')).rejects.toMatchObject({ code: 'MSRP_BAD_PEER_NAME' });
  });

  it('refuses a certificate of an unknown authority (CN-07)', async () => {
    const { port } = await relay();
    const other = await createAuthority();
    const cause = expect.any(Error);
    await expect(dialled(port, HOST, { ca: other.ca })).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause });
  });

  it('refuses a certificate that has expired (CN-07)', async () => {
    const { port } = await relay({ dnsNames: [HOST], notAfter: new Date(Date.now() - 60_000) });
    const cause = expect.objectContaining({ code: 'CERT_HAS_EXPIRED' });
    await expect(dialled(port)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause });
  });

  it('verifies when nothing is said about TLS', async () => {
    const { port } = await relay();
    const target = { host: HOST, port, secure: true, addresses: ['127.0.0.1'] };
    await expect(dial(target, { timeoutMs: 10_000 })).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });

  it('takes anybody when it is told not to verify', async () => {
    const { port } = await relay({ dnsNames: ['elsewhere.example'], notAfter: new Date(Date.now() - 60_000) });
    const socket = await dialled(port, HOST, { ca: (await createAuthority()).ca, verify: false });
    expect(socket).toMatchObject({ authorized: false, destroyed: false });
  });

  it('leaves no socket behind when it refuses', async () => {
    const listener = await listenTls(await authority.issue({ dnsNames: ['elsewhere.example'] }));
    await expect(dialled(listener.port)).rejects.toMatchObject({ code: 'MSRP_BAD_PEER_NAME' });
    await listener.gone();
  });

  it('tells no secret in its errors', async () => {
    const own = await authority.issue({ dnsNames: ['client.example'] });
    const { port } = await relay({ dnsNames: ['elsewhere.example'] });
    const error: Error = (await dialled(port, HOST, own).catch((thrown: Error) => thrown)) as Error;
    expect(error.message).not.toContain('PRIVATE KEY');
    expect(JSON.stringify(error)).not.toContain('PRIVATE KEY');
  });
});

/** The cipher suites of the ClientHello that `tls` makes. */
async function offeredSuites(tls: Partial<DialTls>): Promise<number[]> {
  const hello = Promise.withResolvers<Buffer>();
  const listener = await listenTcp((socket) =>
    socket.once('data', (data) => {
      hello.resolve(data);
      socket.destroy();
    }),
  );
  cleanUps.push(() => listener.stop());
  await expect(dialled(listener.port, HOST, tls)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  const octets = await hello.promise;
  const lengthAt = 44 + octets.readUInt8(43); // after record and handshake headers, version, random, session id
  const length = octets.readUInt16BE(lengthAt);
  return Array.from({ length: length / 2 }, (_, index) => octets.readUInt16BE(lengthAt + 2 + 2 * index));
}
