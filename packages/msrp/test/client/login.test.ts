import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Credentials, Login } from '../../src/client/login.ts';
import { digestResponse, hashA1 } from '../../src/digest/index.ts';
import { type Head, Parser } from '../../src/wire/index.ts';
import { AUTHENTICATION_INFOS, AUTHORIZATIONS, CHALLENGES } from '../vectors/auth.ts';

const NADIA = { user: 'nadia', password: 'Kx7-lantern-harbour' };
const TARGET = 'msrps://relay-a.example.org:2855;tcp';
const GRANT = ['Use-Path: msrps://relay-a.example.org:2855/ZUv5i1pQvAEFukv5tnC3X7;tcp', 'Expires: 900'];

/** The random texts of the worked examples, which the next cnonces are to be. */
const cnonces = vi.hoisted((): string[] => []);
vi.mock('../../src/wire/ident.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../src/wire/ident.ts')>();
  return { ...actual, makeIdent: () => cnonces.shift() ?? actual.makeIdent() };
});
beforeEach(() => void cnonces.splice(0));

describe('the worked examples', () => {
  it('answers the challenge of E1 octet for octet (AU-03, AU-15, AU-17, AU-22, AU-24)', async () => {
    cnonces.push('a6bc7aace203871d');
    const relay = scripted(
      ['401 Unauthorized', challenge('E1.2')],
      ['200 OK', ...GRANT, `Authentication-Info: ${infoOf('E1.4')}`],
    );
    const grant = await new Login(NADIA, false).authenticate(relay.ask, 'msrps://nadia@relay-a.example.org;tcp');
    expect(relay.asked).toEqual(['', authorizationOf('E1.3')]);
    expect(grant).toEqual({ usePath: GRANT[0]?.slice('Use-Path: '.length), expires: 900 });
  });

  it('goes through E2: counts on, takes the first of two challenges when stale, then the nextnonce (AU-14, AU-24, AU-33, AU-54)', async () => {
    const login = new Login(NADIA, false);
    const old = challenge('E2.2').replace(/nonce="[^"]*"/, 'nonce="IXvqkQuYIRdLrLgUAGOabHRUuqzKSMEe"');
    const earlier = scripted(['401', old.replace(', stale=true', '')], ['200', ...GRANT]);
    await login.authenticate(earlier.ask, TARGET);
    await login.authenticate(scripted(['200', ...GRANT]).ask, TARGET);
    await login.authenticate(scripted(['200', ...GRANT]).ask, TARGET);

    cnonces.push('8aa0bf9f503aa80d', '4d13bc360990b445', '8e169d7f7e5a8a62');
    const relay = scripted(
      ['401 Unauthorized', challenge('E2.2', 0), challenge('E2.2', 1)],
      ['200 OK', ...GRANT, `Authentication-Info: ${infoOf('E2.4')}`],
      ['200 OK', ...GRANT, `Authentication-Info: ${infoOf('E2.6')}`],
    );
    await login.authenticate(relay.ask, TARGET);
    await login.authenticate(relay.ask, TARGET);
    expect(relay.asked).toEqual(['E2.1', 'E2.3', 'E2.5'].map(authorizationOf));
  });

  it('stops at the wrong password of E3 after exactly two AUTHs (AU-54)', async () => {
    cnonces.push('b7459f4beb600e68');
    const first = challenge('E3.2', 0).replace(/nonce="[^"]*"/, 'nonce="KjQ1oorBgMdOsj1yBwRrW736LkjADZBE"');
    const refusal = ['401 Unauthorized', challenge('E3.2', 0), challenge('E3.2', 1)];
    const relay = scripted(['401 Unauthorized', first], refusal, refusal);
    const login = new Login({ user: 'nadia', password: 'Kx7-lantern-harbor' }, false);
    const error = await login.authenticate(relay.ask, TARGET).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 401 });
    expect(String(error)).not.toContain('Kx7');
    expect(relay.asked).toEqual(['', authorizationOf('E3.1')]);
  });

  it('does not repeat what E3 refuses with 403 (EC-04)', async () => {
    cnonces.push('caea1a702b2e0fdb');
    const relay = scripted(['401 Unauthorized', challenge('E3.2', 0)], ['403 Forbidden'], ['200', ...GRANT]);
    const login = new Login({ user: 'guest', password: 'guest-pass-42' }, false);
    const refusal = { code: 'MSRP_AUTH_FAILED', status: 403 };
    await expect(login.authenticate(relay.ask, TARGET)).rejects.toMatchObject(refusal);
    expect(relay.asked).toEqual(['', authorizationOf('E3.3')]);
  });

  it('asks again within the bounds of E4, and counts the refused request (AU-05, AU-24, AU-55)', async () => {
    cnonces.push('3c2cd6e230d5b01a', '0b57049d587d5c48', '8fed078dedaf6522');
    const first = challenge('E2.2', 0)
      .replace(/nonce="[^"]*"/, 'nonce="X3ym9t+N4PV7PfYz5wSiCuLGrjk0knPP"')
      .replace(/opaque="[^"]*"/, 'opaque="61942b2e79320deb"');
    const relay = scripted(
      ['401', first],
      ['423 Interval Out-of-Bounds', 'Min-Expires: 60'],
      ['200', ...GRANT],
      ['423 Interval Out-of-Bounds', 'Max-Expires: 3600'],
      ['200', ...GRANT],
    );
    const login = new Login(NADIA, false);
    await login.authenticate(relay.ask, TARGET, 30);
    await login.authenticate(relay.ask, TARGET, 86_400);
    expect(relay.asked.slice(0, 4)).toEqual([
      'Expires: 30\r\n',
      `Expires: 30\r\n${authorizationOf('E4.1')}`,
      `Expires: 60\r\n${authorizationOf('E4.3')}`,
      `Expires: 86400\r\n${authorizationOf('E4.5')}`,
    ]);
    expect(relay.asked[4]).toMatch(/^Expires: 3600\r\nAuthorization: .*nc=00000004\r\n$/);
  });

  it('reaches the outer relay of E5, which has to prove itself (AU-02, AU-22, AU-34)', async () => {
    cnonces.push('563d6d1904f73d8d');
    const usePath =
      'msrps://inner.example.org:2855/f3l2A5Jiw3M2oQ9dGywHhM;tcp msrps://node2.outer.example.net:9010/t0;tcp';
    const relay = scripted(
      ['401 Unauthorized', challenge('E5.3', 0), challenge('E5.3', 1)],
      ['200 OK', `Use-Path: ${usePath}`, 'Expires: 1800', `Authentication-Info: ${infoOf('E5.7')}`],
    );
    const grant = await new Login(NADIA, true).authenticate(relay.ask, 'msrps://outer.example.net;tcp');
    expect(relay.asked).toEqual(['', authorizationOf('E5.5')]);
    expect(grant).toEqual({ usePath, expires: 1800 });
  });

  it('hashes user and password as UTF-8 (AU-57)', async () => {
    cnonces.push('4d13bc360990b445');
    const relay = scripted(['401', challenge('E2.2', 0)], ['200', ...GRANT]);
    await new Login({ user: 'zoë', password: 'naïve-café-9' }, false).authenticate(relay.ask, TARGET);
    const [, lines = ''] = relay.asked;
    expect(lines).toContain('username="zo\u00c3\u00ab"');
    expect(lines).toContain('response="6b68b3d734f401da0e4bb48264885256abb0e86600d7dd451383d0fcea30031e"');
  });
});

describe('which challenge is answered', () => {
  const base = 'realm="r", nonce="n1", qop="auth"';
  const usable = `Digest ${base}, algorithm=SHA-256`;

  it.each([
    ['an unknown algorithm (AU-13)', `Digest ${base}, algorithm=FOO`],
    ['an algorithm with session keys', `Digest ${base}, algorithm=SHA-256-sess`],
    ['Basic (AU-08)', 'Basic realm="r"'],
    ['one without nonce', 'Digest realm="r", qop="auth"'],
    ['one without realm', 'Digest nonce="n1", qop="auth"'],
    ['one without qop', 'Digest realm="r", nonce="n1"'],
    ['one that offers auth-int only', 'Digest realm="r", nonce="n1", qop="auth-int"'],
    ['an open quote', 'Digest realm="r, nonce="n1", qop="auth'],
    ['no parameters at all', 'Digest'],
    ['nothing at all', ''],
  ])('passes over %s and takes the next', async (_, useless) => {
    const relay = scripted(['401', challengeLine(useless), challengeLine(usable)], ['200', ...GRANT]);
    await new Login(NADIA, false).authenticate(relay.ask, TARGET);
    expect(relay.asked[1]).toContain('algorithm=SHA-256,');
  });

  it.each([
    ['only what it cannot answer', [challengeLine(`Digest ${base}, algorithm=FOO`), challengeLine('Basic realm="r"')]],
    ['no challenge', []],
  ])('sends no credentials to a relay that offers %s (AU-08, AU-13)', async (_, lines) => {
    const relay = scripted(['401', ...lines], ['200', ...GRANT]);
    const refusal = { code: 'MSRP_AUTH_FAILED', status: 401 };
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET)).rejects.toMatchObject(refusal);
    expect(relay.asked).toEqual(['']);
  });

  it('takes the first that it knows, whatever its strength (AU-14)', async () => {
    const relay = scripted(
      ['401', challengeLine(`Digest ${base}, algorithm=SHA-512-256`), challengeLine(usable)],
      ['200', ...GRANT],
    );
    await new Login(NADIA, false).authenticate(relay.ask, TARGET);
    expect(relay.asked[1]).toContain('algorithm=SHA-512-256,');
  });

  it.each([
    ['sha-256', ', algorithm=sha-256', 'algorithm=sha-256, '],
    ['none, which means MD5', '', ''],
  ])('gives the algorithm back as it was challenged: %s (AU-13, AU-17)', async (_, parameter, echoed) => {
    cnonces.push('c1');
    const relay = scripted(['401', challengeLine(`Digest ${base}${parameter}`)], ['200', ...GRANT]);
    await new Login(NADIA, false).authenticate(relay.ask, TARGET);
    const { response } = proofs(parameter === '' ? 'MD5' : 'SHA-256', 'r', { nonce: 'n1', cnonce: 'c1' });
    const before = `Digest username="nadia", realm="r", nonce="n1", uri="${TARGET}", response="${response}", `;
    expect(relay.asked[1]).toBe(`Authorization: ${before}${echoed}cnonce="c1", qop=auth, nc=00000001\r\n`);
  });

  it('reads any order, case and spacing, and what it does not know (AU-16, AU-57)', async () => {
    const odd = 'dIgEsT  userhash=true ,charset=UTF-8,QOP = "auth-int, AUTH",Nonce="n,2" , REALM="a, b",stale=FALSE';
    const relay = scripted(['401', challengeLine(odd)], ['200', ...GRANT]);
    await new Login(NADIA, false).authenticate(relay.ask, TARGET);
    expect(relay.asked[1]).toContain('username="nadia", realm="a, b", nonce="n,2", ');
    expect(relay.asked[1]).not.toMatch(/userhash|charset/);
  });

  it('hashes a realm without its escapes and writes it with them (AU-16, AU-18)', async () => {
    cnonces.push('c1');
    const relay = scripted(
      [
        '401',
        challengeLine(String.raw`Digest realm="say \"a\\b\", Zo\xeb", nonce="n1", qop="auth", algorithm=SHA-256`),
      ],
      ['200', ...GRANT],
    );
    await new Login(NADIA, false).authenticate(relay.ask, TARGET);
    const { response } = proofs('SHA-256', String.raw`say "a\b", Zoxeb`, { nonce: 'n1', cnonce: 'c1' });
    expect(relay.asked[1]).toContain(String.raw`realm="say \"a\\b\", Zoxeb", `);
    expect(relay.asked[1]).toContain(`response="${response}"`);
  });

  it('is never brought down to MD5 by a relay that has offered more (AU-14)', async () => {
    const login = new Login(NADIA, false);
    await login.authenticate(scripted(['401', challengeLine(usable)], ['200', ...GRANT]).ask, TARGET);
    const weaker = scripted(['401', challengeLine(`Digest ${base}, stale=true, algorithm=MD5`)], ['200', ...GRANT]);
    await expect(login.authenticate(weaker.ask, TARGET)).rejects.toMatchObject({ code: 'MSRP_AUTH_DOWNGRADE' });
    expect(weaker.asked).toHaveLength(1);
  });

  it('passes over an MD5 that stands before something stronger, once the relay has offered that (AU-14)', async () => {
    const login = new Login(NADIA, false);
    await login.authenticate(scripted(['401', challengeLine(usable)], ['200', ...GRANT]).ask, TARGET);
    const md5 = challengeLine(`Digest ${base}, stale=true, algorithm=MD5`);
    const relay = scripted(['401', md5, challengeLine(`${usable}, stale=true`)], ['200', ...GRANT]);
    await login.authenticate(relay.ask, TARGET);
    expect(relay.asked[1]).toContain('algorithm=SHA-256,');
  });

  it('remembers what was offered beside the challenge that it took (AU-14)', async () => {
    const login = new Login(NADIA, false);
    const md5 = challengeLine(`Digest ${base}, algorithm=MD5`);
    await login.authenticate(scripted(['401', md5, challengeLine(usable)], ['200', ...GRANT]).ask, TARGET);
    const weaker = scripted(['401', md5.replace('MD5', 'MD5, stale=true')], ['200', ...GRANT]);
    await expect(login.authenticate(weaker.ask, TARGET)).rejects.toMatchObject({ code: 'MSRP_AUTH_DOWNGRADE' });
  });
});

describe('nonces', () => {
  const first = challengeLine('Digest realm="r", nonce="n1", opaque="", qop="auth", algorithm=SHA-256');
  const stale = challengeLine('Digest realm="r", nonce="n2", qop="auth", stale=true, algorithm=SHA-256');

  it('uses a nonce again, unasked, with a count in lower-case hexadecimal digits (AU-24, AU-33)', async () => {
    const login = new Login(NADIA, false);
    await login.authenticate(scripted(['401', first], ['200', ...GRANT]).ask, TARGET);
    const relay = scripted(...Array.from({ length: 10 }, () => ['200', ...GRANT]));
    for (let round = 0; round < 10; round += 1) await login.authenticate(relay.ask, TARGET);
    expect(relay.asked.every((lines) => lines.includes('nonce="n1"') && lines.includes('opaque=""'))).toBe(true);
    const counts = relay.asked.map((lines) => / nc=(\S+)\r\n$/.exec(lines)?.[1]);
    expect(counts.slice(0, 2)).toEqual(['00000002', '00000003']);
    expect(counts.at(-1)).toBe('0000000b');
  });

  it('is silent about one nonce that was too old, and gives up at the second (AU-54)', async () => {
    const relay = scripted(['401', first], ['401', stale], ['401', stale], ['200', ...GRANT]);
    const refusal = { code: 'MSRP_AUTH_FAILED', status: 401 };
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET)).rejects.toMatchObject(refusal);
    expect(relay.asked).toHaveLength(3);
    expect(relay.asked[2]).toMatch(/nonce="n2".* nc=00000001\r\n$/);
  });

  it('takes a refusal of credentials that it sent unasked for what it is, unless they were stale (AU-54)', async () => {
    const login = new Login(NADIA, false);
    await login.authenticate(scripted(['401', first], ['200', ...GRANT]).ask, TARGET);
    const relay = scripted(['401', first], ['200', ...GRANT]);
    await expect(login.authenticate(relay.ask, TARGET)).rejects.toMatchObject({ status: 401 });
    expect(relay.asked).toHaveLength(1);
    await login.authenticate(relay.ask, TARGET);
    expect(relay.asked[1]).toMatch(/ nc=00000001\r\n$/);
  });

  it('stays with a nonce that became too old during a 423 (AU-54, AU-55)', async () => {
    const relay = scripted(['401', first], ['423', 'Min-Expires: 60'], ['401', stale], ['200', ...GRANT]);
    await new Login(NADIA, false).authenticate(relay.ask, TARGET, 30);
    expect(relay.asked[3]).toMatch(/^Expires: 60\r\nAuthorization: .*nonce="n2".* nc=00000001\r\n$/);
  });

  it('never asks more often than a challenge, a stale nonce and a bound can explain (AU-54, AU-55)', async () => {
    const answers = Array.from({ length: 20 }, (_, round) =>
      round % 2 === 0 ? ['401', stale] : ['423', 'Min-Expires: 60'],
    );
    const relay = scripted(...answers);
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET, 30)).rejects.toMatchObject({
      code: 'MSRP_AUTH_FAILED',
    });
    expect(relay.asked.length).toBeLessThanOrEqual(4);
  });
});

describe('the proof of the relay', () => {
  const login = (needsProof: boolean) => {
    cnonces.push('c1');
    return new Login(NADIA, needsProof);
  };
  const offer = challengeLine('Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256');
  const { rspauth } = proofs('SHA-256', 'r', { nonce: 'n1', cnonce: 'c1' });
  const info = (proof: string) => `Authentication-Info: rspauth="${proof}", cnonce="c1", nc=00000001, qop=auth`;

  it.each([
    ['right', info(rspauth), true, true],
    ['right, in capitals', info(rspauth.toUpperCase()), true, true],
    ['wrong', info(rspauth.replace(/./, 'x')), false, false],
    ['empty', info(''), false, false],
    ['missing, while another header value is there', 'Authentication-Info: nextnonce="n2"', true, false],
    ['missing with its header', 'X-Other: 1', true, false],
    ['in a header that cannot be read', 'Authentication-Info: rspauth="', true, false],
  ])('%s (AU-34)', async (_, line, isEnoughNearby, isEnoughBehindOthers) => {
    for (const [needsProof, isEnough] of [
      [false, isEnoughNearby],
      [true, isEnoughBehindOthers],
    ] as const) {
      const granted = login(needsProof).authenticate(scripted(['401', offer], ['200', ...GRANT, line]).ask, TARGET);
      if (isEnough) await expect(granted).resolves.toMatchObject({ expires: 900 });
      else await expect(granted).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 200 });
    }
  });

  it('is not asked for where no password was (AU-34)', async () => {
    const relay = scripted(['200', ...GRANT]);
    await expect(login(true).authenticate(relay.ask, TARGET)).resolves.toMatchObject({ expires: 900 });
  });

  it('has to fit the nonce in use, not an earlier one (AU-34)', async () => {
    const same = login(true);
    await same.authenticate(scripted(['401', offer], ['200', ...GRANT, info(rspauth)]).ask, TARGET);
    const replayed = scripted(['200', ...GRANT, info(rspauth)]);
    await expect(same.authenticate(replayed.ask, TARGET)).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED' });
  });
});

describe('what is granted', () => {
  it.each([
    ['is missing', ['Expires: 900']],
    ['is empty', ['Use-Path:', 'Expires: 900']],
    ['is no path', ['Use-Path: msrps://relay-a.example.org:2855/s;tcp relay-b', 'Expires: 900']],
    ['has no session-id', ['Use-Path: msrps://relay-a.example.org:2855;tcp', 'Expires: 900']],
  ])('fails when the Use-Path %s', async (_, lines) => {
    const granted = new Login(NADIA, false).authenticate(scripted(['200 OK', ...lines]).ask, TARGET);
    await expect(granted).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 200 });
  });

  it('is a path with single spaces', async () => {
    const relay = scripted(['200', 'Use-Path: msrps://a.example.org:1/s;tcp \t msrps://b.example.org:2/t;tcp']);
    const { usePath } = await new Login(NADIA, false).authenticate(relay.ask, TARGET);
    expect(usePath).toBe('msrps://a.example.org:1/s;tcp msrps://b.example.org:2/t;tcp');
  });

  it.each([
    ['missing', []],
    ['malformed', ['Expires: soon']],
  ])('holds an hour when Expires is %s', async (_, lines) => {
    const relay = scripted(['200', GRANT[0] ?? '', ...lines]);
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET)).resolves.toMatchObject({ expires: 3600 });
  });
});

describe('refusals', () => {
  it.each([
    ['without a bound', ['423']],
    ['with a bound that is met already', ['423', 'Min-Expires: 60']],
    ['with a malformed bound', ['423', 'Max-Expires: -1']],
  ])('takes no 423 %s for an invitation (AU-55)', async (_, answer) => {
    const relay = scripted(answer, ['200', ...GRANT]);
    const refusal = { code: 'MSRP_AUTH_FAILED', status: 423 };
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET, 100)).rejects.toMatchObject(refusal);
    expect(relay.asked).toHaveLength(1);
  });

  it('names a lifetime when a relay insists on one, though none was asked for (AU-55)', async () => {
    const relay = scripted(['423', 'Max-Expires: 600'], ['200', ...GRANT]);
    await new Login(NADIA, false).authenticate(relay.ask, TARGET);
    expect(relay.asked[1]).toBe('Expires: 600\r\n');
  });

  it.each([400, 403, 404, 413, 481, 501, 599])('tells of a %i with its status, asked once (AU-54)', async (status) => {
    const relay = scripted([`${status} No`], ['200', ...GRANT]);
    const refusal = { code: 'MSRP_AUTH_FAILED', status };
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET)).rejects.toMatchObject(refusal);
    expect(relay.asked).toHaveLength(1);
  });

  it('takes a 408 for silence (T-14, EC-06)', async () => {
    const relay = scripted(['408 Request Timeout']);
    const refusal = { code: 'MSRP_TIMEOUT', status: 408 };
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET)).rejects.toMatchObject(refusal);
  });

  it('takes any 2xx for a success', async () => {
    const relay = scripted(['299 Fine', ...GRANT]);
    await expect(new Login(NADIA, false).authenticate(relay.ask, TARGET)).resolves.toMatchObject({ expires: 900 });
  });

  it('gives no name with a colon away (AU-57)', async () => {
    const relay = scripted(['401', challenge('E1.2')], ['200', ...GRANT]);
    const login = new Login({ user: 'a:b', password: 'canary' }, false);
    const error = await login.authenticate(relay.ask, TARGET).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'MSRP_BAD_USER_NAME' });
    expect(String(error)).not.toMatch(/canary|a:b/);
    expect(relay.asked).toEqual(['']);
  });

  it('passes on that nothing could be asked, and can be used again', async () => {
    const login = new Login(NADIA, false);
    const lost = new Error('lost');
    await expect(login.authenticate(() => Promise.reject(lost), TARGET)).rejects.toBe(lost);
    await expect(login.authenticate(scripted(['200', ...GRANT]).ask, TARGET)).resolves.toMatchObject({ expires: 900 });
  });
});

describe('without user and password', () => {
  it('takes what a relay grants that knows whose connection it is (WS-16)', async () => {
    const relay = scripted(
      ['200 OK', ...GRANT],
      ['423 Interval Out-of-Bounds', 'Max-Expires: 60'],
      ['200 OK', ...GRANT],
    );
    const login = new Login(undefined, false);
    const usePath = GRANT[0]?.slice('Use-Path: '.length);
    expect(await login.authenticate(relay.ask, TARGET)).toEqual({ usePath, expires: 900 });
    expect(await login.authenticate(relay.ask, TARGET, 600)).toEqual({ usePath, expires: 900 });
    expect(relay.asked).toEqual(['', 'Expires: 600\r\n', 'Expires: 60\r\n']);
  });

  it('fails with 401 at a relay that does not, after one AUTH', async () => {
    const relay = scripted(['401 Unauthorized', challenge('E1.2')]);
    const error = await new Login(undefined, false).authenticate(relay.ask, TARGET).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 401 });
    expect(String(error)).toContain('the relay asks for a password');
    expect(relay.asked).toEqual(['']);
  });
});

/** A relay that gives these answers in turn, each a status line and header lines, and keeps what it was asked. */
function scripted(...answers: readonly (readonly string[])[]) {
  const left = [...answers];
  const asked: string[] = [];
  const ask = async (lines: string): Promise<Head> => {
    asked.push(lines);
    const answer = left.shift();
    if (answer === undefined) throw new Error('nobody expected another AUTH');
    return headOf(answer);
  };
  return { asked, ask };
}

function headOf([status, ...lines]: readonly string[]): Head {
  let read: Head | undefined;
  const events = { head: (head: Head) => (read = head), body: () => {}, end: () => {}, broken: () => {} };
  const paths = [`To-Path: msrps://nadia-pc.example.org:41207/U;tcp`, `From-Path: ${TARGET}`];
  const octets = [`MSRP tid1 ${status}`, ...paths, ...lines, '-------tid1$', ''].join('\r\n');
  new Parser(events, { maxHeadOctets: 16_384, maxHeadLines: 64 }).write(Buffer.from(octets, 'latin1'));
  if (read === undefined || read.fault !== undefined) throw new Error(`a bad answer: ${octets}`);
  return read;
}

function challengeLine(value: string): string {
  return `WWW-Authenticate: ${value}`;
}

/** The `nth` challenge of an example, as a header line. */
function challenge(example: string, nth = 0): string {
  const [, value] = CHALLENGES.filter(([name]) => name === example)[nth] ?? [];
  if (value === undefined) throw new Error(`no challenge ${example}`);
  return challengeLine(value);
}

function authorizationOf(example: string): string {
  const [, value] = AUTHORIZATIONS.find(([name]) => name === example) ?? [];
  return `Authorization: ${value}\r\n`;
}

function infoOf(example: string): string {
  return AUTHENTICATION_INFOS.find(([name]) => name === example)?.[1] ?? '';
}

function proofs(
  algorithm: 'MD5' | 'SHA-256',
  realm: string,
  parts: { readonly nonce: string; readonly cnonce: string },
) {
  const { user, password }: Credentials = NADIA;
  const ha1 = hashA1(algorithm, user, realm, password);
  return digestResponse({ ...parts, algorithm, ha1, nonceCount: '00000001', digestUri: TARGET, method: 'AUTH' });
}
