import { ManualClock, systemClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { StoreUnavailable } from '../../src/auth/credential-store.ts';
import { type JwtKeys, type JwtOptions, JwtStore } from '../../src/auth/jwt-store.ts';
import { readPublicKeys } from '../../src/auth/public-keys.ts';
import { RemoteKeys, type RemoteKeysOptions } from '../../src/auth/remote-keys.ts';
import { freePort } from '../local-ports.ts';
import { SUITE_REALM } from './credential-store.suite.ts';
import { type KeyServer, serveKeys } from './key-server.ts';
import { makeSigner, type Signer, signWithSecret, type TokenParts, unsigned } from './signed-token.ts';
import { tokenStoreSuite } from './token-store.suite.ts';

const NOW_MS = 1_700_000_000_000;
const NOW = NOW_MS / 1000;
const SECRET = 'a-secret-of-more-than-thirty-two-octets';
const SECRETS: JwtKeys = { kind: 'secrets', secrets: [SECRET] };
const ASYMMETRIC = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
const [RSA, EC, ED] = [makeSigner('RS256', 'rsa-1'), makeSigner('ES256', 'ec-1'), makeSigner('EdDSA', 'ed-1')];

function storeOf(options: Partial<JwtOptions> = {}): JwtStore {
  const { keys = SECRETS } = options;
  const store = new JwtStore({
    clock: new ManualClock(NOW_MS),
    keys,
    algorithms: keys.kind === 'secrets' ? ['HS256'] : ASYMMETRIC,
    issuers: undefined,
    audiences: undefined,
    toleranceSeconds: 0,
    userClaim: 'sub',
    realm: SUITE_REALM,
    ...options,
  });
  onTestFinished(() => store.close());
  return store;
}

function keysOf(...signers: readonly Signer[]): JwtKeys {
  return { kind: 'keys', keys: signers.map(({ jwk }) => jwk) };
}

/** Whose a token of these claims is, signed with the secret. */
async function holderOf(claims: unknown, options: Partial<JwtOptions> = {}, header: TokenParts['header'] = {}) {
  return await storeOf(options).findByToken(signWithSecret(SECRET, { header, claims }), SUITE_REALM);
}

const GOOD = { sub: 'alice', exp: NOW + 60 };

tokenStoreSuite('JSON Web Tokens under a secret', async () => ({
  store: storeOf(),
  tokenOf: (sub, exp) => signWithSecret(SECRET, { claims: { sub, exp } }),
}));
tokenStoreSuite('JSON Web Tokens under a public key', async () => ({
  store: storeOf({ keys: keysOf(EC) }),
  tokenOf: (sub, exp) => EC.sign({ claims: { sub, exp } }),
}));
tokenStoreSuite('JSON Web Tokens of an issuer that publishes its keys', async () => ({
  store: remoteStore(await serveKeys({ keys: [RSA.jwk] })).store,
  tokenOf: (sub, exp) => RSA.sign({ claims: { sub, exp } }),
}));

describe('A JSON Web Token', () => {
  it('has nothing for Digest', async () => {
    expect(await storeOf().find()).toBeUndefined();
  });

  it('needs a time when it expires, and a user', async () => {
    expect(await holderOf(GOOD)).toEqual({ user: 'alice', mayUse: true, expiresAtMs: (NOW + 60) * 1000 });
    const claims = [{ sub: 'alice' }, { exp: NOW + 60 }, { sub: 5, exp: NOW + 60 }, { sub: ['alice'], exp: NOW + 60 }];
    const more = [{ sub: 'alice', exp: 'soon' }, { sub: 'alice', exp: null }, [], 'alice', null, 5];
    for (const wrong of [...claims, ...more]) expect(await holderOf(wrong), JSON.stringify(wrong)).toBeUndefined();
  });

  it('may name its user in another claim, and no property of objects is one', async () => {
    const claims = { sub: '248289761001', exp: NOW + 60, 'https://example.org/name': 'zoe\u0308' };
    expect(await holderOf(claims, { userClaim: 'https://example.org/name' })).toMatchObject({ user: 'zo\u00eb' });
    for (const userClaim of ['name', 'constructor', '__proto__', 'toString']) {
      expect(await holderOf(claims, { userClaim }), userClaim).toBeUndefined();
    }
  });

  it('is not taken before its time; clocks may differ as much as is tolerated', async () => {
    expect(await holderOf({ ...GOOD, nbf: NOW + 1 })).toBeUndefined();
    expect(await holderOf({ ...GOOD, nbf: NOW + 5 }, { toleranceSeconds: 5 })).toBeDefined();
    expect(await holderOf({ ...GOOD, nbf: NOW + 6 }, { toleranceSeconds: 5 })).toBeUndefined();
    const late = await holderOf({ ...GOOD, exp: NOW - 4 }, { toleranceSeconds: 5 });
    expect(late?.expiresAtMs).toBe(NOW_MS + 1000);
  });

  it('has the issuer and the audience that are wanted, one of each', async () => {
    const options = { issuers: ['https://a.example', 'https://b.example'], audiences: ['msrp', 'chat'] };
    const claims = { ...GOOD, iss: 'https://b.example', aud: 'msrp' };
    expect(await holderOf(claims, options)).toBeDefined();
    expect(await holderOf({ ...claims, aud: ['other', 'chat'] }, options)).toBeDefined();
    const others = [{ iss: 'https://c.example' }, { iss: undefined }, { iss: ['https://b.example'] }];
    for (const other of [...others, { aud: 'other' }, { aud: [] }, { aud: undefined }, { aud: 'MSRP' }]) {
      expect(await holderOf({ ...claims, ...other }, options), JSON.stringify(other)).toBeUndefined();
    }
    // One of another service is none, whether it has expired or not.
    expect(await holderOf({ ...claims, aud: 'other', exp: NOW - 60 }, options)).toBeUndefined();
  });

  it('is signed with any of the secrets', async () => {
    const store = storeOf({ keys: { kind: 'secrets', secrets: ['the-next-secret-of-thirty-two-octets', SECRET] } });
    for (const secret of [SECRET, 'the-next-secret-of-thirty-two-octets']) {
      expect(await store.findByToken(signWithSecret(secret, { claims: GOOD }), SUITE_REALM)).toBeDefined();
    }
    const other = signWithSecret('another-secret-of-thirty-two-octets!', { claims: GOOD });
    expect(await store.findByToken(other, SUITE_REALM)).toBeUndefined();
  });

  it.each([...ASYMMETRIC])('is signed with %s', async (alg) => {
    const signer = makeSigner(alg, 'key');
    const store = storeOf({ keys: keysOf(signer) });
    expect(await store.findByToken(signer.sign({ claims: GOOD }), SUITE_REALM)).toMatchObject({ user: 'alice' });
    const stranger = makeSigner(alg, 'key');
    expect(await store.findByToken(stranger.sign({ claims: GOOD }), SUITE_REALM)).toBeUndefined();
  });

  it('is signed with what is allowed, and nothing else', async () => {
    const token = signWithSecret(SECRET, { claims: GOOD }, 'HS512');
    expect(await storeOf().findByToken(token, SUITE_REALM)).toBeUndefined();
    expect(await storeOf({ algorithms: ['HS512'] }).findByToken(token, SUITE_REALM)).toBeDefined();
    const store = storeOf({ keys: keysOf(RSA, EC), algorithms: ['ES256'] });
    expect(await store.findByToken(RSA.sign({ claims: GOOD }), SUITE_REALM)).toBeUndefined();
    expect(await store.findByToken(EC.sign({ claims: GOOD }), SUITE_REALM)).toBeDefined();
  });

  it('is signed: "none" in whatever spelling is no signature', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined]) {
      for (const store of [storeOf(), storeOf({ keys: keysOf(RSA) })]) {
        for (const signature of ['', 'AAAA']) {
          const token = unsigned({ header: { alg, typ: 'JWT' }, claims: GOOD }, signature);
          expect(await store.findByToken(token, SUITE_REALM), `${alg}`).toBeUndefined();
        }
      }
    }
  });

  it('is not signed with a public key as if that were a secret', async () => {
    const store = storeOf({ keys: keysOf(RSA) });
    for (const secret of [RSA.publicPem, RSA.publicPem.trim(), JSON.stringify(RSA.jwk), RSA.jwk.n ?? '']) {
      const token = signWithSecret(secret, { claims: GOOD, header: { kid: 'rsa-1' } });
      expect(await store.findByToken(token, SUITE_REALM)).toBeUndefined();
    }
  });

  it('does not bring its own key, and nothing that has to be understood', async () => {
    const thief = makeSigner('RS256');
    const store = storeOf({ keys: keysOf(RSA) });
    const headers = [{ jwk: thief.jwk }, { jku: 'https://thief.example/keys' }, { x5u: 'https://thief.example' }, {}];
    for (const header of headers) {
      const token = thief.sign({ claims: GOOD, header: { ...header, kid: 'rsa-1' } });
      expect(await store.findByToken(token, SUITE_REALM), JSON.stringify(header)).toBeUndefined();
    }
    expect(await holderOf(GOOD, {}, { crit: ['exp'], exp: 5 })).toBeUndefined();
    expect(await holderOf(GOOD, {}, { b64: false, crit: ['b64'] })).toBeUndefined();
  });

  it('that names no key is tried with all that fit', async () => {
    const unnamed = [makeSigner('ES256'), makeSigner('ES256'), makeSigner('ES256')];
    const store = storeOf({ keys: keysOf(...unnamed, RSA) });
    for (const signer of unnamed) {
      expect(await store.findByToken(signer.sign({ claims: GOOD }), SUITE_REALM)).toBeDefined();
      expect(await store.findByToken(signer.sign({ claims: { ...GOOD, exp: 5 } }), SUITE_REALM)).toBeDefined();
    }
    expect(await store.findByToken(makeSigner('ES256').sign({ claims: GOOD }), SUITE_REALM)).toBeUndefined();
  });
});

it('A store of tokens shows no secret when it is printed (SE-12)', () => {
  expect(JSON.stringify(storeOf())).not.toContain('secret');
});

/** A store with the keys of a server, on a clock that the test drives unless it is told otherwise. */
function remoteStore({ url }: Pick<KeyServer, 'url'>, options: Partial<RemoteKeysOptions> = {}) {
  const clock = new ManualClock(NOW_MS);
  const events: string[] = [];
  const observer = {
    lookedUp: (store: string, outcome: string) => void events.push(`${store} ${outcome}`),
    failed: (store: string, cause: unknown) => void events.push(`${store}: ${(cause as Error).message}`),
    changed: (store: string, isDown: boolean) => void events.push(`${store} is ${isDown ? 'down' : 'up'}`),
  };
  const times = { timeoutMs: 1500, retryMs: 2000, cacheMs: 600_000, staleMs: 3_600_000 };
  const remote = new RemoteKeys('jwt', { clock, observer, url, ca: undefined, ...times, ...options });
  const store = storeOf({ clock, keys: { kind: 'remote', remote } });
  const find = (token: string) => store.findByToken(token, SUITE_REALM);
  return { clock, events, store, find };
}

const token = (signer: Signer) => signer.sign({ claims: { sub: 'alice', exp: NOW + 1_000_000 } });

describe('The keys of an issuer', () => {
  it('are fetched once, by the first who needs them, and again when they are old', async () => {
    const server = await serveKeys({ keys: [RSA.jwk, EC.jwk] });
    const { find, clock } = remoteStore(server);
    expect(server.asked).toBe(0);
    const holders = await Promise.all(Array.from({ length: 20 }, (_, at) => find(token(at % 2 === 0 ? RSA : EC))));
    expect([holders.filter((holder) => holder !== undefined).length, server.asked]).toEqual([20, 1]);
    clock.advance(599_999);
    await find(token(RSA));
    expect(server.asked).toBe(1);
    clock.advance(1);
    server.answer = { keys: [EC.jwk] };
    expect(await find(token(EC))).toBeDefined();
    expect(await find(token(RSA))).toBeUndefined();
    expect(server.asked).toBe(2);
  });

  it('are fetched anew for a token with a new one, but not for every name that a stranger invents', async () => {
    const server = await serveKeys({ keys: [RSA.jwk] });
    const { find, clock } = remoteStore(server);
    await find(token(RSA));
    server.answer = { keys: [RSA.jwk, EC.jwk] };
    for (let times = 0; times < 50; times += 1)
      expect(await find(token(makeSigner('ES256', `${times}`)))).toBeUndefined();
    expect(server.asked).toBe(1);
    clock.advance(10_000);
    const [holder, ...others] = await Promise.all([find(token(EC)), find(token(EC)), find(token(ED))]);
    expect([holder?.user, others.length, server.asked]).toEqual(['alice', 2, 2]);
    expect(await find(token(ED))).toBeUndefined();
    expect(server.asked).toBe(2);
  });

  it('are used for a while when nobody answers, and asked for now and then', async () => {
    const server = await serveKeys({ keys: [RSA.jwk] });
    const { find, clock, events } = remoteStore(server);
    await find(token(RSA));
    server.stop();
    clock.advance(600_000);
    expect(await find(token(RSA))).toBeDefined();
    expect(await find(token(RSA))).toBeDefined();
    expect(events.filter((event) => event === 'jwt failed')).toHaveLength(1);
    clock.advance(3_599_999);
    expect(await find(token(RSA))).toBeDefined();
    clock.advance(1);
    await expect(find(token(RSA))).rejects.toThrow(StoreUnavailable);
    expect(events.filter((event) => event === 'jwt is down')).toHaveLength(1);
    expect(events).toContain('jwt refused');
  });

  it('cannot be told of a token with a new key when nobody answers', async () => {
    const server = await serveKeys({ keys: [RSA.jwk] });
    const { find, clock } = remoteStore(server);
    await find(token(RSA));
    server.stop();
    clock.advance(10_000);
    await expect(find(token(EC))).rejects.toThrow(StoreUnavailable);
    expect(await find(token(RSA))).toBeDefined();
  });

  it('are there again when the issuer is', async () => {
    const server = await serveKeys((_request: unknown, response: import('node:http').ServerResponse) => {
      response.writeHead(503).end();
    });
    const { find, clock, events } = remoteStore(server);
    await expect(find(token(RSA))).rejects.toThrow(StoreUnavailable);
    await expect(find(token(RSA))).rejects.toThrow(StoreUnavailable);
    expect(server.asked).toBe(1);
    server.answer = { keys: [RSA.jwk] };
    clock.advance(2000);
    expect(await find(token(RSA))).toBeDefined();
    expect(events).toEqual([
      'jwt failed',
      'jwt: the issuer answered 503',
      'jwt is down',
      'jwt refused',
      'jwt is up',
      'jwt found',
    ]);
  });

  it.each([
    ['another status', 404, '{"keys":[]}', 'the issuer answered 404'],
    ['a redirection', 302, '', 'the issuer answered 302'],
    ['no JSON', 200, 'canary', 'the issuer has no public keys: found none'],
    ['no set', 200, '{"canary":[]}', 'the issuer has no public keys: found no JWK Set'],
    ['no keys', 200, '{"keys":[]}', 'the issuer has no public keys: found none'],
    [
      'a shared secret',
      200,
      '{"keys":[{"kty":"oct","k":"Y2FuYXJ5"}]}',
      'the issuer has no public keys: found a shared secret',
    ],
    [
      'an endless answer',
      200,
      `{"keys":[${'"canary",'.repeat(40_000)}`,
      'the answer of the service is longer than 262144 octets',
    ],
  ])('are none in %s, and nothing of it is said', async (_what, status, body, why) => {
    const server = await serveKeys((_request: unknown, response: import('node:http').ServerResponse) => {
      response.writeHead(status, { location: '/elsewhere' }).end(body);
    });
    const { find, events } = remoteStore(server);
    await expect(find(token(RSA))).rejects.toThrow(StoreUnavailable);
    expect(events[1]).toBe(`jwt: ${why}`);
    expect(events.join()).not.toContain('canary');
    expect(server.asked).toBe(1);
  });

  it('are used as far as they can be', async () => {
    const weak = makeSigner('RS256', 'weak', 1024);
    const foreign = [{ kty: 'oct', k: 'x' }, { kty: 'new' }, 5, null, { ...ED.jwk, use: 'enc' }];
    const server = await serveKeys({ keys: [weak.jwk, ...foreign, RSA.jwk] });
    const { find } = remoteStore(server);
    expect(await find(token(RSA))).toBeDefined();
    for (const signer of [weak, ED]) expect(await find(token(signer))).toBeUndefined();
  });

  it('are not waited for longer than may be', async () => {
    let ended = 0;
    const server = await serveKeys((_request: unknown, response: import('node:http').ServerResponse) => {
      response.write('{"keys":[');
      response.on('close', () => {
        ended += 1;
      });
    });
    const { find } = remoteStore(server, { clock: systemClock, timeoutMs: 50 });
    await expect(find(token(RSA))).rejects.toThrow(StoreUnavailable);
    await expect.poll(() => ended).toBe(1);
    await expect(remoteStore({ url: `http://127.0.0.1:${await freePort()}/` }).find(token(RSA))).rejects.toThrow(
      StoreUnavailable,
    );
  });

  it('come over TLS from who proves its name, by the authorities that are given', async () => {
    const [authority, other] = [await createAuthority(), await createAuthority()];
    const { port } = await serveKeys({ keys: [RSA.jwk] }, await authority.issue({ dnsNames: ['localhost'] }));
    const find = (host: string, ca: string) =>
      remoteStore({ url: `https://${host}:${port}/` }, { ca }).find(token(RSA));
    expect(await find('localhost', authority.ca)).toBeDefined();
    await expect(find('127.0.0.1', authority.ca)).rejects.toThrow(StoreUnavailable);
    await expect(find('localhost', other.ca)).rejects.toThrow(StoreUnavailable);
  });
});

describe('Public keys', () => {
  it('are read from PEM, keys and certificates, and from JWK Sets', async () => {
    const { cert } = await (await createAuthority()).issue({ dnsNames: ['issuer.example.org'] });
    const { keys, faults } = readPublicKeys(`${RSA.publicPem}\n${EC.publicPem}${ED.publicPem}${cert}`);
    expect([keys.map(({ kty }) => kty).slice(0, 3), keys.length, faults]).toEqual([['RSA', 'EC', 'OKP'], 4, []]);
    expect(readPublicKeys(JSON.stringify({ keys: [RSA.jwk, EC.jwk] }))).toEqual({
      keys: [RSA.jwk, EC.jwk],
      faults: [],
    });
  });

  it.each([
    ['nothing', '', 'none'],
    ['a private key', makeSigner('ES256').privatePem, 'a private key'],
    ['a private JWK', JSON.stringify({ keys: [{ ...EC.jwk, d: 'AAAA' }] }), 'a private key'],
    ['a shared secret', '{"keys":[{"kty":"oct","k":"AAAA"}]}', 'a shared secret'],
    ['a weak key', makeSigner('RS256', 'x', 1024).publicPem, 'an RSA key of less than 2048 bits'],
    ['a broken key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'one that cannot be read'],
    ['a broken JWK', '{"keys":[{"kty":"EC","crv":"P-256","x":"AA"}]}', 'one that cannot be read'],
    ['a JWK without its set', JSON.stringify(RSA.jwk), 'no JWK Set'],
    ['broken JSON', '{"keys":', 'no JWK Set'],
    ['too many', JSON.stringify({ keys: new Array(65).fill(RSA.jwk) }), 'more than 64'],
  ])('are not in %s', (_what, text, fault) => {
    expect(readPublicKeys(text)).toEqual({ keys: [], faults: [fault] });
  });
});
