import fc from 'fast-check';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import { answerTo, authenticate, dialledCount, fence, successReport, text } from './dialogue.ts';
import { startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
/** Whoever must not be bothered. */
let victim: Listening;

beforeEach(async () => {
  relay = await startRelay();
  victim = await listen();
});

afterEach(async () => {
  await relay.close();
  await victim.close();
});

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', ...more });
}

function expectNobodyDialled(): void {
  expect(dialledCount(relay)).toBe(0);
  expect(victim.acceptedCount()).toBe(0);
}

const NO_SESSION = '481 Session does not exist';
const NOT_THIS_WAY = '403 Not this way';

describe('A session URI', () => {
  it('that was never granted opens nothing, and every wrong one gets the same 481 (FW-02, FW-04, SE-04, EC-10, E13.2)', async () => {
    const { usePath } = await relay.client();
    const secret = /\d\/([^;]+);/.exec(usePath)?.[1] ?? '';
    const swapped = secret.endsWith('A') ? `${secret.slice(0, -1)}B` : `${secret.slice(0, -1)}A`;
    const wrong = [
      relay.target,
      usePath.replace(secret, swapped),
      usePath.replace(secret, secret.slice(0, -1)),
      usePath.replace(secret, `${secret}A`),
      usePath.replace(secret, secret.toUpperCase() === secret ? secret.toLowerCase() : secret.toUpperCase()),
      usePath.replace(secret, secret.slice(secret.indexOf('.') + 1)),
      usePath.replace(secret, 'x'),
      usePath.replace(secret, 'constructor.__proto__'),
    ];
    for (const uri of wrong) {
      const stranger = await relay.connect();
      const asked = send(stranger, `${uri} ${victim.uri}`);
      expect(text(await stranger.ask(asked))).toBe(answerTo(asked, NO_SESSION, stranger.uri, uri));
      await stranger.expectSilence(fence(relay, stranger));
    }
    expectNobodyDialled();
  });

  it('is good for nothing on another connection, not even of the same user (FW-03, FW-05, FW-06, AU-38)', async () => {
    const first = await relay.client();
    const second = await relay.client();
    const asked = send(second.endpoint, `${first.usePath} ${victim.uri}`);
    expect(text(await second.endpoint.ask(asked))).toBe(
      answerTo(asked, NOT_THIS_WAY, second.endpoint.uri, first.usePath),
    );
    await first.endpoint.close();
    const again = send(second.endpoint, `${first.usePath} ${victim.uri}`);
    expect(text(await second.endpoint.ask(again))).toBe(
      answerTo(again, NO_SESSION, second.endpoint.uri, first.usePath),
    );
    expectNobodyDialled();
  });

  it('dies with the connection of its client, however that ends (FW-03, CN-16)', async () => {
    const peer = await relay.connect();
    const client = await relay.client();
    const toPath = `${client.usePath} ${client.endpoint.uri}`;
    expect((await peer.ask(send(peer, toPath))).status).toBe(200);
    client.endpoint.socket.destroy();
    await expect.poll(() => relay.relay.snapshot().sessions).toBe(0);
    const asked = send(peer, toPath);
    expect(text(await peer.ask(asked))).toBe(answerTo(asked, NO_SESSION, peer.uri, client.usePath));
    expectNobodyDialled();
  });

  it('ends at its expiry: 481 from then on, silence for Failure-Report no and REPORTs (FW-04, AU-42, R-10, R-11, E13.3)', async () => {
    const { endpoint } = await relay.client();
    const granted = await authenticate(relay, endpoint, { expires: '60' });
    expect(granted.header('Expires')).toBe('60');
    const usePath = granted.header('Use-Path') ?? '';
    relay.clock.advance(59_999);
    const outsider = await relay.connect();
    const inbound = `${usePath} ${endpoint.uri}`;
    expect((await outsider.ask(send(outsider, inbound))).status).toBe(200);
    void endpoint.send(responseTo(await endpoint.next(), 200));
    relay.clock.advance(1);
    for (const [from, toPath] of [
      [outsider, inbound],
      [endpoint, `${usePath} ${victim.uri}`],
    ] as const) {
      const asked = send(from, toPath);
      expect(text(await from.ask(asked))).toBe(answerTo(asked, NO_SESSION, from.uri, usePath));
      void from.send(send(from, toPath, { failureReport: 'no' }));
      void from.send(successReport(from, toPath));
      await from.expectSilence(fence(relay, from));
    }
    expectNobodyDialled();
  });

  it('lets a chunk finish that was coming in when it expired (AU-42)', async () => {
    const { endpoint } = await relay.client();
    const usePath = (await authenticate(relay, endpoint, { expires: '60' })).header('Use-Path') ?? '';
    const octets = sendRequest({ toPath: `${usePath} ${victim.uri}`, fromPath: endpoint.uri, body: 'half and half' });
    const before = relay.relay.snapshot().octets.in ?? 0;
    void endpoint.send(octets.subarray(0, octets.length - 20));
    await expect.poll(() => relay.relay.snapshot().octets.in).toBe(before + octets.length - 20);
    relay.clock.advance(60_000);
    expect(relay.relay.snapshot().sessions).toBe(1);
    const tid = octets.toString('latin1', 5, octets.indexOf(' ', 5));
    void endpoint.send(octets.subarray(octets.length - 20));
    expect((await endpoint.next((message) => message.tid === tid)).status).toBe(200);
    expect((await (await victim.accept()).next()).body?.toString()).toBe('half and half');
  });
});

describe('Direction', () => {
  it('is judged by the connection: a forged From-Path proves nothing (FW-05, FW-06, SE-05)', async () => {
    const client = await relay.client();
    const stranger = await relay.connect();
    const asked = send(stranger, `${client.usePath} ${victim.uri}`, { fromPath: client.endpoint.uri });
    expect(text(await stranger.ask(asked))).toBe(answerTo(asked, NOT_THIS_WAY, client.endpoint.uri, client.usePath));
    expectNobodyDialled();
  });

  it('from outside leads to the client and to no other host, port, scheme or transport (FW-05, FW-07, FW-21, SE-01, E13.7)', async () => {
    const client = await relay.client();
    const { uri } = client.endpoint;
    const port = Number(/:(\d+)\//.exec(uri)?.[1]);
    const elsewhere = [
      victim.uri,
      uri.replace('127.0.0.1', 'localhost'),
      uri.replace('127.0.0.1', '127.0.0.2'),
      uri.replace('127.0.0.1', '[::ffff:127.0.0.1]'),
      uri.replace(`:${port}/`, `:${victim.port}/`),
      uri.replace('msrps:', 'msrp:'),
      uri.replace(';tcp', ';ws'),
      `${victim.uri} ${uri}`,
      client.usePath,
      relay.target,
    ];
    for (const next of elsewhere) {
      const stranger = await relay.connect();
      const asked = send(stranger, `${client.usePath} ${next}`);
      expect(text(await stranger.ask(asked))).toBe(answerTo(asked, NOT_THIS_WAY, stranger.uri, client.usePath));
      await stranger.close();
    }
    await client.endpoint.expectSilence(fence(relay, client.endpoint));
    expectNobodyDialled();
  });

  it('from outside takes any session-id and spelling of the client node, on its own connection only (FW-07, CN-12)', async () => {
    const { endpoint } = await relay.client();
    const granted = await authenticate(relay, endpoint, { fromPath: victim.uri.replace('msrp:', 'msrps:') });
    const usePath = granted.header('Use-Path') ?? '';
    const stranger = await relay.connect();
    const spellings = [
      `msrps://127.0.0.1:${victim.port}/another-session;tcp`,
      `msrps://joe@127.0.0.1:${victim.port}/x;TCP;p=1`,
      `msrps://%31%32%37.0.0.1:${victim.port};tcp`,
    ];
    for (const next of spellings) {
      expect((await stranger.ask(send(stranger, `${usePath} ${next}`))).status).toBe(200);
      const arrived = await endpoint.next();
      expect(arrived.header('To-Path')).toBe(next);
      expect(arrived.header('From-Path')).toBe(`${usePath} ${stranger.uri}`);
    }
    expectNobodyDialled();
  });

  it('goes by the node in the AUTH even under .invalid, which is never looked up (FW-07)', async () => {
    const { endpoint } = await relay.client();
    const fromPath = 'msrps://walzru6i2an3.invalid:2855/JkS7Y7gO8pE2wAOaLiUT;ws';
    const usePath = (await authenticate(relay, endpoint, { fromPath })).header('Use-Path') ?? '';
    const stranger = await relay.connect();
    const next = 'msrps://walzru6i2an3.invalid:2855/other;ws';
    expect((await stranger.ask(send(stranger, `${usePath} ${next}`))).status).toBe(200);
    expect((await endpoint.next()).header('To-Path')).toBe(next);
    const asked = send(stranger, `${usePath} msrps://othertoken.invalid:2855/other;ws`);
    expect((await stranger.ask(asked)).status).toBe(403);
    expectNobodyDialled();
  });

  it('is not asked of a request that does not read well: 400 comes first (FW-01, EC-02)', async () => {
    const stranger = await relay.connect();
    const bad = send(stranger, `${relay.target} ${victim.uri}`, { byteRange: '0-5/5' });
    expect((await stranger.ask(bad)).status).toBe(400);
    void stranger.send(send(stranger, `${relay.target} ${victim.uri}`, { byteRange: 'x', failureReport: 'no' }));
    await stranger.expectSilence(fence(relay, stranger));
  });

  it('never lets a stranger make the relay connect or report to anybody (SE-01, FW-18, X-13)', async () => {
    const client = await relay.client();
    const bob = await relay.client('bob');
    const uris = [
      relay.target,
      `msrps://localhost:${relay.tlsPort}/invented;tcp`,
      client.usePath,
      bob.usePath,
      client.usePath.replace('msrps:', 'msrp:'),
      client.usePath.replace(';tcp', ';ws'),
      victim.uri,
      victim.uri.replace('msrp:', 'msrps:'),
      'msrps://token.invalid:2855/x;ws',
    ];
    const path = fc.array(fc.constantFrom(...uris), { minLength: 1, maxLength: 4 });
    const method = fc.constantFrom('SEND', 'REPORT', 'AUTH', 'NICKNAME', 'FOO');
    const failureReport = fc.constantFrom('yes', 'no', 'partial', 'maybe');
    await fc.assert(
      fc.asyncProperty(method, path, path, failureReport, fc.boolean(), async (name, to, from, wish, secure) => {
        const stranger = await relay.connect({ secure });
        const extra = [
          ['Message-ID', 'abcdefgh'],
          ['Failure-Report', wish],
          ['Status', '000 200 OK'],
        ] as const;
        void stranger.send(request(name, { toPath: to.join(' '), fromPath: from.join(' '), extra, body: 'x' }));
        stranger.socket.end();
        await stranger.closed;
        expectNobodyDialled();
      }),
      { numRuns: 150 },
    );
    await client.endpoint.expectSilence(fence(relay, client.endpoint));
    await bob.endpoint.expectSilence(fence(relay, bob.endpoint));
    expect(relay.relay.snapshot().reports).toEqual({});
  });
});

describe('A request that ends at the relay', () => {
  it('is a keep-alive when it is an empty SEND of the client, answered as Failure-Report says (FW-11)', async () => {
    const { endpoint, usePath } = await relay.client();
    const alive = (failureReport?: string) =>
      sendRequest({
        toPath: usePath,
        fromPath: endpoint.uri,
        byteRange: '1-0/0',
        ...(failureReport === undefined ? {} : { failureReport }),
      });
    const asked = alive();
    expect(text(await endpoint.ask(asked))).toBe(answerTo(asked, '200 OK', endpoint.uri, usePath));
    void endpoint.send(alive('no'));
    void endpoint.send(alive('partial'));
    await endpoint.expectSilence(fence(relay, endpoint));
    expectNobodyDialled();
  });

  it('is refused when it has a body or comes from outside: 481, a REPORT silently, another method 501 (FW-11, EC-11)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    expect((await endpoint.ask(send(endpoint, usePath))).status).toBe(481);
    expect((await outsider.ask(send(outsider, usePath))).status).toBe(481);
    const bodiless = sendRequest({ toPath: usePath, fromPath: outsider.uri });
    expect((await outsider.ask(bodiless)).status).toBe(481);
    void endpoint.send(send(endpoint, usePath, { failureReport: 'no' }));
    void endpoint.send(successReport(endpoint, usePath));
    await endpoint.expectSilence(fence(relay, endpoint));
    const unknown = await endpoint.ask(request('FROB', { toPath: usePath, fromPath: endpoint.uri }));
    expect(unknown.status).toBe(501);
    expectNobodyDialled();
  });
});

describe('The length of a path', () => {
  it('is at most 16 URIs: 17 are answered 400 and go nowhere (FW-19, SE-06)', async () => {
    const { endpoint, usePath } = await relay.client();
    const path = (octets: number) => Array.from({ length: octets }, (_, at) => `msrps://h${at}.example.org:1/x;tcp`);
    const long = (to: number, from: number) =>
      sendRequest({
        toPath: [usePath, victim.uri.replace('msrp:', 'msrps:'), ...path(to - 2)].join(' '),
        fromPath: [endpoint.uri, ...path(from - 1)].join(' '),
        body: 'x',
      });
    expect((await endpoint.ask(long(17, 1))).status).toBe(400);
    expect((await endpoint.ask(long(3, 17))).status).toBe(400);
    expectNobodyDialled();
    expect((await endpoint.ask(long(16, 16))).status).toBe(200);
  });

  it.each([3, 4, 5, 16, 20])('made of %i own URIs multiplies nothing (FW-19, U-23)', async (length) => {
    const alice = await relay.client();
    const bob = await relay.client('bob');
    const own = Array.from({ length }, (_, at) => (at % 2 === 0 ? alice.usePath : bob.usePath));
    const response = await alice.endpoint.ask(send(alice.endpoint, own.join(' ')));
    expect(response.status).toBe(length > 16 ? 400 : 403);
    const toBob = await alice.endpoint.ask(send(alice.endpoint, `${own.join(' ')} ${bob.endpoint.uri}`));
    expect(toBob.status).toBe(length > 15 ? 400 : 403);
    await bob.endpoint.expectSilence(fence(relay, bob.endpoint));
    expectNobodyDialled();
  });
});
