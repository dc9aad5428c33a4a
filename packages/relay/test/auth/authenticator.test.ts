import { ManualClock } from 'msrp/base';
import { type DigestAlgorithm, digestResponse, hashA1 } from 'msrp/digest';
import { formatAuthorization, parseAuthenticationInfo, parseAuthorization, parseChallenge } from 'msrp/wire';
import { describe, expect, it } from 'vitest';
import { DigestAuthenticator, type DigestAuthenticatorOptions } from '../../src/auth/authenticator.ts';
import { type Credential, type CredentialStore, StoreUnavailable } from '../../src/auth/credential-store.ts';
import { Nonces } from '../../src/auth/nonces.ts';
import { Realms } from '../../src/auth/realms.ts';
import { StaticStore } from '../../src/auth/static-store.ts';
import { type AttemptInput, attempt } from './attempt.ts';

const REALM = 'relay-a.example.org';
const DIGEST_URI = 'msrps://nadia@relay-a.example.org;tcp';
const HOST = 'relay-a.example.org';
const ORIGIN = { host: HOST, address: '192.0.2.1', isOfClient: true };
const PASSWORD = 'Kx7-lantern-harbour';
const USERS = { nadia: PASSWORD, 'zo\u00eb': 'na\u00efve-caf\u00e9-9' };

const FAILED = { kind: 'challenge', stale: false, failed: true };
const STALE = { kind: 'challenge', stale: true, failed: false };
const NOT_TRIED = { kind: 'challenge', stale: false, failed: false };

interface SetUp extends Partial<DigestAuthenticatorOptions> {
  readonly stores?: readonly CredentialStore[];
  readonly maxNonces?: number;
}

/** An authenticator on a clock that stands still, and a client of it. */
function setUp({ stores, maxNonces, ...options }: SetUp = {}) {
  const clock = new ManualClock(1_700_000_000_000);
  const authenticator = new DigestAuthenticator(stores ?? [new StaticStore(options.realms?.own ?? REALM, USERS)], {
    realms: new Realms(REALM),
    algorithms: ['SHA-256', 'SHA-512-256', 'MD5'],
    clock,
    nonces: new Nonces({ clock, maxRemembered: maxNonces }),
    ...options,
  });
  const challengeFor = (algorithm: string) =>
    authenticator.challenge(false, HOST).find((value) => value.endsWith(`algorithm=${algorithm}`)) ?? '';
  /** What nadia would send; the input changes what it says. */
  const answer = (input: Partial<AttemptInput> = {}) =>
    attempt({ user: 'nadia', password: PASSWORD, challenge: challengeFor('SHA-256'), digestUri: DIGEST_URI, ...input });
  const verify = (input: Partial<AttemptInput> = {}) =>
    authenticator.verify(answer(input).authorization, input.digestUri ?? DIGEST_URI, ORIGIN);
  return { clock, authenticator, challengeFor, answer, verify };
}

/** A store whose answers the test gives. */
function storeOf(name: string, find: (user: string) => Credential | undefined): CredentialStore & { asked: string[] } {
  const asked: string[] = [];
  return {
    name,
    asked,
    async find(user) {
      asked.push(user);
      return find(user);
    },
    async close() {},
  };
}

function unavailable(): never {
  throw new StoreUnavailable('gone');
}

async function credentialOf(user: string, mayUse: boolean): Promise<Credential> {
  const found = await new StaticStore(REALM, USERS).find(user, REALM, 'SHA-256');
  return { ha1: found?.ha1 ?? '', mayUse };
}

describe('challenge', () => {
  it('offers qop auth with realm, nonce and an opaque that is never empty (AU-06, AU-07, AU-09)', () => {
    const [first] = setUp().authenticator.challenge(false, HOST);
    expect(first).toMatch(
      /^Digest realm="relay-a\.example\.org", nonce="[\w-]{72}", opaque="[0-9a-f]{16}", qop="auth", algorithm=SHA-256$/,
    );
  });

  it('offers one header an algorithm, in the order of preference, MD5 last, all with one nonce (AU-12)', () => {
    const { authenticator } = setUp({ algorithms: ['MD5', 'SHA-256', 'MD5', 'SHA-512-256'] });
    const offers = authenticator.challenge(false, HOST).map(parseChallenge);
    expect(offers.map((offer) => offer.kind === 'digest' && offer.value.algorithm)).toEqual([
      'SHA-256',
      'SHA-512-256',
      'MD5',
    ]);
    expect(new Set(offers.map((offer) => offer.kind === 'digest' && offer.value.nonce)).size).toBe(1);
  });

  it('has a new nonce each time, and says stale only when asked to (AU-11, AU-26, AU-27)', () => {
    const { authenticator } = setUp();
    expect(authenticator.challenge(false, HOST)[0]).not.toBe(authenticator.challenge(false, HOST)[0]);
    expect(authenticator.challenge(false, HOST).join()).not.toContain('stale');
    expect(authenticator.challenge(true, HOST)[0]).toContain(', qop="auth", stale=true, algorithm=SHA-256');
  });

  it('carries a realm that is not ASCII as UTF-8, and the digest is over that (AU-57)', async () => {
    const realms = new Realms('cafe\u0301');
    const { authenticator, verify } = setUp({ realms });
    expect(authenticator.challenge(false, HOST)[0]).toContain('realm="caf\u00c3\u00a9"');
    expect(await verify()).toMatchObject({ kind: 'granted' });
  });
});

describe('the right credentials', () => {
  for (const algorithm of ['SHA-256', 'SHA-512-256', 'MD5']) {
    it(`are granted with ${algorithm}, and the relay proves itself (AU-20, AU-21, AU-30, AU-31)`, async () => {
      const { authenticator, answer, challengeFor } = setUp();
      const { authorization, rspauth } = answer({ challenge: challengeFor(algorithm) });
      expect(await authenticator.verify(authorization, DIGEST_URI, ORIGIN)).toEqual({
        kind: 'granted',
        user: 'nadia',
        login: 'nadia',
        maxSeconds: Number.POSITIVE_INFINITY,
        authenticationInfo: `rspauth="${rspauth}", cnonce="a6bc7aace203871d", nc=00000001, qop=auth`,
      });
    });
  }

  it('are granted without uri, algorithm and opaque, with qop and nc in quotes, as msrplib sends them (AU-13, AU-23)', async () => {
    const { verify, challengeFor } = setUp();
    const bend = { uri: undefined, algorithm: undefined, opaque: undefined, qop: '"auth"', nc: '"00000001"' };
    expect(await verify({ challenge: challengeFor('MD5'), bend })).toMatchObject({ kind: 'granted' });
  });

  it('are granted to a user whose name is not ASCII, and the name comes as a text (AU-57)', async () => {
    const { verify } = setUp();
    const outcome = await verify({ user: 'zo\u00eb', password: 'na\u00efve-caf\u00e9-9' });
    expect(outcome).toMatchObject({ kind: 'granted', user: 'zo\u00eb' });
  });

  it('are granted when the URI is written in another but equal way; the hash is over To-Path (AU-22, AU-23)', async () => {
    const { verify } = setUp();
    const bend = { uri: '"MSRPS://other@RELAY-A.example.org;TCP"' };
    expect(await verify({ bend })).toMatchObject({ kind: 'granted' });
  });

  it('advance the count of their nonce, whatever the caller answers afterwards (AU-24, A-29)', async () => {
    const { verify, challengeFor } = setUp();
    const challenge = challengeFor('SHA-256');
    for (const count of [1, 2, 3]) expect(await verify({ challenge, count })).toMatchObject({ kind: 'granted' });
    expect(await verify({ challenge, count: 3 })).toEqual(STALE);
  });

  it('are echoed safely, however cnonce is written (AU-30)', async () => {
    const { authenticator, answer } = setUp();
    const bent = answer({ bend: { cnonce: '"a\\"b\\\\c, nc=ffffffff"' } }).authorization;
    const outcome = await authenticator.verify(withRightResponse(bent), DIGEST_URI, ORIGIN);
    if (outcome.kind !== 'granted') throw new Error(outcome.kind);
    expect(outcome.authenticationInfo).toContain('cnonce="a\\"b\\\\c, nc=ffffffff", nc=00000001');
    expect(parseAuthenticationInfo(outcome.authenticationInfo ?? '')?.cnonce).toBe('a"b\\c, nc=ffffffff');
  });

  it('come back with a nonce for the next time, when that is switched on (AU-32)', async () => {
    const { verify, challengeFor } = setUp({ offerNextNonce: true });
    const challenge = challengeFor('SHA-256');
    const outcome = await verify({ challenge });
    if (outcome.kind !== 'granted') throw new Error(outcome.kind);
    expect(outcome.authenticationInfo).toMatch(/^nextnonce="[\w-]{72}", rspauth=/);
    const next = parseAuthenticationInfo(outcome.authenticationInfo ?? '')?.nextNonce ?? '';
    const nextChallenge = challenge.replace(/nonce="[^"]+"/, `nonce="${next}"`);
    expect(await verify({ challenge: nextChallenge })).toMatchObject({ kind: 'granted' });
    expect(await verify({ challenge: nextChallenge })).toEqual(STALE);
  });

  it('are forbidden to users who may not use this relay, and count (AU-27)', async () => {
    const credential = await credentialOf('nadia', false);
    const { verify, challengeFor } = setUp({ stores: [storeOf('one', () => credential)] });
    const challenge = challengeFor('SHA-256');
    expect(await verify({ challenge })).toEqual({ kind: 'forbidden' });
    expect(await verify({ challenge })).toEqual(STALE);
    expect(await verify({ challenge, count: 2, password: 'wrong' })).toEqual(FAILED);
  });
});

describe('wrong credentials', () => {
  it('fail with a wrong password, an unknown user, or a name of another case (AU-27)', async () => {
    const { verify } = setUp();
    expect(await verify({ password: 'Kx7-lantern-harbor' })).toEqual(FAILED);
    expect(await verify({ user: 'mallory' })).toEqual(FAILED);
    expect(await verify({ user: 'Nadia' })).toEqual(FAILED);
  });

  it('fail when the digest is over another URI than the last of To-Path (AU-22)', async () => {
    const { authenticator, answer } = setUp();
    const { authorization } = answer({ digestUri: 'msrps://relay-a.example.org;tcp' });
    expect(await authenticator.verify(authorization, DIGEST_URI, ORIGIN)).toEqual(FAILED);
  });

  it('fail for names that nobody can have, which reach no store; what a colon means is for stores to say (AU-29, AU-57)', async () => {
    const store = storeOf('one', () => undefined);
    const { verify } = setUp({ stores: [store] });
    for (const username of ['""', '"a:b"', '"\u00ff"', '"a\tb"', `"${'x'.repeat(10_000)}"`]) {
      expect(await verify({ bend: { username } }), username.slice(0, 20)).toEqual(FAILED);
    }
    expect(store.asked).toEqual(['', 'a:b', '', '', '']);
  });

  it('do not use up the count of the right user (AU-25)', async () => {
    const { verify, challengeFor } = setUp();
    const challenge = challengeFor('SHA-256');
    expect(await verify({ challenge, count: 0xffffffff, password: 'wrong' })).toEqual(FAILED);
    expect(await verify({ challenge })).toMatchObject({ kind: 'granted' });
  });

  it('fail for every single digit of the response that is changed (AU-20)', async () => {
    const { authenticator, answer } = setUp();
    const { authorization } = answer();
    const at = authorization.indexOf('response="') + 'response="'.length;
    for (let digit = at; digit < at + 64; digit += 1) {
      const other = authorization[digit] === '0' ? '1' : '0';
      const bent = authorization.slice(0, digit) + other + authorization.slice(digit + 1);
      expect(await authenticator.verify(bent, DIGEST_URI, ORIGIN)).toEqual(FAILED);
    }
    expect(await authenticator.verify(authorization, DIGEST_URI, ORIGIN)).toMatchObject({ kind: 'granted' });
  });

  it('ask every store the same, whether the user exists or not (AU-29)', async () => {
    const credential = await credentialOf('nadia', true);
    const stores = [
      storeOf('one', (user) => (user === 'nadia' ? credential : undefined)),
      storeOf('two', () => undefined),
    ];
    const { verify } = setUp({ stores });
    await verify();
    await verify({ user: 'mallory' });
    expect(stores.map((store) => store.asked)).toEqual([
      ['nadia', 'mallory'],
      ['nadia', 'mallory'],
    ]);
  });
});

describe('a nonce that is not good', () => {
  it('is stale when it is expired, whatever the digest (AU-11, AU-26)', async () => {
    const { clock, verify, challengeFor } = setUp();
    const challenge = challengeFor('SHA-256');
    clock.advance(299_999);
    expect(await verify({ challenge })).toMatchObject({ kind: 'granted' });
    clock.advance(1);
    expect(await verify({ challenge, count: 2 })).toEqual(STALE);
    expect(await verify({ challenge, count: 2, password: 'wrong' })).toEqual(STALE);
  });

  it('is stale when it is forged or from another relay, and no store is asked (AU-11, AU-26)', async () => {
    const store = storeOf('one', () => undefined);
    const { verify, challengeFor } = setUp({ stores: [store] });
    const elsewhere = setUp().challengeFor('SHA-256');
    expect(await verify({ challenge: elsewhere })).toEqual(STALE);
    for (const nonce of ['', 'Rf7s2FyZbOF6R7OKbivW2MoxXsiAb7Z8', 'A'.repeat(72), 'A'.repeat(10_000), '\u00ff']) {
      const challenge = challengeFor('SHA-256').replace(/nonce="[^"]+"/, `nonce="${nonce}"`);
      expect(await verify({ challenge })).toEqual(STALE);
    }
    expect(store.asked).toEqual([]);
  });

  it('is stale when the Authorization was used before (AU-25)', async () => {
    const { authenticator, answer } = setUp();
    const { authorization } = answer();
    expect(await authenticator.verify(authorization, DIGEST_URI, ORIGIN)).toMatchObject({ kind: 'granted' });
    expect(await authenticator.verify(authorization, DIGEST_URI, ORIGIN)).toEqual(STALE);
  });

  it('is good for one of many who use the same count at once (AU-25)', async () => {
    const { authenticator, answer } = setUp();
    const { authorization } = answer();
    const all = Array.from({ length: 50 }, () => authenticator.verify(authorization, DIGEST_URI, ORIGIN));
    const outcomes = await Promise.all(all);
    expect(outcomes.filter(({ kind }) => kind === 'granted')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.kind === 'challenge' && outcome.stale)).toHaveLength(49);
  });

  it('is stale when it expired while a store was being asked (AU-26)', async () => {
    const credential = await credentialOf('nadia', true);
    const answered = Promise.withResolvers<Credential>();
    const store = { name: 'slow', find: () => answered.promise, async close() {} };
    const { clock, verify } = setUp({ stores: [store] });
    const outcome = verify();
    clock.advance(300_000);
    answered.resolve(credential);
    expect(await outcome).toEqual(STALE);
  });

  it('is stale with a count of 0 (AU-24)', async () => {
    expect(await setUp().verify({ count: 0 })).toEqual(STALE);
  });

  it('is stale when the relay has forgotten it, and a fresh one works (AU-25, SE-06)', async () => {
    const { clock, verify, challengeFor } = setUp({ maxNonces: 1 });
    const challenge = challengeFor('SHA-256');
    expect(await verify({ challenge })).toMatchObject({ kind: 'granted' });
    clock.advance(1);
    expect(await verify()).toMatchObject({ kind: 'granted' });
    expect(await verify({ challenge, count: 2 })).toEqual(STALE);
    clock.advance(1);
    expect(await verify()).toMatchObject({ kind: 'granted' });
  });
});

describe('an Authorization of another kind', () => {
  it('is challenged afresh for qop auth-int, -sess, Basic and what is not on offer (AU-07, AU-08, AU-12)', async () => {
    const store = storeOf('one', () => undefined);
    const { authenticator, verify } = setUp({ stores: [store], algorithms: ['SHA-256'] });
    expect(await verify({ bend: { qop: 'auth-int' } })).toEqual(NOT_TRIED);
    expect(await verify({ bend: { algorithm: 'MD5-sess' } })).toEqual(NOT_TRIED);
    expect(await verify({ bend: { algorithm: 'SHA-256-sess' } })).toEqual(NOT_TRIED);
    expect(await verify({ bend: { algorithm: 'FOO' } })).toEqual(NOT_TRIED);
    expect(await verify({ bend: { algorithm: 'MD5', response: `"${'a'.repeat(32)}"` } })).toEqual(NOT_TRIED);
    expect(await verify({ bend: { algorithm: undefined } })).toEqual(NOT_TRIED);
    expect(await authenticator.verify('Basic bmFkaWE6c2VjcmV0', DIGEST_URI, ORIGIN)).toEqual(NOT_TRIED);
    expect(await authenticator.verify('', DIGEST_URI, ORIGIN)).toEqual(NOT_TRIED);
    expect(store.asked).toEqual([]);
  });

  it('is challenged afresh for another realm, without a look at the secret (AU-10)', async () => {
    expect(await setUp().verify({ bend: { realm: '"other.example.org"' } })).toEqual(NOT_TRIED);
    expect(await setUp().verify({ bend: { realm: `"${REALM.toUpperCase()}"` } })).toEqual(NOT_TRIED);
  });

  for (const name of ['username', 'realm', 'nonce', 'response', 'qop', 'nc', 'cnonce']) {
    it(`is malformed without ${name} (AU-28)`, async () => {
      expect(await setUp().verify({ bend: { [name]: undefined } })).toMatchObject({ kind: 'malformed' });
    });
  }

  it('is malformed when nc or response are not of their form (AU-21, AU-28)', async () => {
    const { verify } = setUp();
    for (const nc of ['1', '0000000A', '000000001', '"zzzzzzzz"']) {
      expect(await verify({ bend: { nc } }), nc).toMatchObject({ kind: 'malformed' });
    }
    for (const digits of [0, 32, 63, 65, 128, 10_000]) {
      const response = `"${'a'.repeat(digits)}"`;
      expect(await verify({ bend: { response } }), `${digits} digits`).toMatchObject({ kind: 'malformed' });
    }
    const response = `"${'a'.repeat(64)}"`;
    expect(await verify({ bend: { algorithm: 'MD5', response } })).toMatchObject({ kind: 'malformed' });
  });

  it('is malformed when its uri is another one than the last of To-Path, or none at all (AU-23)', async () => {
    const { verify } = setUp();
    const others = [
      'msrps://relay-a.example.org:2855;tcp',
      'msrp://relay-a.example.org;tcp',
      '/',
      '',
      'x'.repeat(10_000),
    ];
    for (const uri of others) {
      expect(await verify({ bend: { uri: `"${uri}"` } }), uri.slice(0, 40)).toMatchObject({ kind: 'malformed' });
    }
  });

  it('is malformed when it is broken or says a thing twice, and the comment repeats nothing of it (AU-28, AU-60)', async () => {
    const { authenticator, answer } = setUp();
    const { authorization } = answer();
    for (const broken of [
      `${authorization}, nonce="canary"`,
      `${authorization}, canary`,
      'Digest canary="',
      'Digest',
    ]) {
      const outcome = await authenticator.verify(broken, DIGEST_URI, ORIGIN);
      expect(outcome.kind).toBe('malformed');
      expect(JSON.stringify(outcome)).not.toContain('canary');
    }
  });
});

describe('several stores', () => {
  it('are asked in one go, and the first that knows the user decides', async () => {
    const right = await credentialOf('nadia', true);
    const wrong: Credential = { ha1: 'a'.repeat(64), mayUse: true };
    const first = storeOf('first', () => undefined);
    expect(await setUp({ stores: [first, storeOf('second', () => right)] }).verify()).toMatchObject({
      kind: 'granted',
    });
    const shadowed = [storeOf('first', () => wrong), storeOf('second', () => right)];
    expect(await setUp({ stores: shadowed }).verify()).toEqual(FAILED);
  });

  it('leave the user unknown when there are none of them', async () => {
    expect(await setUp({ stores: [] }).verify()).toEqual(FAILED);
  });

  it('make the AUTH unavailable when one cannot say and no other knows the user', async () => {
    const failures: string[] = [];
    const onStoreFailure = (name: string) => failures.push(name);
    const right = await credentialOf('nadia', true);
    const stores = [
      storeOf('broken', unavailable),
      storeOf('second', (user) => (user === 'nadia' ? right : undefined)),
    ];
    const { verify, challengeFor } = setUp({ stores, onStoreFailure });
    const challenge = challengeFor('SHA-256');
    expect(await verify({ challenge, user: 'mallory' })).toEqual({ kind: 'unavailable' });
    expect(await verify({ challenge })).toMatchObject({ kind: 'granted' });
    expect(failures).toEqual(['broken', 'broken']);
  });

  it('leave the count to be used again when they were unavailable', async () => {
    const right = await credentialOf('nadia', true);
    let broken = true;
    const { authenticator, answer } = setUp({ stores: [storeOf('one', () => (broken ? unavailable() : right))] });
    const { authorization } = answer();
    expect(await authenticator.verify(authorization, DIGEST_URI, ORIGIN)).toEqual({ kind: 'unavailable' });
    broken = false;
    expect(await authenticator.verify(authorization, DIGEST_URI, ORIGIN)).toMatchObject({ kind: 'granted' });
  });

  it('cannot make an AUTH throw, whatever goes wrong in them', async () => {
    const causes: unknown[] = [];
    const bug = new TypeError('a bug');
    const store: CredentialStore = {
      name: 'buggy',
      find() {
        throw bug;
      },
      async close() {},
    };
    const onStoreFailure = (_name: string, cause: unknown) => causes.push(cause);
    expect(await setUp({ stores: [store], onStoreFailure }).verify()).toEqual({ kind: 'unavailable' });
    expect(causes).toEqual([bug]);
  });
});

/** The same credentials with the response that belongs to them. */
function withRightResponse(authorization: string): string {
  const reading = parseAuthorization(authorization);
  if (reading.kind !== 'digest') throw new Error(reading.kind);
  const algorithm = reading.value.algorithm as DigestAlgorithm;
  const ha1 = hashA1(algorithm, 'nadia', REALM, PASSWORD);
  const { response } = digestResponse({ ...reading.value, algorithm, ha1, digestUri: DIGEST_URI, method: 'AUTH' });
  return formatAuthorization({ ...reading.value, response });
}

describe('whether a user may still use the relay', () => {
  const knows = async (mayUse: boolean) => storeOf('knows', credentialFor(await credentialOf('nadia', mayUse)));
  const credentialFor = (credential: Credential) => (user: string) => (user === 'nadia' ? credential : undefined);
  const down = () => storeOf('down', unavailable);
  const empty = () => storeOf('empty', () => undefined);

  it('depends on the first store that knows the user (SE-09)', async () => {
    const blocked = setUp({ stores: [empty(), await knows(false), await knows(true)] }).authenticator;
    const free = setUp({ stores: [empty(), await knows(true), await knows(false)] }).authenticator;
    expect(await blocked.mayUse('nadia')).toBe(false);
    expect(await free.mayUse('nadia')).toBe(true);
    expect(await free.mayUse('nobody')).toBe(false);
  });

  it('is true when a store that might have said so cannot be asked (SE-09)', async () => {
    const failed: string[] = [];
    const onStoreFailure = (store: string) => void failed.push(store);
    for (const stores of [[down()], [empty(), down()], [down(), await knows(false)]]) {
      expect(await setUp({ stores, onStoreFailure }).authenticator.mayUse('nadia')).toBe(true);
    }
    expect(failed).toEqual(['down', 'down', 'down']);
  });

  it('is false when a store says no before the one that cannot be asked (SE-09)', async () => {
    expect(await setUp({ stores: [await knows(false), down()] }).authenticator.mayUse('nadia')).toBe(false);
  });

  it('needs one algorithm only that is on offer (SE-09)', async () => {
    const credential = await credentialOf('nadia', true);
    const store: CredentialStore = {
      name: 'md5 only',
      find: async (_user, _realm, algorithm) => (algorithm === 'MD5' ? credential : undefined),
      async close() {},
    };
    expect(await setUp({ stores: [store] }).authenticator.mayUse('nadia')).toBe(true);
    expect(await setUp({ stores: [store], algorithms: ['SHA-256'] }).authenticator.mayUse('nadia')).toBe(false);
  });
});
