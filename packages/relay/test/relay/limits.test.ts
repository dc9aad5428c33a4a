import { once } from 'node:events';
import net from 'node:net';
import fc from 'fast-check';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { acceptedCount, authenticate, challenged, challengesOf, fence, text, wire } from './dialogue.ts';
import { type Overrides, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
let peer: Listening;

beforeEach(async () => {
  relay = await startRelay();
  peer = await listen();
});

afterEach(async () => {
  await relay.close();
  await peer.close();
});

async function restart(overrides: Overrides): Promise<void> {
  await relay.close();
  relay = await startRelay(overrides);
}

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', ...more });
}

/** Settles when the relay has read `octets` more than `before`. */
async function arrived(before: number, octets: number): Promise<void> {
  await expect.poll(() => relay.relay.snapshot().octets.in).toBe(before + octets);
}

async function sendAndArrive(endpoint: Endpoint, octets: string | Buffer): Promise<void> {
  const before = relay.relay.snapshot().octets.in;
  void endpoint.send(octets);
  await arrived(before, octets.length);
}

describe('Connections', () => {
  /** A plain connection that the relay closes again without a word, or not. */
  async function isTurnedAway(): Promise<boolean> {
    const before = acceptedCount(relay);
    const socket = net.connect(relay.tcpPort, '127.0.0.1');
    socket.on('error', () => {});
    const closed = once(socket.resume(), 'close').then(() => true);
    const taken = expect.poll(() => acceptedCount(relay)).toBe(before + 1);
    return Promise.race([closed, taken.then(() => false)]);
  }

  it('of one address are limited; one that has authenticated does not count (SE-06)', async () => {
    await restart({ limits: { connectionsPerAddress: 3 } });
    const clients = [await relay.client(), await relay.client('bob')];
    const strangers = [await relay.connect(), await relay.connect({ secure: false }), await relay.connect()];
    await expect.poll(() => acceptedCount(relay)).toBe(5);
    expect(await isTurnedAway()).toBe(true);
    await strangers[0]?.close();
    expect(await isTurnedAway()).toBe(false);
    expect(await isTurnedAway()).toBe(true);
    for (const { endpoint } of clients) {
      expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
      await endpoint.close();
    }
    expect(await isTurnedAway()).toBe(true);
  });

  it('in all are limited, handshakes included, and free again when they end (SE-06)', async () => {
    await restart({ limits: { connections: 4 } });
    const { endpoint } = await relay.client();
    const stranger = await relay.connect();
    const half = net.connect(relay.tlsPort, '127.0.0.1');
    await once(half, 'connect');
    const halfToo = net.connect(relay.tlsPort, '127.0.0.1');
    await once(halfToo, 'connect');
    expect(await isTurnedAway()).toBe(true);
    half.resetAndDestroy();
    halfToo.resetAndDestroy();
    await expect.poll(isTurnedAway).toBe(false);
    await stranger.close();
    expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
  });
});

describe('Sessions of a user', () => {
  it('are limited: 403 without a Use-Path, and other users have theirs (SE-06, FC-08, EC-13)', async () => {
    await restart({ limits: { sessionsPerUser: 2 } });
    const first = await relay.client();
    const { endpoint } = await relay.client();
    const refused = await authenticate(relay, endpoint);
    expect(refused.status).toBe(403);
    expect(refused.header('Use-Path')).toBeUndefined();
    expect(challengesOf(refused)).toEqual([]);
    await relay.client('bob');
    await first.endpoint.close();
    expect((await authenticate(relay, endpoint)).status).toBe(200);
    expect((await authenticate(relay, endpoint, { expires: '59' })).status).toBe(423);
  });

  it('are free again when they expire (SE-06, AU-42)', async () => {
    await restart({ limits: { sessionsPerUser: 1 } });
    const endpoint = await relay.connect();
    expect((await authenticate(relay, endpoint, { expires: '60' })).status).toBe(200);
    expect((await authenticate(relay, endpoint)).status).toBe(403);
    relay.clock.advance(60_000);
    expect((await authenticate(relay, endpoint)).status).toBe(200);
  });
});

describe('Transactions', () => {
  it('are limited in all: a SEND is refused with 413, another request with 408, Failure-Report no needs none (SE-06, FC-08, T-07)', async () => {
    await restart({ limits: { transactions: 2 }, nextHops: { allow: ['loopback'], cleartext: true } });
    const { endpoint, usePath } = await relay.client();
    const toPath = `${usePath} ${peer.uri}`;
    expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(200);
    expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(200);
    expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(413);
    expect((await endpoint.ask(send(endpoint, toPath, { failureReport: 'partial' }))).status).toBe(413);
    const nickname = request('NICKNAME', { toPath, fromPath: endpoint.uri, extra: [['Use-Nickname', '"x"']] });
    expect((await endpoint.ask(nickname)).status).toBe(408);
    void endpoint.send(send(endpoint, toPath, { failureReport: 'no', body: 'silent' }));
    const far = await peer.accept();
    void far.send(responseTo(await far.next(), 200));
    await far.next();
    expect((await far.next()).body?.toString()).toBe('silent');
    expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(200);
    expect(relay.relay.snapshot().transactions).toBe(2);
  });
});

describe('The size of a message', () => {
  it('is limited by configuration: 413 while it comes in, and the connection lives (E17, R-13, EC-07, FC-08)', async () => {
    await restart({ limits: { messageOctets: 4096 }, nextHops: { allow: ['loopback'], cleartext: true } });
    const { endpoint, usePath } = await relay.client();
    const toPath = `${usePath} ${peer.uri}`;
    const pattern = Buffer.from(Array.from({ length: 5120 }, (_, at) => 97 + (at % 26)));
    const head = wire(
      'MSRP kBV3LBsdcUh8PsoU SEND',
      `To-Path: ${toPath}`,
      `From-Path: ${endpoint.uri}`,
      'Message-ID: 9ZSOB1YQsCrCEl4G92',
      'Byte-Range: 1-*/200000',
      'Content-Type: application/octet-stream',
      '',
    );
    void endpoint.send(head);
    void endpoint.send(pattern);
    expect(text(await endpoint.next())).toBe(
      wire(
        'MSRP kBV3LBsdcUh8PsoU 413 Message too large',
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${usePath}`,
        '-------kBV3LBsdcUh8PsoU$',
      ),
    );
    void endpoint.send('\r\n-------kBV3LBsdcUh8PsoU#\r\n');
    await endpoint.expectSilence(fence(relay, endpoint));
    const fits = send(endpoint, toPath, { body: pattern.subarray(0, 4096) });
    expect((await endpoint.ask(fits)).status).toBe(200);
    expect((await endpoint.ask(send(endpoint, toPath, { body: pattern.subarray(0, 4097) }))).status).toBe(413);
    const late = send(endpoint, toPath, { byteRange: '4097-4097/4097', body: 'x' });
    expect((await endpoint.ask(late)).status).toBe(413);
    void endpoint.send(send(endpoint, toPath, { body: pattern, failureReport: 'no' }));
    await endpoint.expectSilence(fence(relay, endpoint));
  });
});

describe('A head', () => {
  /** A SEND whose head has `octets` octets, without its end-line. */
  function headOf(octets: number, from: Endpoint, toPath: string): string {
    const lines = wire(
      'MSRP kBV3LBsdcUh8PsoU SEND',
      `To-Path: ${toPath}`,
      `From-Path: ${from.uri}`,
      'Message-ID: 9ZSOB1YQsCrCEl4G92',
    );
    return `${lines}X-Long: ${'x'.repeat(octets - lines.length - 10)}\r\n`;
  }
  const END = '-------kBV3LBsdcUh8PsoU$\r\n';

  it('of 16 KiB passes, end-line included; a larger one is answered 400 and the connection closed (F-28, SE-06)', async () => {
    const { endpoint, usePath } = await relay.client();
    const toPath = `${usePath} ${peer.uri}`;
    void endpoint.send(headOf(16_384 - END.length, endpoint, toPath) + END);
    expect((await endpoint.next()).status).toBe(200);
    void endpoint.send(headOf(16_385, endpoint, toPath) + END);
    expect((await endpoint.next()).status).toBe(400);
    await endpoint.closed;
    expect(peer.acceptedCount()).toBe(1);
  });

  it('that never ends is cut off while it still comes in (F-28, SE-06)', async () => {
    const { endpoint, usePath } = await relay.client();
    void endpoint.send(headOf(16_000, endpoint, `${usePath} ${peer.uri}`).slice(0, -2));
    const more = Buffer.alloc(65_536, 'x');
    for (let index = 0; index < 64 && !endpoint.socket.destroyed; index += 1) await endpoint.send(more);
    expect((await endpoint.next()).status).toBe(400);
    await endpoint.closed;
    expect(relay.relay.snapshot().sessions).toBe(0);
  });

  it('whose paths are not known yet, or with Failure-Report no, is cut off without answer (F-28, R-10)', async () => {
    const early = await relay.connect();
    void early.send(`MSRP abcdefgh SEND\r\nTo-Path: ${'x'.repeat(100_000)}`);
    await expect(early.next()).rejects.toThrow('closed');
    const quiet = await relay.connect();
    const silent = headOf(20_000, quiet, relay.target).replace('X-Long', 'Failure-Report: no\r\nX-Long');
    void quiet.send(silent + END);
    await expect(quiet.next()).rejects.toThrow('closed');
  });

  it.each([
    [64, 200],
    [65, 400],
    [5000, 400],
  ])('of %i lines is answered %i (F-28, SE-06)', async (lines, status) => {
    const { endpoint, usePath } = await relay.client();
    const extra = Array.from({ length: lines - 3 }, (_, at) => ['X', String(at % 10)] as const);
    const response = await endpoint.ask(
      sendRequest({ toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri, extra }),
    );
    expect(response.status).toBe(status);
    if (status === 400) await endpoint.closed;
    else expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
  });

  it('with NULs and other controls is answered 400, one in the start line closes, in a body they pass (F-29, F-30, F-34, EC-02)', async () => {
    const { endpoint, usePath } = await relay.client();
    const toPath = `${usePath} ${peer.uri}`;
    for (const value of ['a\0b', '\x01', '\x7f', 'a\rb', 'a\nb', '\x1b[31m']) {
      expect((await endpoint.ask(send(endpoint, toPath, { extra: [['X-Any', value]] }))).status).toBe(400);
    }
    const all = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
    expect((await endpoint.ask(send(endpoint, toPath, { body: all }))).status).toBe(200);
    expect((await (await peer.accept()).next()).body?.equals(all)).toBe(true);
    const badPath = await endpoint.ask(send(endpoint, `${usePath}\0 ${peer.uri}`));
    expect(badPath.status).toBe(400);
    void endpoint.send('MSRP abc\0defg SEND\r\n');
    await endpoint.closed;
  });

  it('that is dripped is dropped after 30 s, even by a client with sessions (SE-07)', async () => {
    const { endpoint } = await relay.client();
    await sendAndArrive(endpoint, 'MSRP abcd');
    for (let seconds = 0; seconds < 29; seconds += 1) {
      await sendAndArrive(endpoint, 'e');
      relay.clock.advance(1000);
    }
    expect(relay.relay.snapshot().sessions).toBe(1);
    relay.clock.advance(3000);
    await endpoint.closed;
    expect(relay.relay.snapshot().sessions).toBe(0);
  });

  it('that is on its way whenever somebody looks is not taken for a dripped one (SE-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    const alive = () => sendRequest({ toPath: usePath, fromPath: endpoint.uri }).toString('latin1');
    let next = alive();
    await sendAndArrive(endpoint, next.slice(0, 20));
    for (let seconds = 0; seconds < 40; seconds += 1) {
      relay.clock.advance(1000);
      const following = alive();
      await sendAndArrive(endpoint, next.slice(20) + following.slice(0, 20));
      expect((await endpoint.next()).status).toBe(200);
      next = following;
    }
    expect(relay.relay.snapshot().sessions).toBe(1);
  });

  it('may be followed by a body that takes its time (SE-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    const octets = send(endpoint, `${usePath} ${peer.uri}`);
    await sendAndArrive(endpoint, octets.subarray(0, octets.length - 30));
    relay.clock.advance(90_000);
    void endpoint.send(octets.subarray(octets.length - 30));
    expect((await endpoint.next()).status).toBe(200);
  });
});

describe('What is not MSRP', () => {
  it.each([
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a TLS handshake in clear', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['lines that end in LF alone', 'MSRP abcdefgh SEND\nTo-Path: msrp://a:1/x;tcp\nFrom-Path: msrp://b:1/x;tcp\n'],
    ['a start line in small letters', 'msrp abcdefgh SEND\r\n'],
    ['NULs', '\0'.repeat(100)],
    ['a bad transaction id', 'MSRP -bcd SEND\r\n'],
    ['a method in small letters', 'MSRP abcdefgh send\r\n'],
    ['empty lines without end', '\r\n'.repeat(50)],
  ])('closes the connection without an answer: %s (F-30, F-01, F-02, SE-06)', async (_name, octets) => {
    const stranger = await relay.connect({ secure: false });
    void stranger.send(octets);
    await expect(stranger.next()).rejects.toThrow('closed');
    const { endpoint } = await relay.client();
    void endpoint.send(octets);
    await expect(endpoint.next()).rejects.toThrow('closed');
  });

  it('never brings anything down, whatever it is (F-30, F-32, SE-06)', async () => {
    const bystander = await relay.client();
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets).toString('latin1')),
      fc.constantFrom(
        'MSRP abcdefgh SEND\r\n',
        'MSRP abcdefgh 200 OK\r\n',
        'MSRP abcdefgh AUTH\r\n',
        `To-Path: ${relay.target}\r\n`,
        `To-Path: ${bystander.usePath} ${bystander.endpoint.uri}\r\n`,
        'From-Path: msrps://a.example.org:1/x;tcp\r\n',
        'Byte-Range: 1-*/*\r\n',
        'Content-Type: text/plain\r\n\r\n',
        '-------abcdefgh$\r\n',
        '\r\n',
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const stranger = await relay.connect({ secure: false });
        void stranger.send(pieces.join(''));
        stranger.socket.end();
        await stranger.closed;
      }),
      { numRuns: 200 },
    );
    expect((await bystander.endpoint.ask(fence(relay, bystander.endpoint))).status).toBe(401);
    await expect.poll(() => acceptedCount(relay)).toBe(1);
  });
});

describe('AUTHs', () => {
  it('that come by the hundred are answered, or refused, and leave nothing behind (SE-06)', async () => {
    const { endpoint } = await relay.client();
    void endpoint.send(Buffer.concat(Array.from({ length: 500 }, () => fence(relay, endpoint))));
    for (let index = 0; index < 500; index += 1) expect((await endpoint.next()).status).toBe(401);
    await challenged(relay, endpoint);
    expect(relay.relay.snapshot()).toMatchObject({ sessions: 1, transactions: 0, queuedOctets: 0 });
  });

  it('of somebody who never reads the answers stop being read (SE-06, FC-03)', async () => {
    const { endpoint } = await relay.client();
    endpoint.pause();
    const block = Buffer.concat(Array.from({ length: 1000 }, () => fence(relay, endpoint)));
    const written = { octets: 0 };
    const flood = async () => {
      for (let index = 0; index < 400; index += 1) {
        await endpoint.send(block);
        written.octets += block.length;
      }
    };
    void flood();
    let before = -1;
    await expect
      .poll(
        () => {
          const same = relay.relay.snapshot().octets.in === before;
          before = relay.relay.snapshot().octets.in;
          return same;
        },
        { interval: 200, timeout: 15_000 },
      )
      .toBe(true);
    expect(written.octets).toBeLessThan(block.length * 400);
    expect(relay.relay.snapshot().queuedOctets).toBeLessThan(4_000_000);
    endpoint.socket.destroy();
    await expect.poll(() => relay.relay.snapshot().queuedOctets).toBe(0);
  });
});
