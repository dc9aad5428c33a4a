import { createHash, randomBytes } from 'node:crypto';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/app/config-place.ts';
import { type Endpoint, type Listening, listen, responseTo, sendRequest } from '../endpoint.ts';
import { fence, text, wire } from './dialogue.ts';
import { authority, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
/** Reached over TLS by its name, as an endpoint without relay is. */
let oskar: Listening;

beforeEach(async () => {
  relay = await startRelay();
  oskar = await listen({ certificate: await authority.issue({ dnsNames: ['localhost'] }), name: 'localhost' });
});

afterEach(async () => {
  await relay.close();
  await oskar.close();
});

function octets(message: string): string {
  return Buffer.from(message, 'utf8').toString('latin1');
}

describe('A SEND through one relay', () => {
  it('changes its tid and paths and nothing else, in both directions, as in E6 (R-01, R-03, R-05, U-14, U-21, FW-10, CN-21, CM-11, EC-01)', async () => {
    const { endpoint: nadia, usePath } = await relay.client();
    void nadia.send(
      wire(
        'MSRP 1awFnITx84H9VMv5 SEND',
        `To-Path: ${usePath} ${oskar.uri}`,
        `From-Path: ${nadia.uri}`,
        'Message-ID: rW0wKK9Vzt6MU3HcAX',
        'Byte-Range: 1-23/23',
        'Content-Type: text/plain',
        '',
        'Are the drawings ready?',
        '-------1awFnITx84H9VMv5$',
      ),
    );
    expect(text(await nadia.next())).toBe(
      wire(
        'MSRP 1awFnITx84H9VMv5 200 OK',
        `To-Path: ${nadia.uri}`,
        `From-Path: ${usePath}`,
        '-------1awFnITx84H9VMv5$',
      ),
    );
    const far = await oskar.accept();
    const out = await far.next();
    expect(text(out)).toBe(
      wire(
        `MSRP ${out.tid} SEND`,
        `To-Path: ${oskar.uri}`,
        `From-Path: ${usePath} ${nadia.uri}`,
        'Message-ID: rW0wKK9Vzt6MU3HcAX',
        'Byte-Range: 1-23/23',
        'Content-Type: text/plain',
        '',
        'Are the drawings ready?',
        `-------${out.tid}$`,
      ),
    );
    void far.send(responseTo(out, 200, 'OK'));
    const back = (tid: string, toPath: string, fromPath: string) =>
      octets(
        wire(
          `MSRP ${tid} SEND`,
          `To-Path: ${toPath}`,
          `From-Path: ${fromPath}`,
          'Message-ID: RH89zJGsOA0mVcy9Pt',
          'Byte-Range: 1-29/29',
          'Content-Type: text/plain;charset=utf-8',
          '',
          'Sheet 3 is late. Zoë has it.',
          `-------${tid}$`,
        ),
      );
    void far.send(back('WOFdifGJbhVtpoAg', `${usePath} ${nadia.uri}`, oskar.uri));
    expect(text(await far.next())).toBe(
      wire(
        'MSRP WOFdifGJbhVtpoAg 200 OK',
        `To-Path: ${oskar.uri}`,
        `From-Path: ${usePath}`,
        '-------WOFdifGJbhVtpoAg$',
      ),
    );
    const arrived = await nadia.next();
    expect(text(arrived)).toBe(back(arrived.tid, nadia.uri, `${usePath} ${oskar.uri}`));
    void nadia.send(responseTo(arrived, 200, 'OK'));
    await nadia.expectSilence(fence(relay, nadia));
    expect(oskar.acceptedCount()).toBe(1);
    expect(relay.relay.snapshot().transactions).toBe(0);
  });

  it('keeps URIs as they are written: userinfo, case, escapes, parameters (U-12, U-11, R-03, R-05)', async () => {
    const { endpoint, usePath } = await relay.client();
    const own = usePath.replace('msrps://localhost', 'msrps://Joe@%6CocalHOST').replace(';tcp', ';TCP;x=1');
    const next = oskar.uri.replace('localhost', 'LOCALhost').replace(';tcp', ';Tcp;a;b=c');
    const fromPath = `${endpoint.uri};z msrps://Behind@H.example.org:1/X;quic`;
    const response = await endpoint.ask(sendRequest({ toPath: `${own} ${next}`, fromPath, body: 'x' }));
    expect(response.status).toBe(200);
    expect(response.header('To-Path')).toBe(`${endpoint.uri};z`);
    expect(response.header('From-Path')).toBe(own);
    const arrived = await (await oskar.accept()).next();
    expect(arrived.header('To-Path')).toBe(next);
    expect(arrived.header('From-Path')).toBe(`${own} ${fromPath}`);
  });

  it('keeps every other header, known or not, with its octets and its place (FW-10, F-12, F-27)', async () => {
    const { endpoint, usePath } = await relay.client();
    const lines = [
      'x-lower:no space',
      'Message-ID: 0123456789abcdef',
      'Success-Report:\tYES',
      'X-Odd:   many  spaces \t ',
      `X-Octets: ${octets('Zoë')}\xff\xfe`,
      'Byte-Range: 1-3/3',
      'Failure-Report: Partial',
      'Content-Disposition: attachment; filename="a%22b"',
      'Content-ID: <a@b>',
      'Content-Type: multipart/mixed;boundary="x y"',
    ];
    const paths = wire(`To-Path: ${usePath} ${oskar.uri}`, `From-Path: ${endpoint.uri}`);
    void endpoint.send(`MSRP 0123456789ab SEND\r\n${paths}${wire(...lines)}\r\nabc\r\n-------0123456789ab$\r\n`);
    const arrived = text(await (await oskar.accept()).next());
    expect(arrived.slice(arrived.indexOf('x-lower'), arrived.indexOf('\r\n-------'))).toBe(`${wire(...lines)}\r\nabc`);
    await endpoint.expectSilence(fence(relay, endpoint));
  });

  it('leaves CPIM, its IMDN headers and signed content alone, octet for octet, and adds no notification (FW-16, CP-01, CP-12, SE-10)', async () => {
    const { endpoint, usePath } = await relay.client();
    const cpim = octets(
      wire(
        'From: Nadia <im:nadia@example.org>',
        'To: <im:oskar@example.net>',
        'NS: imdn <urn:ietf:params:imdn>',
        'imdn.Message-ID: 34jk324j',
        'DateTime: 2006-04-04T12:16:49-05:00',
        'imdn.Disposition-Notification: positive-delivery, negative-delivery, display',
        '',
        'Content-Type: text/plain;charset=utf-8',
        '',
        'Zoë\n\rlone\n-------abc$\r',
      ),
    );
    const signed = randomBytes(50_000);
    const far: Endpoint[] = [];
    for (const [contentType, body] of [
      ['message/cpim', cpim],
      ['multipart/signed', signed.toString('latin1')],
    ] as const) {
      const asked = sendRequest({ toPath: `${usePath} ${oskar.uri}`, fromPath: endpoint.uri, contentType, body });
      expect((await endpoint.ask(asked)).status).toBe(200);
      if (far.length === 0) far.push(await oskar.accept());
      const arrived = await far[0]!.next();
      expect(arrived.header('Content-Type')).toBe(contentType);
      const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex');
      expect(hash(arrived.body ?? Buffer.alloc(0))).toBe(hash(Buffer.from(body, 'latin1')));
      void far[0]!.send(responseTo(arrived, 200));
    }
    await endpoint.expectSilence(fence(relay, endpoint));
    expect(relay.relay.snapshot().requests.out).toEqual({ SEND: 2 });
  });

  it('is never copied or joined with another: a switch sends one to each (MP-09, CH-07)', async () => {
    const participants = [await relay.client(), await relay.client('bob')];
    const chat = await relay.connect();
    const messageId = 'sameForAllOfThem';
    for (const { endpoint, usePath } of participants) {
      const toPath = `${usePath} ${endpoint.uri}`;
      void chat.send(
        sendRequest({ toPath, fromPath: chat.uri, messageId, body: usePath, byteRange: '1-*/*', flag: '+' }),
      );
    }
    for (const { endpoint, usePath } of participants) {
      const arrived = await endpoint.next();
      expect(arrived.body?.toString()).toBe(usePath);
      expect(arrived.flag).toBe('+');
      await endpoint.expectSilence(fence(relay, endpoint));
    }
  });

  it('keeps its order among those of its session, with other methods and interleaved messages (FW-15)', async () => {
    const { endpoint, usePath } = await relay.client();
    const parts = { toPath: `${usePath} ${oskar.uri}`, fromPath: endpoint.uri };
    const chunks = Array.from({ length: 60 }, (_, at) => {
      const [message, chunk] = [at % 3, Math.trunc(at / 3)];
      const flag = chunk === 19 ? '$' : '+';
      return sendRequest({ ...parts, messageId: `message${message}`, byteRange: `${chunk + 1}-*/20`, body: 'x', flag });
    });
    void endpoint.send(Buffer.concat(chunks));
    const far = await oskar.accept();
    for (let at = 0; at < 60; at += 1) {
      const arrived = await far.next();
      expect(arrived.header('Message-ID')).toBe(`message${at % 3}`);
      expect(arrived.header('Byte-Range')).toMatch(new RegExp(`^${Math.trunc(at / 3) + 1}-`));
    }
  });
});

describe('The name in Use-Path', () => {
  it('is never an address, and localhost only when nobody else can connect (U-16)', async () => {
    const certificate = { cert: '', key: '' };
    for (const overrides of [
      { hostname: '192.0.2.1' },
      { hostname: '[2001:db8::1]' },
      { hostname: '127.0.0.1' },
      { listen: ['tls://0.0.0.0:0'] },
      { listen: ['tls://[::]:0'] },
    ]) {
      await expect(startRelay({ ...overrides, auth: {} }), JSON.stringify(overrides)).rejects.toThrow(ConfigError);
    }
    await expect(startRelay({ tls: certificate })).rejects.toThrow(ConfigError);
    await expect(startRelay({ hostname: 'relay.example.org' })).rejects.toThrow(ConfigError);
  });
});
