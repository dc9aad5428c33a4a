import { once } from 'node:events';
import { type ConnectionOptions, connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, createAuthority, listen, sendRequest } from '../endpoint.ts';
import { type Values, wire } from './wired.ts';

const RSA_CBC = 'TLS_RSA_WITH_AES_128_CBC_SHA';
const OLD: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };
const RSA_CBC_ONLY: ConnectionOptions = { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' };

const authority = await createAuthority();
const certificate = await authority.issue({ dnsNames: ['localhost'], kind: 'RSA' });

/** What a relay is configured with; everybody trusts the authority. */
function values(rsaCbcSuite?: boolean): Values {
  const wish = rsaCbcSuite === undefined ? {} : { rsaCbcSuite };
  return { listen: ['tls://127.0.0.1:0'], tls: { ...certificate, ca: authority.ca, ...wish } };
}

/** A handshake with whoever listens on `port`; rejects with what TLS complains about. */
async function handshake(port: number | undefined, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', ca: authority.ca, ...options });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

describe('a TLS listener', () => {
  it('refuses TLS 1.1, which the same client speaks with others (CN-04)', async () => {
    const lenient = createServer({ ...certificate, minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }, (socket) =>
      socket.on('error', () => {}),
    );
    onTestFinished(() => void lenient.close());
    await once(lenient.listen(0, '127.0.0.1'), 'listening');
    const address = lenient.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect((await handshake(port, OLD)).getProtocol()).toBe('TLSv1.1');

    const { ports } = await wire(values());
    await expect(handshake(ports[0], OLD)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s with forward secrecy (CN-04)', async (version) => {
    const { ports } = await wire(values());
    const socket = await handshake(ports[0], { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
    expect(socket.getEphemeralKeyInfo()).toHaveProperty('type');
  });

  it('does not offer the suite without forward secrecy by default (CN-05)', async () => {
    const { ports } = await wire(values());
    await expect(handshake(ports[0], RSA_CBC_ONLY)).rejects.toMatchObject({
      code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    });
  });

  it('offers it when told to, and takes a better one from who has it (CN-05)', async () => {
    const { ports } = await wire(values(true));
    const poor = await handshake(ports[0], RSA_CBC_ONLY);
    expect([poor.authorized, poor.getCipher().standardName]).toEqual([true, RSA_CBC]);
    expect(poor.getEphemeralKeyInfo()).toEqual({});
    const both = { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256' } as const;
    expect((await handshake(ports[0], both)).getCipher().name).toBe('ECDHE-RSA-AES128-GCM-SHA256');
    expect((await handshake(ports[0], {})).getProtocol()).toBe('TLSv1.3');
  });

  it('takes the option over on reload, both ways (CN-05)', async () => {
    const { ports, reload } = await wire(values());
    expect(await reload(values(true))).toEqual([]);
    expect((await handshake(ports[0], RSA_CBC_ONLY)).getCipher().standardName).toBe(RSA_CBC);
    await reload(values(false));
    await expect(handshake(ports[0], RSA_CBC_ONLY)).rejects.toThrow('handshake failure');
  });
});

describe('a next hop that has only the suite without forward secrecy', () => {
  /** A client of a relay, and a peer that the relay has to dial. */
  async function sendThrough(configured: Values, changed?: Values) {
    const peer = await listen({
      name: 'localhost',
      certificate,
      tls: { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' },
    });
    onTestFinished(() => peer.close());
    const { ports, reload } = await wire(configured);
    if (changed !== undefined) await reload(changed);
    const client = await connect({ port: ports[0] ?? 0, ca: authority.ca });
    const target = `msrps://localhost:${ports[0]};tcp`;
    const usePath = await client.auth({ user: 'alice', password: 'secret', target });
    const toPath = `${usePath} ${peer.uri}`;
    await client.send(sendRequest({ toPath, fromPath: client.uri, body: 'hello' }));
    return { client, peer };
  }

  it('is not reached by default, which the sender is told (CN-05)', async () => {
    const { client, peer } = await sendThrough(values());
    const report = await client.next((message) => message.method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 408/);
    expect(peer.acceptedCount()).toBe(0);
  });

  it.each([
    ['from the start', [values] as const],
    ['after a reload', [undefined, values] as const],
  ])('is reached with the option %s (CN-05)', async (_, [start, changed]) => {
    const { peer } = await sendThrough((start ?? values)(start && true), changed?.(true));
    expect((await (await peer.accept()).next()).body?.toString()).toBe('hello');
  });
});
