import { readdirSync, readFileSync } from 'node:fs';
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import { dialledCount, fence, text, wire } from './dialogue.ts';
import { type Overrides, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
let chat: Listening;

beforeEach(async () => {
  relay = await startRelay();
  chat = await listen();
});

afterEach(async () => {
  await relay.close();
  await chat.close();
});

async function restart(overrides: Overrides): Promise<void> {
  await relay.close();
  relay = await startRelay(overrides);
}

const NICKNAME = [['Use-Nickname', '"Nadia \\"N\\" K."']] as const;

function nickname(from: Endpoint, toPath: string, tid = 'fvrWaKxNJkYiX6kv'): Buffer {
  return request('NICKNAME', { tid, toPath, fromPath: from.uri, extra: NICKNAME });
}

const REPORT = [
  ['Message-ID', 'rW0wKK9Vzt6MU3HcAX'],
  ['Byte-Range', '1-23/23'],
  ['Status', '000 200 OK'],
] as const;

function report(from: Endpoint, toPath: string, more: Partial<Parameters<typeof request>[1]> = {}): Buffer {
  return request('REPORT', { toPath, fromPath: from.uri, extra: REPORT, ...more });
}

function isRequest({ status }: Message): boolean {
  return status === undefined;
}

describe('A method that the relay does not know', () => {
  it('is forwarded, and its answer comes back with its own tid and the whole path, as in E14 (FW-12, FW-13, R-01, R-04, R-17, R-18, T-09, MP-01, EC-05)', async () => {
    const { endpoint, usePath } = await relay.client();
    void endpoint.send(nickname(endpoint, `${usePath} ${chat.uri}`));
    const far = await chat.accept();
    const arrived = await far.next();
    expect(arrived.tid).not.toBe('fvrWaKxNJkYiX6kv');
    expect(text(arrived)).toBe(
      wire(
        `MSRP ${arrived.tid} NICKNAME`,
        `To-Path: ${chat.uri}`,
        `From-Path: ${usePath} ${endpoint.uri}`,
        'Use-Nickname: "Nadia \\"N\\" K."',
        `-------${arrived.tid}$`,
      ),
    );
    void far.send(responseTo(arrived, 425, 'Taken'));
    expect(text(await endpoint.next())).toBe(
      wire(
        'MSRP fvrWaKxNJkYiX6kv 425 Taken',
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${usePath} ${chat.uri}`,
        '-------fvrWaKxNJkYiX6kv$',
      ),
    );
    await endpoint.expectSilence(fence(relay, endpoint));
    expect(relay.relay.snapshot().transactions).toBe(0);
  });

  it('comes in from outside just the same, through two own URIs, too (FW-12, U-23, R-04)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    void nadia.endpoint.send(nickname(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`));
    const arrived = await pia.endpoint.next();
    expect(arrived.header('From-Path')).toBe(`${pia.usePath} ${nadia.usePath} ${nadia.endpoint.uri}`);
    void pia.endpoint.send(responseTo(arrived, 200, 'OK'));
    expect(text(await nadia.endpoint.next())).toBe(
      wire(
        'MSRP fvrWaKxNJkYiX6kv 200 OK',
        `To-Path: ${nadia.endpoint.uri}`,
        `From-Path: ${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`,
        '-------fvrWaKxNJkYiX6kv$',
      ),
    );
  });

  it('passes with its body and all headers as they are, and so does its answer (FW-10, FW-12, FW-17, F-27, R-20)', async () => {
    const { endpoint, usePath } = await relay.client();
    const extra = [
      ['X-Odd', ' two  spaces\tand a tab '],
      ['Use-Nickname', Buffer.from('"Zoë"\xff', 'utf8').toString('latin1')],
      ['Expires', '7'],
      ['Authorization', 'Digest username="x"'],
    ] as const;
    const body = '\r\n-------abcd$\r\n\0\xff';
    void endpoint.send(
      request('FROB', { toPath: `${usePath} ${chat.uri}`, fromPath: endpoint.uri, extra, body, tid: 'abcdefgh' }),
    );
    const far = await chat.accept();
    const arrived = await far.next();
    const lines = extra.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    expect(text(arrived)).toContain(`${endpoint.uri}\r\n${lines}Content-Type: text/plain\r\n\r\n${body}\r\n-------`);
    const back = wire(
      `MSRP ${arrived.tid} 299 Fine  by me`,
      `To-Path: ${usePath} ${endpoint.uri}`,
      `From-Path: ${chat.uri}`,
      'WWW-Authenticate: Digest realm="a", nonce="b"',
      'WWW-Authenticate: Digest realm="c", nonce="d"',
      'X-Odd:  kept ',
      `-------${arrived.tid}$`,
    );
    void far.send(back);
    const expected = back
      .replaceAll(arrived.tid, 'abcdefgh')
      .replace(`${usePath} ${endpoint.uri}`, endpoint.uri)
      .replace(chat.uri, `${usePath} ${chat.uri}`);
    expect(text(await endpoint.next())).toBe(expected);
  });

  it('is answered 501 where it ends at the relay, or is blocked, as in E14.6 (R-12, FW-11, FW-13, FW-14, EC-11)', async () => {
    await restart({ blockMethods: ['FROB', 'NICKNAME'] });
    const { endpoint, usePath } = await relay.client();
    const tid = 'jIk9aqbbI2IU2MJP';
    const expected = wire(
      `MSRP ${tid} 501 Unknown method`,
      `To-Path: ${endpoint.uri}`,
      `From-Path: ${usePath}`,
      `-------${tid}$`,
    );
    for (const method of ['FROB', 'NICKNAME', 'OTHER']) {
      const extra = [['X-Depth', '2']] as const;
      const asked = request(method, { tid, toPath: usePath, fromPath: endpoint.uri, extra });
      expect(text(await endpoint.ask(asked))).toBe(expected);
    }
    expect(
      text(await endpoint.ask(request('FROB', { tid, toPath: `${usePath} ${chat.uri}`, fromPath: endpoint.uri }))),
    ).toBe(expected);
    expect(dialledCount(relay)).toBe(0);
  });

  it('is answered 413 when its body is over 10240 octets, 400 when it is chunked (F-22, F-21, EC-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    const parts = { toPath: `${usePath} ${chat.uri}`, fromPath: endpoint.uri };
    expect((await endpoint.ask(request('FROB', { ...parts, body: 'x'.repeat(10_241) }))).status).toBe(413);
    expect((await endpoint.ask(request('FROB', { ...parts, body: 'x'.repeat(1_000_000) }))).status).toBe(413);
    for (const flag of ['+', '#'] as const) {
      expect((await endpoint.ask(request('FROB', { ...parts, flag }))).status).toBe(400);
    }
    expect(dialledCount(relay)).toBe(0);
    void endpoint.send(request('FROB', { ...parts, body: 'y'.repeat(10_240) }));
    expect((await (await chat.accept()).next()).body?.length).toBe(10_240);
  });

  it('is refused by the rules of admission like a SEND (FW-12, FW-05, FW-04, CN-21, MP-01)', async () => {
    const { endpoint, usePath } = await relay.client();
    const stranger = await relay.connect();
    expect((await stranger.ask(nickname(stranger, `${usePath} ${chat.uri}`))).status).toBe(403);
    expect((await stranger.ask(nickname(stranger, `${usePath.replace(';tcp', 'x;tcp')} ${chat.uri}`))).status).toBe(
      481,
    );
    const refused = await endpoint.ask(nickname(endpoint, `${usePath} msrps://x.invalid:1/x;ws`));
    expect(refused.status).toBe(408);
    expect(refused.header('To-Path')).toBe(endpoint.uri);
    expect(relay.relay.snapshot().reports).toEqual({});
    expect(dialledCount(relay)).toBe(0);
  });

  it('whose tid is still outstanding is answered 400 and not processed (T-12)', async () => {
    const { endpoint, usePath } = await relay.client();
    const asked = nickname(endpoint, `${usePath} ${chat.uri}`);
    void endpoint.send(asked);
    const far = await chat.accept();
    const arrived = await far.next();
    expect((await endpoint.ask(asked)).status).toBe(400);
    expect(
      (await endpoint.ask(sendRequest({ tid: 'fvrWaKxNJkYiX6kv', toPath: usePath, fromPath: endpoint.uri }))).status,
    ).toBe(400);
    void far.send(responseTo(arrived, 200));
    expect((await endpoint.next()).status).toBe(200);
    // Answered, so the id is free again.
    void endpoint.send(asked);
    expect((await far.next()).method).toBe('NICKNAME');
  });

  it('that nobody answers in time is answered 408 here with the full return path; a late answer changes nothing (T-09, AU-53, T-13, EC-06)', async () => {
    const outsider = await relay.connect();
    const { endpoint, usePath } = await relay.client();
    const fromPath = `${outsider.uri} msrps://behind.example.org:1/x;tcp`;
    void outsider.send(
      request('NICKNAME', { tid: 'fvrWaKxNJkYiX6kv', toPath: `${usePath} ${endpoint.uri}`, fromPath, extra: NICKNAME }),
    );
    const arrived = await endpoint.next();
    relay.clock.advance(59_000);
    await outsider.expectSilence(fence(relay, outsider));
    relay.clock.advance(3000);
    const response = await outsider.next();
    expect(response.status).toBe(408);
    expect(response.tid).toBe('fvrWaKxNJkYiX6kv');
    expect(response.header('To-Path')).toBe(fromPath);
    expect(response.header('From-Path')).toBe(usePath);
    void endpoint.send(responseTo(arrived, 200));
    await endpoint.expectSilence(fence(relay, endpoint));
    await outsider.expectSilence(fence(relay, outsider));
    expect(relay.relay.snapshot()).toMatchObject({ transactions: 0, reports: {} });
  });

  it('is answered 408 at once when the next hop cannot be reached or goes away, and never reported on (AU-53, X-08)', async () => {
    const { endpoint, usePath } = await relay.client();
    const dead = await listen();
    await dead.close();
    expect((await endpoint.ask(nickname(endpoint, `${usePath} ${dead.uri}`))).status).toBe(408);
    const asked = endpoint.ask(nickname(endpoint, `${usePath} ${chat.uri}`));
    const far = await chat.accept();
    await far.next();
    far.socket.destroy();
    expect((await asked).status).toBe(408);
    await endpoint.expectSilence(fence(relay, endpoint));
    expect(relay.relay.snapshot()).toMatchObject({ transactions: 0, reports: {} });
  });

  it('whose sender is gone is answered to nobody (R-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    void endpoint.send(nickname(endpoint, `${usePath} ${chat.uri}`));
    const far = await chat.accept();
    const arrived = await far.next();
    await endpoint.close();
    void far.send(responseTo(arrived, 200));
    await expect.poll(() => relay.relay.snapshot().transactions).toBe(0);
    expect(dialledCount(relay)).toBe(1);
  });

  it('is answered only by whom it was sent to, addressed to the URI it was sent from (R-16, T-13, SE-05)', async () => {
    const { endpoint, usePath } = await relay.client();
    const other = await relay.client('bob');
    void endpoint.send(nickname(endpoint, `${usePath} ${chat.uri}`));
    const far = await chat.accept();
    const arrived = await far.next();
    const right = responseTo(arrived, 200).toString('latin1');
    void other.endpoint.send(right);
    await other.endpoint.expectSilence(fence(relay, other.endpoint));
    void far.send(right.replace(usePath, other.usePath));
    void far.send(right.replace(usePath, 'msrps://elsewhere.example.org:1/x;tcp'));
    void far.send(right.replaceAll(arrived.tid, `${arrived.tid}x`));
    void far.send(right.replace(' 200', ' 403'));
    expect((await endpoint.next()).status).toBe(403);
    void far.send(right);
    await endpoint.expectSilence(fence(relay, endpoint));
  });

  it('gets its answer even from a node that addresses the previous hop alone (R-04, R-17)', async () => {
    const { endpoint, usePath } = await relay.client();
    void endpoint.send(nickname(endpoint, `${usePath} ${chat.uri}`));
    const far = await chat.accept();
    const arrived = await far.next();
    void far.send(responseTo(arrived, 200, 'OK').toString('latin1').replace(` ${endpoint.uri}`, ''));
    const response = await endpoint.next();
    expect(response.status).toBe(200);
    expect(response.header('To-Path')).toBe(endpoint.uri);
  });
});

describe('A REPORT', () => {
  it('is forwarded with another tid, everything else unchanged, and nothing is kept or answered (P-15, T-08, FW-12, R-11)', async () => {
    const { endpoint, usePath } = await relay.client();
    const extra = [...REPORT, ['X-Odd', 'a  b ']] as const;
    const asked = report(endpoint, `${usePath} ${chat.uri}`, { extra, body: 'why', tid: 'reportTid1' });
    void endpoint.send(asked);
    const far = await chat.accept();
    const arrived = await far.next();
    expect(arrived.tid).not.toBe('reportTid1');
    expect(text(arrived)).toBe(
      asked
        .toString('latin1')
        .replaceAll('reportTid1', arrived.tid)
        .replace(`${usePath} ${chat.uri}`, chat.uri)
        .replace(`From-Path: ${endpoint.uri}`, `From-Path: ${usePath} ${endpoint.uri}`),
    );
    expect(relay.relay.snapshot().transactions).toBe(0);
    void far.send(responseTo(arrived, 200));
    await endpoint.expectSilence(fence(relay, endpoint));
  });

  it('is refused in silence, whatever is wrong with it (R-11, FW-04, FW-05, X-08, P-10, A-44)', async () => {
    const { endpoint, usePath } = await relay.client();
    const dead = await listen();
    await dead.close();
    const refused = [
      report(endpoint, usePath),
      report(endpoint, `${usePath.replace(';tcp', 'x;tcp')} ${chat.uri}`),
      report(endpoint, `${relay.target} ${chat.uri}`),
      report(endpoint, `${usePath} msrps://x.invalid:1/x;ws`),
      report(endpoint, `${usePath} msrp://0.0.0.0:1/x;tcp`),
      report(endpoint, `${usePath} ${usePath} ${usePath} ${endpoint.uri}`),
      report(endpoint, Array.from({ length: 17 }, () => usePath).join(' ')),
      report(endpoint, `${usePath} ${chat.uri}`, { flag: '+' }),
      report(endpoint, `${usePath} ${chat.uri}`, { extra: REPORT.slice(1) }),
      report(endpoint, `${usePath} ${chat.uri}`, { body: 'x'.repeat(10_241) }),
      report(endpoint, `${usePath} ${dead.uri}`),
    ];
    for (const octets of refused) {
      void endpoint.send(octets);
      await endpoint.expectSilence(fence(relay, endpoint));
    }
    await expect.poll(() => dialledCount(relay)).toBe(0);
    await endpoint.expectSilence(fence(relay, endpoint));
    const stranger = await relay.connect();
    void stranger.send(report(stranger, `${usePath} ${chat.uri}`));
    await stranger.expectSilence(fence(relay, stranger));
    expect(chat.acceptedCount()).toBe(0);
    expect(relay.relay.snapshot()).toMatchObject({ transactions: 0, reports: {} });
  });

  it('from outside reaches the client on its own connection, or nobody (P-16, FW-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    const outsider = await relay.connect();
    void outsider.send(report(outsider, `${usePath} ${endpoint.uri}`));
    const arrived = await endpoint.next(isRequest);
    expect(arrived.header('From-Path')).toBe(`${usePath} ${outsider.uri}`);
    await endpoint.close();
    void outsider.send(report(outsider, `${usePath} ${endpoint.uri}`));
    await outsider.expectSilence(fence(relay, outsider));
    expect(dialledCount(relay)).toBe(0);
  });
});

describe('The codes of the relay', () => {
  it('are those that RFC 4975 and RFC 4976 know, and none of a chat switch or a media policy (EC-13, EC-05, EC-08)', () => {
    const folder = new URL('../../src/relay/', import.meta.url);
    const own = new Set<string>();
    for (const file of readdirSync(folder)) {
      const source = readFileSync(new URL(file, folder), 'utf8');
      const found = source.matchAll(
        /(?:\b(?:refuse|refuseFor|refusal|respond|answer|fail|stop)\((?:[^()\n]*, )?|status: )(\d{3})\b/g,
      );
      for (const [, code = ''] of found) own.add(code);
    }
    expect(own.size).toBeGreaterThan(7);
    const known = ['200', '400', '401', '403', '408', '413', '423', '481', '501', '506'];
    expect([...own].filter((code) => !known.includes(code))).toEqual([]);
  });
});
