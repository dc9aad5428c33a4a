import fc from 'fast-check';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { authenticate, dialledCount, fence, text, wire } from './dialogue.ts';
import { authority, type Overrides, startRelay, type TestRelay } from './harness.ts';

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

async function restart(overrides: Overrides): Promise<void> {
  await relay.close();
  relay = await startRelay(overrides);
}

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', ...more });
}

function expectNobodyDialled(): void {
  expect(dialledCount(relay)).toBe(0);
  expect(victim.acceptedCount()).toBe(0);
}

/** The octets of a SEND's error response. */
function refusal(asked: Buffer, status: string, to: string, from: string): string {
  const tid = asked.toString('latin1', 5, asked.indexOf(' ', 5));
  return wire(`MSRP ${tid} ${status}`, `To-Path: ${to}`, `From-Path: ${from}`, `-------${tid}$`);
}

const NO_SESSION = '481 Session does not exist';
const NOT_THIS_WAY = '403 Not this way';

describe('A session URI', () => {
  it('that was never granted opens nothing, and every wrong one gets the same 481 (FW-02, FW-04, SE-04, E13.2)', async () => {
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
      expect(text(await stranger.ask(asked))).toBe(refusal(asked, NO_SESSION, stranger.uri, uri));
      await stranger.expectSilence(fence(relay, stranger));
    }
    expectNobodyDialled();
  });

  it('is good for nothing on another connection, not even of the same user (FW-03, FW-05, FW-06, AU-38)', async () => {
    const first = await relay.client();
    const second = await relay.client();
    const asked = send(second.endpoint, `${first.usePath} ${victim.uri}`);
    expect(text(await second.endpoint.ask(asked))).toBe(
      refusal(asked, NOT_THIS_WAY, second.endpoint.uri, first.usePath),
    );
    await first.endpoint.close();
    const again = send(second.endpoint, `${first.usePath} ${victim.uri}`);
    expect(text(await second.endpoint.ask(again))).toBe(refusal(again, NO_SESSION, second.endpoint.uri, first.usePath));
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
    expect(text(await peer.ask(asked))).toBe(refusal(asked, NO_SESSION, peer.uri, client.usePath));
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
      expect(text(await from.ask(asked))).toBe(refusal(asked, NO_SESSION, from.uri, usePath));
      void from.send(send(from, toPath, { failureReport: 'no' }));
      void from.send(request('REPORT', reportParts(from, toPath)));
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

function reportParts(from: Endpoint, toPath: string): Parameters<typeof request>[1] {
  const extra = [
    ['Message-ID', 'rW0wKK9Vzt6MU3HcAX'],
    ['Byte-Range', '1-5/5'],
    ['Status', '000 200 OK'],
  ] as const;
  return { toPath, fromPath: from.uri, extra };
}

describe('Direction', () => {
  it('is judged by the connection: a forged From-Path proves nothing (FW-05, FW-06, SE-05)', async () => {
    const client = await relay.client();
    const stranger = await relay.connect();
    const asked = send(stranger, `${client.usePath} ${victim.uri}`, { fromPath: client.endpoint.uri });
    expect(text(await stranger.ask(asked))).toBe(refusal(asked, NOT_THIS_WAY, client.endpoint.uri, client.usePath));
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
      expect(text(await stranger.ask(asked))).toBe(refusal(asked, NOT_THIS_WAY, stranger.uri, client.usePath));
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
    expect(text(await endpoint.ask(asked))).toBe(refusal(asked, '200 OK', endpoint.uri, usePath));
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
    void endpoint.send(request('REPORT', reportParts(endpoint, usePath)));
    await endpoint.expectSilence(fence(relay, endpoint));
    const unknown = await endpoint.ask(request('FROB', { toPath: usePath, fromPath: endpoint.uri }));
    expect(unknown.status).toBe(501);
    expectNobodyDialled();
  });
});

describe('A next hop', () => {
  const unreachable = ['msrps://token.invalid:2855/x;ws', 'msrps://127.0.0.1:PORT/x;ws', 'msrps://127.0.0.1:PORT/x;dc'];

  it.each([...unreachable, 'msrps://127.0.0.1:PORT/x;quic', 'msrps://localhost/x;tcp'])(
    'that cannot be dialled, %s, is refused with 408 without dialling (FW-22, DC-01, U-15, EC-06)',
    async (template) => {
      const { endpoint, usePath } = await relay.client();
      const toPath = `${usePath} ${template.replace('PORT', String(victim.port))}`;
      expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(408);
      expect((await endpoint.ask(send(endpoint, toPath, { failureReport: 'partial' }))).status).toBe(408);
      void endpoint.send(send(endpoint, toPath, { failureReport: 'no' }));
      await endpoint.expectSilence(fence(relay, endpoint));
      expectNobodyDialled();
      expect(relay.relay.snapshot().reports).toEqual({});
    },
  );

  it('under .invalid is never looked up: 200, then a REPORT 408 (FW-22, FW-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    const asked = send(endpoint, `${usePath} msrps://token.invalid:2855/x;tcp`);
    expect((await endpoint.ask(asked)).status).toBe(200);
    const report = await endpoint.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 408/);
  });

  it.each([';dc', ';ws', ';quic'])(
    'may have a node of any transport behind it: %s passes as it is (DC-01, FW-22)',
    async (transport) => {
      const certificate = await authority.issue({ dnsNames: ['localhost'] });
      const foreign = await listen({ certificate, name: 'localhost' });
      const { endpoint, usePath } = await relay.client();
      const last = `msrps://[2001:db8::3]:54111/session${transport}`;
      expect((await endpoint.ask(send(endpoint, `${usePath} ${foreign.uri} ${last}`))).status).toBe(200);
      const arrived = await (await foreign.accept()).next();
      expect(arrived.header('To-Path')).toBe(`${foreign.uri} ${last}`);
      await foreign.close();
    },
  );

  it('in clear is refused unless the configuration permits it, and always before another hop (CN-25)', async () => {
    const { endpoint, usePath } = await relay.client();
    expect((await endpoint.ask(send(endpoint, `${usePath} ${victim.uri}`))).status).toBe(200);
    await victim.accept();
    const behind = `${usePath} msrp://127.0.0.1:${victim.port}/r2;tcp msrp://127.0.0.1:9/bob;tcp`;
    expect((await endpoint.ask(send(endpoint, behind))).status).toBe(403);

    await restart({ nextHops: { allow: ['loopback'] } });
    const strict = await relay.client();
    const refused = await strict.endpoint.ask(send(strict.endpoint, `${strict.usePath} ${victim.uri}`));
    expect(refused.status).toBe(403);
    expect((await strict.endpoint.ask(send(strict.endpoint, behind.replace(usePath, strict.usePath)))).status).toBe(
      403,
    );
    expect(dialledCount(relay)).toBe(0);
    expect(victim.acceptedCount()).toBe(1);
  });

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '169.254.169.254',
    '10.1.2.3',
    '192.168.0.1',
    '172.16.0.1',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::FFFF:0:0]',
    '[fe80::1]',
    '[fd00::1]',
    '[ff02::1]',
  ])('at the denied address %s is refused with 403 and not dialled (FW-09, SE-01, EC-04)', async (host) => {
    await restart({ nextHops: { cleartext: true } });
    const { endpoint, usePath } = await relay.client();
    const asked = send(endpoint, `${usePath} msrp://${host}:${victim.port}/x;tcp`);
    expect((await endpoint.ask(asked)).status).toBe(403);
    await endpoint.expectSilence(fence(relay, endpoint));
    expectNobodyDialled();
  });

  it.each(['localhost', 'LOCALHOST', '2130706433', '0x7f000001', '127.1', '0177.0.0.1'])(
    'whose name %s leads to a denied address is not connected to: 200, then a REPORT (FW-09, SE-01)',
    async (host) => {
      await restart({ nextHops: { cleartext: true } });
      const { endpoint, usePath } = await relay.client();
      const answer = await endpoint.ask(send(endpoint, `${usePath} msrp://${host}:${victim.port}/x;tcp`));
      expect(answer.status).toBe(200);
      const report = await endpoint.next(({ method }) => method === 'REPORT');
      // What the resolver makes of a number is its affair: an address that is denied, or none.
      expect(report.header('Status')).toMatch(/^localhost$/i.test(host) ? /^000 403/ : /^000 40[38]/);
      expect(victim.acceptedCount()).toBe(0);
    },
  );
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

describe('Two clients of one relay', () => {
  function hairpin(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
    return send(from, toPath, { messageId: 'gEFmQWxUrFe49Y1acD', successReport: 'yes', ...more });
  }

  function isRequest({ status }: Message): boolean {
    return status === undefined;
  }

  it('reach each other: both URIs in From-Path, one answer, octet for octet as in E16 (U-23, FW-15, U-21)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const asked = hairpin(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`);
    expect(text(await nadia.endpoint.ask(asked))).toBe(refusal(asked, '200 OK', nadia.endpoint.uri, nadia.usePath));
    const arrived = await pia.endpoint.next();
    expect(text(arrived)).toBe(
      wire(
        `MSRP ${arrived.tid} SEND`,
        `To-Path: ${pia.endpoint.uri}`,
        `From-Path: ${pia.usePath} ${nadia.usePath} ${nadia.endpoint.uri}`,
        'Message-ID: gEFmQWxUrFe49Y1acD',
        'Byte-Range: 1-5/5',
        'Success-Report: yes',
        'Content-Type: text/plain',
        '',
        'hello',
        `-------${arrived.tid}$`,
      ),
    );
    void pia.endpoint.send(responseTo(arrived, 200));
    const back = `${pia.usePath} ${nadia.usePath} ${nadia.endpoint.uri}`;
    void pia.endpoint.send(request('REPORT', reportParts(pia.endpoint, back)));
    const report = await nadia.endpoint.next(isRequest);
    expect(text(report)).toBe(
      wire(
        `MSRP ${report.tid} REPORT`,
        `To-Path: ${nadia.endpoint.uri}`,
        `From-Path: ${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`,
        'Message-ID: rW0wKK9Vzt6MU3HcAX',
        'Byte-Range: 1-5/5',
        'Status: 000 200 OK',
        `-------${report.tid}$`,
      ),
    );
    expectNobodyDialled();
  });

  it('hear of a later failure through both own URIs (U-23)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    void nadia.endpoint.send(hairpin(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`));
    void pia.endpoint.send(responseTo(await pia.endpoint.next(), 413));
    const report = await nadia.endpoint.next(isRequest);
    expect(report.header('To-Path')).toBe(nadia.endpoint.uri);
    expect(report.header('From-Path')).toBe(`${nadia.usePath} ${pia.usePath}`);
    expect(report.header('Status')).toMatch(/^000 413/);
  });

  it('are admitted one after the other, all before the one answer (U-23, FW-05)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const invented = `msrps://localhost:${relay.tlsPort}/0.invented;tcp`;
    const cases = [
      [`${nadia.usePath} ${invented} ${pia.endpoint.uri}`, 481],
      [`${nadia.usePath} ${relay.target} ${pia.endpoint.uri}`, 481],
      [`${nadia.usePath} ${pia.usePath} ${victim.uri}`, 403],
      [`${nadia.usePath} ${pia.usePath} ${nadia.endpoint.uri}`, 403],
      [`${pia.usePath} ${nadia.usePath} ${nadia.endpoint.uri}`, 403],
      [`${nadia.usePath} ${pia.usePath}`, 481],
    ] as const;
    for (const [toPath, status] of cases) {
      expect((await nadia.endpoint.ask(hairpin(nadia.endpoint, toPath))).status, toPath).toBe(status);
    }
    await pia.endpoint.expectSilence(fence(relay, pia.endpoint));
    expectNobodyDialled();
  });

  it('are not parted by an outsider who calls itself by the URI of one of them (SE-05, U-23, CN-21)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const outsider = await relay.connect();
    const lie = send(outsider, `${nadia.usePath} ${nadia.endpoint.uri}`, { fromPath: pia.usePath });
    void outsider.send(lie);
    const asked = hairpin(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`);
    expect((await nadia.endpoint.ask(asked)).status).toBe(200);
    expect((await pia.endpoint.next()).header('Message-ID')).toBe('gEFmQWxUrFe49Y1acD');
  });

  it('lose the way when the second URI ends: 481 (U-23, FW-03)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const toPath = `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`;
    expect((await nadia.endpoint.ask(hairpin(nadia.endpoint, toPath))).status).toBe(200);
    await pia.endpoint.close();
    const asked = hairpin(nadia.endpoint, toPath, { messageId: 'anotherMessage' });
    const next = await nadia.endpoint.ask(asked);
    expect(next.status).toBe(481);
  });
});
