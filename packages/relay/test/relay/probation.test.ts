import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { acceptedCount, dialledCount, fence } from './dialogue.ts';
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

/** Lets leaps of time pass that would look like a write that is never taken. */
const PATIENT = { flow: { stallTimeoutMs: 86_400_000 } };

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', ...more });
}

function unknownSession(from: Endpoint): Buffer {
  return send(from, `msrps://localhost:${relay.tlsPort}/0.invented;tcp ${peer.uri}`);
}

/** A connection that the relay has taken up, too: a client's handshake ends a moment earlier. */
async function connectIdle(secure = true): Promise<Endpoint> {
  const before = acceptedCount(relay);
  const endpoint = await relay.connect({ secure });
  await expect.poll(() => acceptedCount(relay)).toBe(before + 1);
  return endpoint;
}

describe('A new connection', () => {
  it.each([true, false])('that says nothing is closed after 30 s, not earlier (CN-13; TLS: %s)', async (secure) => {
    const endpoint = await connectIdle(secure);
    relay.clock.advance(29_000);
    expect(acceptedCount(relay)).toBe(1);
    relay.clock.advance(2000);
    await endpoint.closed;
    expect(acceptedCount(relay)).toBe(0);
  });

  it('that draws nothing but 401s is closed after 30 s (CN-13, A-26)', async () => {
    const endpoint = await connectIdle();
    for (let seconds = 0; seconds < 28; seconds += 7) {
      relay.clock.advance(7000);
      expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
    }
    relay.clock.advance(3000);
    await endpoint.closed;
  });

  it('is over its probation with the first AUTH that succeeds, however long it then listens (CN-13, CM-08, CN-18)', async () => {
    await restart(PATIENT);
    const { endpoint, usePath } = await relay.client();
    relay.clock.advance(50 * 60_000);
    const outsider = await relay.connect();
    expect((await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    expect((await endpoint.next()).body?.toString()).toBe('hello');
    relay.clock.advance(5 * 3_600_000);
    expect((await endpoint.ask(sendRequest({ toPath: usePath, fromPath: endpoint.uri }))).status).toBe(200);
  });

  it('is over its probation with the first request that is forwarded (CN-13)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    const toPath = `${usePath} ${endpoint.uri}`;
    expect((await outsider.ask(send(outsider, toPath))).status).toBe(200);
    relay.clock.advance(60_000);
    expect((await outsider.ask(send(outsider, toPath))).status).toBe(200);
  });

  it('is closed when nobody has needed it for over an hour, and not while a session does (CN-20, CN-18)', async () => {
    await restart(PATIENT);
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    expect((await outsider.ask(send(outsider, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    void endpoint.send(responseTo(await endpoint.next(), 200));
    await expect.poll(() => relay.relay.snapshot().transactions).toBe(0);
    relay.clock.advance(2 * 3_600_000);
    expect(acceptedCount(relay)).toBe(2);
    await endpoint.close();
    relay.clock.advance(3_590_000);
    expect(acceptedCount(relay)).toBe(1);
    relay.clock.advance(20_000);
    await outsider.closed;
  });

  it('may fail four times; the fifth failure closes it, answered (CN-14)', async () => {
    const endpoint = await relay.connect();
    for (let index = 0; index < 4; index += 1) {
      expect((await endpoint.ask(unknownSession(endpoint))).status).toBe(481);
    }
    expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
    expect((await endpoint.ask(unknownSession(endpoint))).status).toBe(481);
    await endpoint.closed;
  });

  it('is closed by five failures that are not answered, too (CN-14, R-10, R-11)', async () => {
    const endpoint = await relay.connect();
    const silent = send(endpoint, `${relay.target} ${peer.uri}`, { failureReport: 'no' });
    for (let index = 0; index < 5; index += 1) void endpoint.send(silent);
    await expect(endpoint.next()).rejects.toThrow('closed');
    await endpoint.closed;
  });

  it('gets more patience after a success (CN-14)', async () => {
    const { endpoint } = await relay.client();
    for (let index = 0; index < 20; index += 1) {
      expect((await endpoint.ask(unknownSession(endpoint))).status).toBe(481);
    }
  });
});

describe('A request that is not for this relay', () => {
  function misaddressed(from: Endpoint, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
    return send(from, `msrps://elsewhere.example.org:2855/x;tcp ${peer.uri}`, more);
  }

  it('costs a stranger the connection at once; a SEND is told 481 first (CN-15, FW-20, A-07)', async () => {
    const stranger = await relay.connect();
    const asked = misaddressed(stranger);
    expect((await stranger.ask(asked)).status).toBe(481);
    await stranger.closed;
    expect(dialledCount(relay)).toBe(0);
  });

  it.each([
    ['a SEND with Failure-Report no', (from: Endpoint) => misaddressed(from, { failureReport: 'no' })],
    [
      'a REPORT',
      (from: Endpoint) =>
        request('REPORT', {
          toPath: `${peer.uri} ${peer.uri}`,
          fromPath: from.uri,
          extra: [
            ['Message-ID', 'abcd'],
            ['Status', '000 200'],
          ],
        }),
    ],
  ])('closes without a word after %s (CN-15, R-10, R-11)', async (_name, octets) => {
    const stranger = await relay.connect();
    void stranger.send(octets(stranger));
    await expect(stranger.next()).rejects.toThrow('closed');
  });

  it('closes after an AUTH for another node, another port or another scheme (CN-15, U-22)', async () => {
    const targets = [
      'msrps://elsewhere.example.org:2855;tcp',
      'msrps://elsewhere.example.org;tcp',
      `msrps://localhost:${relay.tlsPort + 1};tcp`,
      'msrps://localhost:2855;tcp',
      `msrps://localhost:${relay.tlsPort};ws`,
    ];
    for (const toPath of targets) {
      const stranger = await relay.connect();
      expect((await stranger.ask(request('AUTH', { toPath, fromPath: stranger.uri }))).status, toPath).toBe(481);
      await stranger.closed;
    }
  });

  it('does not cost a client its sessions, unless it goes on (CN-15, A-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    expect((await endpoint.ask(misaddressed(endpoint))).status).toBe(481);
    expect((await endpoint.ask(send(endpoint, `${usePath} ${peer.uri}`))).status).toBe(200);
    expect(relay.relay.snapshot().sessions).toBe(1);
    for (let index = 0; index < 20; index += 1) void endpoint.send(misaddressed(endpoint, { failureReport: 'no' }));
    await endpoint.closed;
    await expect.poll(() => relay.relay.snapshot().sessions).toBe(0);
  });
});

describe('A msrps URI in clear', () => {
  it('is refused with 403, and the connection closed (CN-03, EC-04)', async () => {
    const { endpoint, usePath } = await relay.client();
    const stranger = await relay.connect({ secure: false });
    const asked = send(stranger, `${usePath} ${endpoint.uri}`);
    const response = await stranger.ask(asked);
    expect(response.status).toBe(403);
    await stranger.closed;
    await endpoint.expectSilence(fence(relay, endpoint));
  });

  it('is not to be had by writing it as msrp (CN-03, U-06)', async () => {
    const { endpoint, usePath } = await relay.client();
    for (const uri of [
      usePath.replace('msrps:', 'msrp:'),
      usePath.replace(/^msrps(.*):\d+/, `msrp$1:${relay.tcpPort}`),
    ]) {
      const stranger = await relay.connect({ secure: false });
      expect((await stranger.ask(send(stranger, `${uri} ${endpoint.uri}`))).status).toBe(481);
    }
    await endpoint.expectSilence(fence(relay, endpoint));
  });
});
