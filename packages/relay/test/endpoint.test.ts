/** The test endpoint against itself: what it says of a relay is worth no more than what is seen here. */
import { describe, expect, it } from 'vitest';
import { answerDigest } from './digest-answer.ts';
import {
  connect,
  createAuthority,
  type Endpoint,
  listen,
  type Message,
  request,
  responseTo,
  sendRequest,
} from './endpoint.ts';
import { readMessage } from './message.ts';

const PATHS = { toPath: 'msrp://b.example:2855/two;tcp', fromPath: 'msrp://a.example:2855/one;tcp' };

async function pair(secure: boolean): Promise<{ near: Endpoint; far: Endpoint; close(): Promise<void> }> {
  const authority = await createAuthority();
  const certificate = await authority.issue({ dnsNames: ['localhost'] });
  const listening = await listen(secure ? { certificate } : {});
  const near = await connect({ port: listening.port, ...(secure ? { ca: authority.ca } : {}) });
  const far = await listening.accept();
  const close = async () => {
    await listening.close();
    await near.closed;
  };
  return { near, far, close };
}

for (const secure of [false, true]) {
  describe(`Endpoint over ${secure ? 'TLS' : 'TCP'}`, () => {
    it('carries a request there and its response back', async () => {
      const { near, far, close } = await pair(secure);
      const asked = near.ask(sendRequest({ ...PATHS, messageId: 'mess-1', byteRange: '1-5/5', body: 'hello' }));
      const seen = await far.next();
      void far.send(responseTo(seen, 200, 'all well'));
      const answer = await asked;
      expect([seen.method, seen.header('message-id'), seen.body?.toString(), seen.flag]).toEqual([
        'SEND',
        'mess-1',
        'hello',
        '$',
      ]);
      expect([answer.status, answer.comment, answer.header('To-Path')]).toEqual([200, 'all well', PATHS.fromPath]);
      await close();
    });

    it('keeps every octet of a body that looks like MSRP, cut anywhere', async () => {
      const { near, far, close } = await pair(secure);
      const body = Buffer.from('\r\n-------tid-77$x\r\n-------other$\r\n\u0000\u00ff\r\n-------tid-77', 'latin1');
      const octets = sendRequest({ ...PATHS, tid: 'tid-77', body, flag: '+' });
      for (const octet of octets) await near.send(Uint8Array.of(octet));
      const seen = await far.next();
      expect(seen.body).toEqual(body);
      expect(seen.raw).toEqual(octets);
      expect(seen.flag).toBe('+');
      await close();
    });

    it('tells when the other side is gone, and hands out what came before', async () => {
      const { near, far, close } = await pair(secure);
      await near.send(sendRequest({ ...PATHS, tid: 'last-words' }));
      await near.close();
      expect((await far.next()).tid).toBe('last-words');
      await far.closed;
      await expect(far.next()).rejects.toThrow('the connection was closed');
      await close();
    });
  });
}

describe('Endpoint', () => {
  it('refuses a server that its authority did not sign', async () => {
    const [ours, theirs] = [await createAuthority('ours'), await createAuthority('theirs')];
    const listening = await listen({ certificate: await theirs.issue({ dnsNames: ['localhost'] }) });
    await expect(connect({ port: listening.port, ca: ours.ca })).rejects.toThrow(/certificate|issuer/);
    await listening.close();
  });

  it('hands out the message asked for and leaves the others in their order', async () => {
    const { near, far, close } = await pair(false);
    for (const tid of ['first', 'second', 'third']) void near.send(sendRequest({ ...PATHS, tid }));
    expect((await far.next((message) => message.tid === 'second')).tid).toBe('second');
    expect([(await far.next()).tid, (await far.next()).tid]).toEqual(['first', 'third']);
    await close();
  });

  it('says so when nothing comes in time', async () => {
    const { near, close } = await pair(false);
    await expect(near.next(undefined, 1)).rejects.toThrow('nothing came in 1 ms');
    await close();
  });

  it('finds silence only where there was silence', async () => {
    const { near, far, close } = await pair(false);
    const quiet = near.expectSilence(request('AUTH', PATHS));
    void far.send(responseTo(await far.next(), 401));
    await quiet;
    const noisy = near.expectSilence(request('AUTH', PATHS));
    void far.send(sendRequest({ ...PATHS, tid: 'unasked' }));
    void far.send(responseTo(await far.next(), 401));
    await expect(noisy).rejects.toThrow('expected silence, got: MSRP unasked SEND');
    await close();
  });

  it('closes a connection on which something else than MSRP arrives', async () => {
    const { near, far, close } = await pair(false);
    void far.send('HTTP/1.1 400 Bad Request\r\n\r\n');
    await expect(near.next()).rejects.toThrow('what came is not MSRP');
    await near.closed;
    await close();
  });

  it('does the Digest dialogue of RFC 4976, and checks the proof of the relay', async () => {
    const { near, far, close } = await pair(false);
    const target = 'msrps://alice@intra.example.com;tcp';
    const dialogue = near.auth({ user: 'alice', password: 'secret', target, algorithm: 'SHA-256' });
    const first = await far.next();
    expect([first.method, first.header('To-Path'), first.header('Authorization')]).toEqual(['AUTH', target, undefined]);
    void far.send(challengeTo(first));
    const second = await far.next();
    const authorization = second.header('Authorization') ?? '';
    expect(authorization).toMatch(/^Digest username="alice", realm="r", nonce="n1", uri=".*", response="[0-9a-f]{64}"/);
    expect(authorization).toContain('algorithm=SHA-256');
    void far.send(grantTo(second));
    await expect(dialogue).rejects.toThrow('did not prove that it knows the password');
    await close();
  });
});

describe('answerDigest', () => {
  it('computes what a known dialogue has', () => {
    const challenge =
      'Digest realm="relay-a.example.org", nonce="Rf7s2FyZbOF6R7OKbivW2MoxXsiAb7Z8", opaque="b2a4e05cdfe820ac", qop="auth", algorithm=MD5';
    const { authorization, rspauth } = answerDigest({
      user: 'nadia',
      password: 'Kx7-lantern-harbour',
      algorithm: 'MD5',
      challenges: [challenge],
      digestUri: 'msrps://nadia@relay-a.example.org;tcp',
      cnonce: 'a6bc7aace203871d',
    });
    expect(authorization).toContain('response="14aa071217aa2530a214f1226a6a1132"');
    expect(rspauth).toBe('2ac459037ee49193898015c02564d95a');
  });

  it('does not answer a challenge without qop auth', () => {
    const question = { user: 'a', password: 'b', algorithm: 'MD5', digestUri: 'msrps://r;tcp' } as const;
    expect(() => answerDigest({ ...question, challenges: ['Digest realm="r", nonce="n"'] })).toThrow('no MD5 with qop');
  });
});

describe('readMessage', () => {
  const bad: readonly (readonly [what: string, octets: string])[] = [
    ['a transaction id that is too short', 'MSRP abc SEND\r\n'],
    [
      'From-Path before To-Path',
      'MSRP abcd SEND\r\nFrom-Path: msrp://a:1/b;tcp\r\nTo-Path: msrp://a:1/b;tcp\r\n-------abcd$\r\n',
    ],
    ['two spaces before a path', 'MSRP abcd SEND\r\nTo-Path:  msrp://a:1/b;tcp\r\n'],
    ['one path only', 'MSRP abcd 200\r\nTo-Path: msrp://a:1/b;tcp\r\n-------abcd$\r\n'],
    [
      'a body without a type',
      'MSRP abcd SEND\r\nTo-Path: msrp://a:1/b;tcp\r\nFrom-Path: msrp://a:1/b;tcp\r\n\r\nx\r\n-------abcd$\r\n',
    ],
    [
      'the end-line of another message',
      'MSRP abcd SEND\r\nTo-Path: msrp://a:1/b;tcp\r\nFrom-Path: msrp://a:1/b;tcp\r\n-------efgh$\r\n-------abcd$\r\n',
    ],
  ];
  for (const [what, octets] of bad) {
    it(`does not accept ${what}`, () => {
      expect(() => readMessage(Buffer.from(octets, 'latin1'))).toThrow();
    });
  }
});

function challengeTo(message: Message): string {
  const [head = '', end = ''] = splitEnd(responseTo(message, 401));
  return `${head}WWW-Authenticate: Digest realm="r", nonce="n1", opaque="o", qop="auth", algorithm=SHA-256\r\n${end}`;
}

function grantTo(message: Message): string {
  const [head = '', end = ''] = splitEnd(responseTo(message, 200));
  return `${head}Use-Path: msrps://r:2855/s;tcp\r\nExpires: 60\r\nAuthentication-Info: rspauth="00"\r\n${end}`;
}

function splitEnd(response: Buffer): [head: string, end: string] {
  const text = response.toString('latin1');
  const at = text.lastIndexOf('-------');
  return [text.slice(0, at), text.slice(at)];
}
