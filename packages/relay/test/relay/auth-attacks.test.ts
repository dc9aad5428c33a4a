import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestParameters } from '../digest-answer.ts';
import { listen, type Message, request, sendRequest } from '../endpoint.ts';
import { attempt, authenticate, challenged, challengesOf, fence, text } from './dialogue.ts';
import { startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;

beforeEach(async () => {
  relay = await startRelay();
});

afterEach(async () => {
  await relay.close();
});

/** A 401 has one challenge an algorithm, all with the same nonce. */
function expectChallenge(message: Message, stale: boolean): void {
  expect(message.status).toBe(401);
  const challenges = challengesOf(message).map(digestParameters);
  expect(challenges.map((parameters) => parameters.get('algorithm'))).toEqual(['SHA-256', 'MD5']);
  expect(new Set(challenges.map((parameters) => parameters.get('nonce'))).size).toBe(1);
  for (const parameters of challenges) expect(parameters.get('stale')).toBe(stale ? 'true' : undefined);
}

function nonceOf(challenges: readonly string[]): string {
  return digestParameters(challenges[0] ?? '').get('nonce') ?? '';
}

describe('Replay', () => {
  it('of the same AUTH draws 401 with stale=true, on the same connection and on another (AU-25)', async () => {
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    const { octets } = attempt(relay, endpoint, { challenges });
    const first = await endpoint.ask(octets);
    expect(first.status).toBe(200);
    expectChallenge(await endpoint.ask(octets), true);
    const thief = await relay.connect();
    expectChallenge(await thief.ask(octets), true);
    expect(relay.relay.snapshot().sessions).toBe(1);
  });

  it('of a lower nonce count draws the same, a higher one is good even with a gap (AU-24, AU-25)', async () => {
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    const ask = (nonceCount: string) => authenticate(relay, endpoint, { challenges, nonceCount });
    expect((await ask('00000003')).status).toBe(200);
    expectChallenge(await ask('00000003'), true);
    expectChallenge(await ask('00000002'), true);
    expect((await ask('0000000a')).status).toBe(200);
    expect((await ask('ffffffff')).status).toBe(200);
    expectChallenge(await ask('ffffffff'), true);
  });

  it('in the same instant lets one through (AU-25)', async () => {
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => endpoint.ask(attempt(relay, endpoint, { challenges }).octets)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(relay.relay.snapshot().sessions).toBe(1);
  });

  it('with a forged, foreign or mangled nonce draws stale=true (AU-11, AU-26)', async () => {
    const endpoint = await relay.connect();
    const other = await startRelay();
    const foreign = await challenged(other, await other.connect());
    await other.close();
    const [challenge = ''] = (await challenged(relay, endpoint)).slice(-1);
    const nonce = nonceOf([challenge]);
    const forged = [
      'x',
      'Rf7s2FyZbOF6R7OKbivW2MoxXsiAb7Z8',
      `${nonce}A`,
      nonce.slice(1),
      `${'A'.repeat(nonce.length)}`,
    ];
    const cases = [foreign, ...forged.map((other) => [challenge.replace(nonce, other)])];
    for (const challenges of cases) {
      expectChallenge(await authenticate(relay, endpoint, { challenges }), true);
    }
  });

  it('with another target, user or algorithm than was hashed draws 401 (AU-22, AU-27)', async () => {
    const endpoint = await relay.connect();
    const swaps = [
      ['username="alice"', 'username="bob"'],
      ['cnonce="a6bc7aace203871d"', 'cnonce="a6bc7aace203871e"'],
      ['nc=00000001', 'nc=00000002'],
    ] as const;
    for (const [from, to] of swaps) {
      const spoil = (authorization: string) => authorization.replace(from, to);
      expectChallenge(await authenticate(relay, endpoint, { spoil }), false);
    }
    const challenges = await challenged(relay, endpoint);
    const { authorization } = attempt(relay, endpoint, { challenges });
    const toPath = `msrps://joe@localhost:${relay.tlsPort};tcp`;
    const extra = [['Authorization', authorization] as const];
    // The uri still matches by comparison, but other octets were hashed.
    expectChallenge(await endpoint.ask(request('AUTH', { toPath, fromPath: endpoint.uri, extra })), false);
  });
});

describe('An Authorization', () => {
  it.each(['username', 'realm', 'nonce', 'response', 'cnonce', 'qop', 'nc'])(
    'without %s is answered 400 (AU-28, AU-17)',
    async (parameter) => {
      const endpoint = await relay.connect();
      const spoil = (authorization: string) =>
        `Digest ${authorization
          .slice(7)
          .split(', ')
          .filter((part) => !part.startsWith(`${parameter}=`))
          .join(', ')}`;
      expect((await authenticate(relay, endpoint, { spoil })).status).toBe(400);
    },
  );

  it.each([
    ['nc=00000001', 'nc=1'],
    ['nc=00000001', 'nc=0000000g'],
    ['nc=00000001', 'nc=000000001'],
    [/response="[^"]+"/, 'response="zz"'],
    [/response="[^"]+"/, 'response=""'],
    [/uri="[^"]+"/, 'uri="msrps://example.org:1/x;tcp"'],
    [/uri="[^"]+"/, 'uri=""'],
    [/realm="[^"]+"/, 'realm="local'],
  ])('with %s turned into %s is answered 400 (AU-23, AU-28)', async (from, to) => {
    const endpoint = await relay.connect();
    const spoil = (authorization: string) => authorization.replace(from, to);
    expect((await authenticate(relay, endpoint, { spoil })).status).toBe(400);
  });

  it.each([
    [', uri="[^"]+"', ''],
    [', algorithm=MD5', ''],
    [', opaque="[^"]+"', ''],
    ['uri="msrps://localhost', 'uri="msrps://joe@LOCALHOST'],
    ['qop=auth', 'qop="auth"'],
    ['nc=00000001', 'nc="00000001"'],
    ['Digest ', 'dIGEST   '],
    [', ', ' ,\t '],
    ['cnonce=', 'CNonce = '],
    ['algorithm=MD5', 'algorithm=md5, extension="a, b=\\"c\\""'],
  ])('with %s turned into "%s" is good all the same (AU-13, AU-15, AU-16, AU-23)', async (from, to) => {
    const endpoint = await relay.connect();
    const spoil = (authorization: string) => authorization.replace(new RegExp(from), to);
    expect((await authenticate(relay, endpoint, { spoil })).status).toBe(200);
  });

  it.each([
    ['qop=auth', 'qop=auth-int'],
    ['algorithm=MD5', 'algorithm=MD5-sess'],
    ['algorithm=MD5', 'algorithm=SHA-256-sess'],
    ['algorithm=MD5', 'algorithm=SHA-512-256'],
    [/realm="[^"]+"/, 'realm="elsewhere"'],
    [/^.*$/, 'Basic YWxpY2U6c2VjcmV0'],
    [/^.*$/, 'Bearer abc'],
  ])('with %s turned into %s draws a fresh challenge (AU-07, AU-08, AU-12, AU-27)', async (from, to) => {
    const endpoint = await relay.connect();
    const spoil = (authorization: string) => authorization.replace(from, to);
    expectChallenge(await authenticate(relay, endpoint, { spoil }), false);
  });

  it('of an unknown user is answered like a wrong password (AU-27, AU-29)', async () => {
    const endpoint = await relay.connect();
    for (const user of ['nobody', '__proto__', 'constructor', '', 'alice ', 'Alice']) {
      const [one = ''] = (await challenged(relay, endpoint)).slice(-1);
      const stranger = await relay.connect();
      const refused = await authenticate(relay, stranger, { user, challenges: [one] });
      expectChallenge(refused, false);
    }
  });

  it('is nothing to a SEND: the session URI is what counts, the header passes as it is (AU-58, FW-17, FW-10)', async () => {
    const peer = await listen();
    const { endpoint, usePath } = await relay.client();
    const extra = [
      ['Authorization', 'Basic  Zm9vOmJhcg== '],
      ['Use-Path', 'msrps://elsewhere.example.org:1/x;tcp'],
    ] as const;
    const asked = sendRequest({ toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri, extra, body: 'x' });
    expect((await endpoint.ask(asked)).status).toBe(200);
    const arrived = text(await (await peer.accept()).next());
    expect(arrived).toContain('\r\nAuthorization: Basic  Zm9vOmJhcg== \r\nUse-Path: msrps://elsewhere');
    await peer.close();
  });
});

describe('Failed AUTHs', () => {
  it('close the connection at the fifth, which is still answered (AU-45)', async () => {
    const endpoint = await relay.connect();
    for (let index = 0; index < 5; index += 1) {
      expectChallenge(await authenticate(relay, endpoint, { password: 'wrong' }), false);
    }
    await endpoint.closed;
  });

  it('count only when a secret was wrong: stale nonces and first AUTHs do not (AU-45, AU-26)', async () => {
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    expect((await authenticate(relay, endpoint, { challenges })).status).toBe(200);
    for (let index = 0; index < 20; index += 1) {
      expectChallenge(await authenticate(relay, endpoint, { challenges }), true);
      expectChallenge(await endpoint.ask(fence(relay, endpoint)), false);
    }
    expect((await authenticate(relay, endpoint)).status).toBe(200);
  });

  it('count on a connection that has sessions, too (AU-45, CN-16)', async () => {
    const { endpoint } = await relay.client();
    for (let index = 0; index < 5; index += 1) await authenticate(relay, endpoint, { password: 'wrong' });
    await endpoint.closed;
    await expect.poll(() => relay.relay.snapshot().sessions).toBe(0);
  });

  it('stop at the fifth when all come at once (AU-45, SE-06)', async () => {
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    const guesses = Array.from(
      { length: 200 },
      (_, index) => attempt(relay, endpoint, { challenges, password: `p${index}` }).octets,
    );
    void endpoint.send(Buffer.concat(guesses));
    await endpoint.closed;
    expect(relay.relay.snapshot().auth.failed ?? 0).toBeLessThanOrEqual(16);
  });
});
