import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestParameters } from '../digest-answer.ts';
import { type Endpoint, type Message, request, sendRequest } from '../endpoint.ts';
import { attempt, authenticate, challenged, challengesOf, fence, manySessions, text, wire } from './dialogue.ts';
import { authority, startRelay, type TestRelay } from './harness.ts';

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

describe('An AUTH without credentials', () => {
  it('is challenged, SHA-256 first and MD5 last, quoted as the grammar wants it (AU-06, AU-12, AU-13, AU-15, AU-16, EC-03)', async () => {
    const endpoint = await relay.connect();
    const response = await endpoint.ask(fence(relay, endpoint));
    expectChallenge(response, false);
    const [first = '', second = ''] = challengesOf(response);
    const form = /^Digest realm="localhost", nonce="[\w-]+", opaque="\w+", qop="auth", algorithm=(SHA-256|MD5)$/;
    expect(first).toMatch(form);
    expect(second).toMatch(form);
  });

  it('gets its target back as it wrote it, with userinfo and without port (R-05, R-04, AU-03, U-22)', async () => {
    const endpoint = await relay.connect();
    const targets = [
      `msrps://localhost:${relay.tlsPort};tcp`,
      'msrps://joe@localhost;tcp',
      'msrps://LocalHost;TCP',
      `msrps://joe%20x@LOCALHOST:${relay.tlsPort};tcp;a=b`,
      `msrps://127.0.0.1:${relay.tlsPort};tcp`,
    ];
    for (const target of targets) {
      const response = await endpoint.ask(request('AUTH', { toPath: target, fromPath: endpoint.uri }));
      expectChallenge(response, false);
      expect(response.header('From-Path')).toBe(target);
      expect(response.header('To-Path')).toBe(endpoint.uri);
      const granted = await authenticate(relay, endpoint, { target });
      expect(granted.status, target).toBe(200);
      expect(granted.header('From-Path')).toBe(target);
    }
  });

  it('never draws Basic, a domain, auth-int or a -sess algorithm (AU-07, AU-08, AU-09)', async () => {
    const endpoint = await relay.connect();
    const response = text(await endpoint.ask(fence(relay, endpoint)));
    expect(response).not.toMatch(/basic|domain|auth-int|-sess/i);
  });

  it('gets another nonce each time, which says nothing about the others (AU-11)', async () => {
    const endpoint = await relay.connect();
    const nonces = new Set<string>();
    for (let index = 0; index < 19; index += 1) nonces.add(nonceOf(await challenged(relay, endpoint)));
    expect(nonces.size).toBe(19);
  });

  it('gets a stranger disconnected when it asks for the twentieth challenge (CN-14, SE-06)', async () => {
    const endpoint = await relay.connect();
    for (let index = 0; index < 20; index += 1) await challenged(relay, endpoint);
    await endpoint.closed;
  });
});

describe('AUTH as in the examples', () => {
  const HOST = 'relay-a.example.org';
  const PASSWORD = 'Kx7-lantern-harbour';
  const NADIA = 'msrps://nadia-pc.example.org:41207/UtPToUhRSZvSOa0GCdeR;tcp';

  async function relayA(overrides: Readonly<Record<string, unknown>>): Promise<Endpoint> {
    await relay.close();
    const certificate = await authority.issue({ dnsNames: [HOST, 'localhost'] });
    relay = await startRelay({
      hostname: HOST,
      aliases: ['localhost'],
      tls: { ...certificate, ca: authority.ca },
      credentials: [{ type: 'static', users: { nadia: PASSWORD } }],
      ...overrides,
    });
    return relay.connect();
  }

  it('E1: MD5, userinfo and no port in the target, octet for octet (AU-03, AU-18, AU-19, AU-20, AU-22, AU-30, AU-31)', async () => {
    const endpoint = await relayA({
      auth: { algorithms: ['MD5'] },
      expires: { default: 900, min: 60, max: 900 },
    });
    const target = `msrps://nadia@${HOST};tcp`;
    void endpoint.send(
      wire('MSRP rCUJ4JxVXPh95x3C AUTH', `To-Path: ${target}`, `From-Path: ${NADIA}`, '-------rCUJ4JxVXPh95x3C$'),
    );
    const challenge = await endpoint.next();
    const [value = ''] = challengesOf(challenge);
    const nonce = nonceOf([value]);
    const opaque = digestParameters(value).get('opaque');
    expect(text(challenge)).toBe(
      wire(
        'MSRP rCUJ4JxVXPh95x3C 401 Unauthorized',
        `To-Path: ${NADIA}`,
        `From-Path: ${target}`,
        `WWW-Authenticate: Digest realm="${HOST}", nonce="${nonce}", opaque="${opaque}", qop="auth", algorithm=MD5`,
        '-------rCUJ4JxVXPh95x3C$',
      ),
    );
    const wish = { target, fromPath: NADIA, user: 'nadia', password: PASSWORD, challenges: [value] };
    const asked = attempt(relay, endpoint, wish);
    const granted = await endpoint.ask(asked.octets);
    const usePath = granted.header('Use-Path') ?? '';
    expect(usePath).toMatch(new RegExp(`^msrps://relay-a\\.example\\.org:${relay.tlsPort}/[^/;]{22,};tcp$`));
    expect(text(granted)).toBe(
      wire(
        `MSRP ${granted.tid} 200 OK`,
        `To-Path: ${NADIA}`,
        `From-Path: ${target}`,
        `Use-Path: ${usePath}`,
        'Expires: 900',
        `Authentication-Info: rspauth="${asked.rspauth}", cnonce="a6bc7aace203871d", nc=00000001, qop=auth`,
        `-------${granted.tid}$`,
      ),
    );
  });

  it('E2: a nonce that expired, the two algorithms, stale=true (AU-12, AU-21, AU-26, EC-03)', async () => {
    // Time will leap by more than any write takes.
    const endpoint = await relayA({ flow: { stallTimeoutMs: 86_400_000 } });
    const old = await challenged(relay, endpoint);
    const credentials = { user: 'nadia', password: PASSWORD, algorithm: 'SHA-256' as const };
    expect((await authenticate(relay, endpoint, { ...credentials, challenges: old })).status).toBe(200);
    relay.clock.advance(300_000);
    const refused = await authenticate(relay, endpoint, { ...credentials, challenges: old, nonceCount: '00000004' });
    const [first = '', second = ''] = challengesOf(refused);
    const [nonce, opaque] = [nonceOf([first]), digestParameters(first).get('opaque')];
    const challenge = (algorithm: string) =>
      `Digest realm="${HOST}", nonce="${nonce}", opaque="${opaque}", qop="auth", stale=true, algorithm=${algorithm}`;
    expect(text(refused)).toBe(
      wire(
        `MSRP ${refused.tid} 401 Unauthorized`,
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${relay.target}`,
        `WWW-Authenticate: ${challenge('SHA-256')}`,
        `WWW-Authenticate: ${challenge('MD5')}`,
        `-------${refused.tid}$`,
      ),
    );
    const granted = await authenticate(relay, endpoint, { ...credentials, challenges: [first, second] });
    expect(granted.status).toBe(200);
  });

  it('E3: a wrong password draws a fresh challenge that is not stale (AU-27)', async () => {
    const endpoint = await relayA({});
    const challenges = await challenged(relay, endpoint);
    const wish = { user: 'nadia', password: 'Kx7-lantern-harbor', challenges };
    const refused = await authenticate(relay, endpoint, wish);
    expectChallenge(refused, false);
    expect(nonceOf(challengesOf(refused))).not.toBe(nonceOf(challenges));
  });

  it('E4: 423 with the bound, the nonce counting on, then a grant (AU-24, AU-39, AU-40, AU-41, EC-09)', async () => {
    const endpoint = await relayA({ expires: { default: 900, min: 60, max: 3600 } });
    const challenges = await challenged(relay, endpoint);
    const wish = { user: 'nadia', password: PASSWORD, algorithm: 'SHA-256' as const, challenges };
    const short = await authenticate(relay, endpoint, { ...wish, expires: '30', nonceCount: '00000001' });
    const long = await authenticate(relay, endpoint, { ...wish, expires: '86400', nonceCount: '00000002' });
    const refusal = (message: Message, bound: string) =>
      wire(
        `MSRP ${message.tid} 423 Interval Out-of-Bounds`,
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${relay.target}`,
        bound,
        `-------${message.tid}$`,
      );
    expect(text(short)).toBe(refusal(short, 'Min-Expires: 60'));
    expect(text(long)).toBe(refusal(long, 'Max-Expires: 3600'));
    const asked = attempt(relay, endpoint, { ...wish, expires: '600', nonceCount: '00000003' });
    const granted = await endpoint.ask(asked.octets);
    expect(text(granted)).toBe(
      wire(
        `MSRP ${granted.tid} 200 OK`,
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${relay.target}`,
        `Use-Path: ${granted.header('Use-Path')}`,
        'Expires: 600',
        `Authentication-Info: rspauth="${asked.rspauth}", cnonce="a6bc7aace203871d", nc=00000003, qop=auth`,
        `-------${granted.tid}$`,
      ),
    );
  });

  it('hashes user names and passwords as UTF-8 (AU-57)', async () => {
    const latin1 = (name: string) => Buffer.from(name, 'utf8').toString('latin1');
    await relay.close();
    relay = await startRelay({ credentials: [{ type: 'static', users: { zoë: 'naïve-café-9' } }] });
    const endpoint = await relay.connect();
    const challenges = await challenged(relay, endpoint);
    const spoil = (authorization: string) => latin1(authorization);
    // The digest is made from the texts, which node:crypto takes as UTF-8; the header carries the same octets.
    const wish = { user: 'zoë', password: 'naïve-café-9', challenges, spoil };
    expect((await authenticate(relay, endpoint, wish)).status).toBe(200);
  });
});

describe('Expires', () => {
  it.each([
    [undefined, 200, '86400'],
    ['60', 200, '60'],
    ['86400', 200, '86400'],
    ['0000600', 200, '600'],
    ['59', 423, 'Min-Expires: 60'],
    ['0', 423, 'Min-Expires: 60'],
    ['86401', 423, 'Max-Expires: 86400'],
    ['9999999999', 423, 'Max-Expires: 86400'],
  ])('of %s is answered %i (AU-39, AU-40, AU-41)', async (expires, status, expected) => {
    const endpoint = await relay.connect();
    const response = await authenticate(relay, endpoint, expires === undefined ? {} : { expires });
    expect(response.status).toBe(status);
    if (status === 200) {
      expect(response.header('Expires')).toBe(expected);
      expect(response.header('Min-Expires') ?? response.header('Max-Expires')).toBeUndefined();
    } else {
      expect(text(response)).toContain(`\r\n${expected}\r\n`);
      expect(response.header('Use-Path')).toBeUndefined();
    }
  });

  it.each(['-1', '+60', '60.5', '1e3', '0x60', 'never', '', '60 60', '99999999999999999999'])(
    'of "%s" is answered 400 (AU-28, EC-02)',
    async (expires) => {
      const endpoint = await relay.connect();
      const response = await authenticate(relay, endpoint, { expires });
      // Digits without end are digits: either answer keeps the bound.
      expect(/^\d+$/.test(expires) ? [400, 423] : [400]).toContain(response.status);
      expect(response.header('Use-Path')).toBeUndefined();
    },
  );

  it('is judged after the credentials: a wrong password hears nothing of the bounds (AU-39)', async () => {
    const endpoint = await relay.connect();
    expectChallenge(await authenticate(relay, endpoint, { password: 'wrong', expires: '1' }), false);
  });
});

describe('A grant', () => {
  it('is a new unguessable URI every time: 128 bits or more, nothing shared but the owner (AU-37, U-17, U-16, AU-35)', async () => {
    const endpoint = await relay.connect();
    const usePaths = await manySessions(relay, endpoint, 300);
    const ids = usePaths.map((usePath) => {
      const [, id = ''] = new RegExp(`^msrps://localhost:${relay.tlsPort}/([^/;]+);tcp$`).exec(usePath) ?? [];
      return id;
    });
    expect(new Set(ids).size).toBe(300);
    const secrets = ids.map((id) => id.slice(id.indexOf('.') + 1));
    for (const secret of secrets) expect(secret).toMatch(/^[A-Za-z0-9+=_~.-]{22,}$/);
    for (let at = 0; at < 22; at += 1) {
      // 300 draws out of at least 32 characters: a place with few of them is not random.
      expect(new Set(secrets.map((secret) => secret[at])).size, `character ${at}`).toBeGreaterThan(15);
    }
    expect(relay.relay.snapshot().sessions).toBe(300);
  });

  it('proves with rspauth that the relay knows the password, for both algorithms (AU-30, AU-31, AU-21)', async () => {
    const endpoint = await relay.connect();
    for (const algorithm of ['MD5', 'SHA-256'] as const) {
      const challenges = await challenged(relay, endpoint);
      const asked = attempt(relay, endpoint, {
        algorithm,
        challenges,
        cnonce: 'a "quoted\\" one'.replace(/["\\]/g, ''),
      });
      const granted = await endpoint.ask(asked.octets);
      const info = digestParameters(granted.header('Authentication-Info') ?? '');
      expect(info.get('rspauth')).toBe(asked.rspauth);
      expect(info.get('nc')).toBe('00000001');
      expect(info.get('qop')).toBe('auth');
    }
  });

  it('is extended, not repeated, by an AUTH from its client to the session URI itself (AU-44)', async () => {
    const { endpoint } = await relay.client();
    const granted = await authenticate(relay, endpoint, { expires: '60' });
    const usePath = granted.header('Use-Path') ?? '';
    relay.clock.advance(50_000);
    const again = await authenticate(relay, endpoint, { target: usePath, expires: '100' });
    expect(again.status).toBe(200);
    expect(again.header('Use-Path')).toBe(usePath);
    expect(again.header('Expires')).toBe('100');
    const alive = () => endpoint.ask(sendRequest({ toPath: usePath, fromPath: endpoint.uri }));
    relay.clock.advance(99_999);
    expect((await alive()).status).toBe(200);
    relay.clock.advance(1);
    expect((await alive()).status).toBe(481);
  });

  it('is not extended without Digest, by another connection or by another user (AU-44, AU-56, SE-05)', async () => {
    const { endpoint, usePath } = await relay.client();
    expectChallenge(await endpoint.ask(request('AUTH', { toPath: usePath, fromPath: endpoint.uri })), false);
    const thief = await relay.client('bob');
    expect((await authenticate(relay, thief.endpoint, { target: usePath })).status).toBe(481);
    const bob = { user: 'bob', password: 'other secret', target: usePath };
    expect((await authenticate(relay, endpoint, bob)).status).toBe(403);
    expect(relay.relay.snapshot().sessions).toBe(2);
  });

  it('is not to be had for an invented session-id: 481, the same as for a stolen one (AU-56, SE-04)', async () => {
    const { usePath } = await relay.client();
    const endpoint = await relay.connect();
    const answers: string[] = [];
    for (const target of [usePath, `msrps://localhost:${relay.tlsPort}/nope;tcp`]) {
      const response = await endpoint.ask(request('AUTH', { toPath: target, fromPath: endpoint.uri }));
      answers.push(text(response).replaceAll(response.tid, 'TID').replace(target, 'TARGET'));
    }
    expect(answers[0]).toContain('MSRP TID 481 Session does not exist');
    expect(answers[1]).toBe(answers[0]);
  });

  it('is not given to a From-Path without port or session-id (AU-04, U-15)', async () => {
    const endpoint = await relay.connect();
    for (const fromPath of ['msrps://a.example.org/x;tcp', 'msrps://a.example.org:1;tcp']) {
      expect((await authenticate(relay, endpoint, { fromPath })).status).toBe(400);
    }
  });
});

describe('Cleartext', () => {
  it('AUTH is refused with 403 and the connection closed, unless the configuration permits it (AU-01, SE-03, EC-04)', async () => {
    await relay.close();
    relay = await startRelay({ auth: { allowCleartext: false } });
    const endpoint = await relay.connect({ secure: false });
    const response = await endpoint.ask(fence(relay, endpoint));
    expect(response.status).toBe(403);
    expect(challengesOf(response)).toEqual([]);
    await endpoint.closed;
  });

  it('AUTH, where permitted, yields an msrp URI, never an msrps one (AU-01, CN-03)', async () => {
    const endpoint = await relay.connect({ secure: false });
    const target = `msrp://localhost:${relay.tcpPort};tcp`;
    const usePath = (await authenticate(relay, endpoint, { target })).header('Use-Path');
    expect(usePath).toMatch(new RegExp(`^msrp://localhost:${relay.tcpPort}/`));
    const secure = await endpoint.ask(request('AUTH', { toPath: relay.target, fromPath: endpoint.uri }));
    expect(secure.status).toBe(403);
  });
});

describe('An AUTH of a relay', () => {
  it('without a certificate is refused with 403 whatever its credentials (AU-48, CN-32)', async () => {
    const endpoint = await relay.connect();
    const fromPath = `msrps://relay-b.example.net:2855/3wA9ngsmrdCpeMCHcVY0yk;tcp ${endpoint.uri}`;
    expect((await authenticate(relay, endpoint, { fromPath })).status).toBe(403);
  });
});
