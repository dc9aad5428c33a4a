/** Real sockets behind a balancer that sends PROXY headers. */
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { ManualClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { Admissions } from '../../src/transport/admissions.ts';
import { Listener } from '../../src/transport/listener.ts';
import { Memory } from '../../src/transport/memory.ts';
import { Networks } from '../../src/transport/networks.ts';
import { WebSocketListener } from '../../src/transport/websocket-listener.ts';
import { createAuthority } from '../endpoint.ts';
import { binaryHeader, textHeader } from './proxy-headers.ts';

const authority = await createAuthority();
const certificate = await authority.issue({ dnsNames: ['localhost'] });
const TLS = { ...certificate, ca: authority.ca };
const TRUST = { ca: authority.ca, servername: 'localhost' };

interface Wish {
  readonly scheme?: 'tcp' | 'tls' | 'ws' | 'wss';
  readonly proxies?: readonly string[];
  readonly httpProxies?: readonly string[];
  readonly perAddress?: number;
  readonly blocked?: string;
}

/** A listener behind a balancer. TCP and TLS connections are echoed behind the address they were found to come from. */
async function open({
  scheme = 'tcp',
  proxies = ['127.0.0.1'],
  httpProxies = [],
  perAddress = 10,
  blocked,
}: Wish = {}) {
  const clock = new ManualClock();
  const limits = { connections: 20, connectionsPerAddress: perAddress };
  const admissions = new Admissions(limits, new Memory(1_000_000), {
    isBlocked: (address) => address === blocked,
    makeRoom: () => false,
  });
  const refused: string[] = [];
  const shared = {
    host: '127.0.0.1',
    port: 0,
    tls: scheme === 'tls' || scheme === 'wss' ? TLS : undefined,
    handshakeMs: 30_000,
    admissions,
    proxyProtocol: {
      clock,
      proxies: new Networks(proxies),
      refused: (proxy: string, why: string) => void refused.push(`${proxy} ${why}`),
    },
  };
  const from: string[] = [];
  const listener =
    scheme === 'ws' || scheme === 'wss'
      ? new WebSocketListener({
          ...shared,
          clock,
          rules: { origins: [], proxies: httpProxies, forwardedHeader: 'X-Forwarded-For' },
          accepted: (stream, _admission, remoteAddress) => {
            from.push(remoteAddress);
            stream.on('error', () => {}).resume();
          },
        })
      : new Listener({
          ...shared,
          accepted: (socket, _admission, remoteAddress) => {
            from.push(remoteAddress);
            socket.on('error', () => {});
            socket.write(`${remoteAddress} `);
            socket.pipe(socket);
          },
        });
  await listener.listen();
  onTestFinished(() => listener.stop());
  return { clock, admissions, refused, from, port: listener.port };
}

function dial(port: number, options: Partial<net.NetConnectOpts> = {}): net.Socket {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, ...options });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** However it ends. */
function closed(socket: net.Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve).resume());
}

/** Writes each piece by itself, so that the other end reads each by itself. */
async function writeEach(socket: net.Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Over TLS behind the header: the client's side of a balancer. */
async function tlsBehind(port: number, header: Buffer): Promise<tls.TLSSocket> {
  const socket = dial(port);
  await once(socket, 'connect');
  socket.write(header);
  const secure = tls.connect({ socket, ...TRUST });
  secure.on('error', () => {});
  await once(secure, 'secureConnect');
  return secure;
}

describe('A connection that a balancer passes on', () => {
  it.each([
    ['version 1', textHeader()],
    ['version 2', binaryHeader()],
  ])('comes from where its header says, wherever it is cut: %s', async (_name, header) => {
    const { port, admissions } = await open();
    const octets = Buffer.concat([header, Buffer.from('Hello')]);
    for (let cut = 1; cut < octets.length; cut += 1) {
      const socket = dial(port);
      const said = text(socket);
      await writeEach(socket, [octets.subarray(0, cut), octets.subarray(cut)]);
      socket.end();
      expect(await said, `cut at ${cut}`).toBe('192.0.2.1 Hello');
    }
    await expect.poll(() => admissions.count).toBe(0);
  });

  it('may come octet by octet', async () => {
    const { port } = await open();
    const socket = dial(port);
    const said = text(socket);
    await writeEach(
      socket,
      [...Buffer.concat([binaryHeader(), Buffer.from('Hi')])].map((octet) => Buffer.from([octet])),
    );
    socket.end();
    expect(await said).toBe('192.0.2.1 Hi');
  });

  it('comes from the balancer when that speaks for itself', async () => {
    const { port } = await open();
    const socket = dial(port);
    socket.end(binaryHeader({ versionAndCommand: 0x20 }));
    expect(await text(socket)).toBe('127.0.0.1 ');
  });

  it('makes its TLS handshake behind the header, in one packet with it or not', async () => {
    const { port, from } = await open({ scheme: 'tls' });
    const secure = await tlsBehind(port, textHeader('2001:db8::7', '2001:db8::8'));
    secure.end('Hello');
    expect(await text(secure)).toBe('2001:db8::7 Hello');

    // The first octets of a client go out together with the header.
    const balancer = dial(port, { allowHalfOpen: true });
    const relayed = net.createServer({ allowHalfOpen: true }, (client) => {
      client.once('data', (hello: Buffer) => {
        balancer.write(Buffer.concat([binaryHeader(), hello]));
        client.pipe(balancer).pipe(client);
      });
    });
    relayed.listen(0, '127.0.0.1');
    await once(relayed, 'listening');
    const behind = tls.connect({ port: (relayed.address() as net.AddressInfo).port, host: '127.0.0.1', ...TRUST });
    await once(behind, 'secureConnect');
    behind.end('Hello');
    expect(await text(behind)).toBe('192.0.2.1 Hello');
    relayed.close();
    expect(from).toEqual(['2001:db8::7', '192.0.2.1']);
  });

  it.each(['ws', 'wss'] as const)('makes its WebSocket handshake behind the header: %s', async (scheme) => {
    const { port, from } = await open({ scheme });
    for (const [address, header] of [
      ['192.0.2.1', binaryHeader()],
      ['198.51.100.9', textHeader('198.51.100.9')],
    ] as const) {
      const createConnection = () => {
        const socket = dial(port);
        socket.write(header);
        return scheme === 'ws' ? socket : tls.connect({ socket, ...TRUST });
      };
      const webSocket = new WebSocket(`${scheme}://localhost:${port}`, 'msrp', { createConnection });
      await once(webSocket, 'open');
      const pong = once(webSocket, 'pong');
      webSocket.ping();
      await pong;
      expect(from.at(-1)).toBe(address);
      webSocket.terminate();
    }
  });

  it('takes a handshake in one packet with the header', async () => {
    const { port, from } = await open({ scheme: 'ws' });
    const socket = dial(port);
    const head = [
      'GET / HTTP/1.1',
      'Host: x',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
    ];
    const offer = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol: msrp', '', ''];
    socket.write(Buffer.concat([textHeader(), Buffer.from([...head, ...offer].join('\r\n'))]));
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    expect(from).toEqual(['192.0.2.1']);
  });

  it('may come by an HTTP proxy before the balancer, too', async () => {
    const { port, from } = await open({ scheme: 'ws', httpProxies: ['192.0.2.0/24'] });
    const createConnection = () => {
      const socket = dial(port);
      socket.write(textHeader());
      return socket;
    };
    const headers = { 'X-Forwarded-For': '203.0.113.5, 198.51.100.4, 192.0.2.9' };
    const webSocket = new WebSocket(`ws://localhost:${port}`, 'msrp', { createConnection, headers });
    await once(webSocket, 'open');
    expect(from).toEqual(['198.51.100.4']);
    webSocket.terminate();
  });

  it('counts for its own address, and for none before the header has come (SE-06)', async () => {
    const { port, admissions } = await open({ perAddress: 1 });
    const silent = [dial(port), dial(port)];
    await expect.poll(() => admissions.count).toBe(2);
    const first = dial(port);
    first.write(textHeader());
    await once(first, 'data');
    const second = dial(port);
    second.write(textHeader());
    await closed(second);
    const other = dial(port);
    other.write(textHeader('192.0.2.2'));
    await once(other, 'data');
    expect(admissions.refusedCount).toBe(1);
    for (const socket of [...silent, first, other]) socket.destroy();
    await expect.poll(() => admissions.count).toBe(0);
  });

  it('is not let in from an address that is blocked', async () => {
    const { port, admissions, from } = await open({ blocked: '192.0.2.1' });
    const socket = dial(port);
    socket.write(binaryHeader());
    await closed(socket);
    expect([admissions.blockedCount, from]).toEqual([1, []]);
    await expect.poll(() => admissions.count).toBe(0);
  });
});

describe('A balancer', () => {
  it.each([
    ['MSRP', 'MSRP 1234 SEND\r\n', 'is none'],
    ['a header of nonsense', 'PROXY TCP4 192.0.2.1 nonsense 1 2\r\n', 'names no two addresses of a known family'],
    ['a line without end', `PROXY UNKNOWN ${'x'.repeat(100_000)}`, 'does not end'],
    ['64 KiB of a header', binaryHeader({ length: 65_535 }).toString('latin1'), 'is longer than 4112 octets'],
  ])('that begins with %s is disconnected without an answer', async (_name, octets, why) => {
    for (const scheme of ['tcp', 'tls', 'ws', 'wss'] as const) {
      const { port, refused, from, admissions } = await open({ scheme });
      const socket = dial(port);
      let said = '';
      socket.on('data', (answer) => {
        said += answer;
      });
      socket.write(octets, 'latin1');
      await closed(socket);
      expect([said, refused, from]).toEqual(['', [`127.0.0.1 ${why}`], []]);
      await expect.poll(() => admissions.count).toBe(0);
    }
  });

  it('that does not go on has five seconds (SE-07)', async () => {
    const { port, clock, refused, admissions } = await open();
    const socket = dial(port).resume();
    socket.write('PROXY TCP4');
    await expect.poll(() => admissions.count).toBe(1);
    clock.advance(4999);
    expect(refused).toEqual([]);
    clock.advance(1);
    await closed(socket);
    expect(refused).toEqual(['127.0.0.1 did not come in time']);
    await expect.poll(() => admissions.count).toBe(0);
  });

  it('that goes away before its header has come is forgotten', async () => {
    const { port, refused, admissions, clock } = await open();
    for (const leave of ['end', 'destroy'] as const) {
      const socket = dial(port);
      socket.write('PROXY TCP4');
      await expect.poll(() => admissions.count).toBe(1);
      socket[leave]();
      await expect.poll(() => admissions.count).toBe(0);
    }
    expect(refused).toEqual(['127.0.0.1 did not come', '127.0.0.1 did not come']);
    clock.advance(10_000);
    expect(refused).toHaveLength(2);
  });
});

describe('Somebody who comes past the balancer', () => {
  it('needs no header, and comes from where he is', async () => {
    const { port } = await open({ proxies: ['192.0.2.200'] });
    const socket = dial(port);
    socket.end('Hello');
    expect(await text(socket)).toBe('127.0.0.1 Hello');
  });

  it('is not believed to come from elsewhere', async () => {
    const { port } = await open({ proxies: ['192.0.2.200'] });
    const socket = dial(port);
    socket.end(textHeader('192.0.2.9'));
    expect(await text(socket)).toBe(`127.0.0.1 ${textHeader('192.0.2.9')}`);
  });

  it('makes handshakes as ever', async () => {
    const { port, from } = await open({ scheme: 'wss', proxies: ['192.0.2.200'] });
    const webSocket = new WebSocket(`wss://localhost:${port}`, 'msrp', TRUST);
    await once(webSocket, 'open');
    expect(from).toEqual(['127.0.0.1']);
    webSocket.terminate();
  });
});
