/** What is made of tokens: whose they are, for how long, and what failures cost. */
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { AuthGuard } from '../../src/auth/auth-guard.ts';
import { type CredentialStore, StoreUnavailable, type TokenHolder } from '../../src/auth/credential-store.ts';
import { Realms } from '../../src/auth/realms.ts';
import { StaticStore } from '../../src/auth/static-store.ts';
import { TokenAuthenticator } from '../../src/auth/token-authenticator.ts';

const NOW_MS = 1_700_000_000_000;
const HOST = 'relay-a.example.org';
const HERE = '192.0.2.1';
const LIMITS = { addressFailures: 3, userFailures: 2, windowMs: 60_000, blockMs: 60_000 };

/** Knows tokens by name; remembers which it was asked for, and whether somebody might be asked for it. */
class TokenStore implements CredentialStore {
  readonly name = 'scripted';
  readonly holders: Record<string, Partial<TokenHolder>>;
  readonly asked: string[] = [];
  isDown = false;

  constructor(holders: Record<string, Partial<TokenHolder>>) {
    this.holders = holders;
  }

  async find(): Promise<undefined> {
    return undefined;
  }

  readonly findByToken = async (token: string, realm: string, mayAsk: boolean): Promise<TokenHolder | undefined> => {
    this.asked.push(`${token} ${realm} ${mayAsk}`);
    if (this.isDown) throw new StoreUnavailable('down');
    const holder = this.holders[token];
    return holder && { user: token, mayUse: true, expiresAtMs: Number.POSITIVE_INFINITY, ...holder };
  };

  async close(): Promise<void> {}
}

function setUp(...stores: CredentialStore[]) {
  const clock = new ManualClock(NOW_MS);
  const guard = new AuthGuard(clock, LIMITS);
  const shutOut = new Set<string>();
  const failures: string[] = [];
  const authenticator = new TokenAuthenticator(stores, {
    clock,
    guard,
    realms: new Realms(HOST, { 'chat.example.org': 'chat realm' }),
    isShutOut: (user) => shutOut.has(user),
    onStoreFailure: (store) => void failures.push(store),
  });
  const admit = (token: string, address = HERE, host = HOST) => authenticator.admit({ token, host }, address);
  const verify = (token: string, host = HOST) => authenticator.verify({ token, host });
  return { clock, guard, shutOut, failures, authenticator, admit, verify };
}

describe('A token', () => {
  it('is granted for its user, for as long as it is one', async () => {
    const store = new TokenStore({ alice: { expiresAtMs: NOW_MS + 90_999 } });
    const { verify, admit } = setUp(store);
    expect(await admit('alice')).toBeUndefined();
    expect(await verify('alice')).toEqual({
      kind: 'granted',
      user: 'alice',
      login: expect.stringMatching(/^alice\n\S{44}$/),
      token: { token: 'alice', host: HOST },
      maxSeconds: 90,
    });
  });

  it('has one login for each token, and none that a password has', async () => {
    const { verify } = setUp(new TokenStore({ one: { user: 'alice' }, two: { user: 'alice' } }));
    const logins = [await verify('one'), await verify('one'), await verify('two')].map((outcome) =>
      outcome.kind === 'granted' ? outcome.login : undefined,
    );
    expect(logins[0]).toBe(logins[1]);
    expect(logins[0]).not.toBe(logins[2]);
    expect(logins).not.toContain('alice');
  });

  it('gives sessions that outlive it where its store says so', async () => {
    const { verify } = setUp(new TokenStore({ alice: { expiresAtMs: NOW_MS + 5000, maySessionsOutlive: true } }));
    expect(await verify('alice')).toMatchObject({ maxSeconds: Number.POSITIVE_INFINITY });
  });

  it('belongs to a user of the realm that the host of the handshake picks', async () => {
    const store = new TokenStore({ alice: {} });
    const { verify } = setUp(store);
    expect(await verify('alice', 'chat.example.org')).toMatchObject({ user: 'chat realm\\alice' });
    expect(await verify('alice', 'proxy.example.net')).toMatchObject({ user: 'alice' });
    expect(store.asked).toEqual(['alice chat realm true', `alice ${HOST} true`]);
  });

  it('is that of the first store that takes it; the rest are not asked', async () => {
    const [first, second] = [new TokenStore({ a: { user: 'of first' } }), new TokenStore({ a: {}, b: {} })];
    const { verify, failures } = setUp(new StaticStore(HOST, { a: 'x' }), first, second);
    expect(await verify('a')).toMatchObject({ user: 'of first' });
    expect(second.asked).toEqual([]);
    first.isDown = true;
    expect(await verify('b')).toMatchObject({ user: 'b' });
    expect([await verify('c'), failures]).toEqual([{ kind: 'unavailable' }, ['scripted', 'scripted']]);
  });

  it.each([
    ['nobody knows', 'mallory', 'invalid', { kind: 'challenge', stale: false, failed: false }],
    ['has expired', 'late', 'invalid', { kind: 'challenge', stale: false, failed: false }],
    ['has less than a second left', 'last', 'invalid', { kind: 'challenge', stale: false, failed: false }],
    ['is of somebody who may not be here', 'banned', 'forbidden', { kind: 'forbidden' }],
    ['is of somebody whom an operator has shut out', 'out', 'forbidden', { kind: 'forbidden' }],
  ] as const)('that %s is refused', async (_what, token, refusal, outcome) => {
    const store = new TokenStore({
      late: { expiresAtMs: NOW_MS - 1 },
      last: { expiresAtMs: NOW_MS + 999 },
      banned: { mayUse: false },
      out: {},
    });
    const { admit, verify, shutOut } = setUp(store);
    shutOut.add('out');
    expect([await admit(token), await verify(token)]).toEqual([refusal, outcome]);
  });

  it('that cannot be told is not refused for good', async () => {
    const store = new TokenStore({ alice: {} });
    const { admit, verify, authenticator } = setUp(store);
    store.isDown = true;
    expect([await admit('alice'), await verify('alice')]).toEqual(['unavailable', { kind: 'unavailable' }]);
    expect(await authenticator.mayUse({ token: 'alice', host: HOST })).toBe(true);
  });

  it('may be used as long as its store takes it, whether it has expired or not', async () => {
    const { authenticator } = setUp(new TokenStore({ alice: { expiresAtMs: 0 }, banned: { mayUse: false } }));
    const mayUse = (token: string) => authenticator.mayUse({ token, host: HOST });
    expect([await mayUse('alice'), await mayUse('banned'), await mayUse('gone')]).toEqual([true, false, false]);
  });
});

describe('Guessing tokens', () => {
  it('blocks an address, where nobody is asked any more and everything is answered alike', async () => {
    const store = new TokenStore({ alice: {}, banned: { mayUse: false } });
    const { admit, clock } = setUp(store);
    for (let times = 0; times < 3; times += 1) expect(await admit(`guess ${times}`)).toBe('invalid');
    expect([await admit('guess 4'), await admit('alice')]).toEqual(['unavailable', 'unavailable']);
    expect(store.asked.slice(-2)).toEqual([`guess 4 ${HOST} false`, `alice ${HOST} false`]);
    expect(await admit('alice', '192.0.2.2')).toBeUndefined();
    clock.advance(60_000);
    expect(await admit('alice')).toBeUndefined();
  });

  it('locks nobody out who is at home there, by a token or by a password', async () => {
    const { admit, guard } = setUp(new TokenStore({ alice: {}, bob: {}, carol: {} }));
    await admit('alice');
    guard.succeeded('bob', { host: HOST, address: HERE, isOfClient: true });
    for (let times = 0; times < 10; times += 1) await admit('guess');
    expect([await admit('alice'), await admit('bob'), await admit('carol')]).toEqual([
      undefined,
      undefined,
      'unavailable',
    ]);
  });

  it('costs no user anything: a token that is right needs no name that others may spoil', async () => {
    const { admit, guard } = setUp(new TokenStore({ alice: {} }));
    for (const address of ['192.0.2.7', '192.0.2.8']) guard.failed('alice', { host: HOST, address, isOfClient: true });
    expect(guard.blocks('alice', { host: HOST, address: HERE, isOfClient: true })).toBe(true);
    expect(await admit('alice')).toBeUndefined();
  });

  it('is not what a page does that comes back with an old token', async () => {
    const { admit } = setUp(new TokenStore({ late: { expiresAtMs: 0 }, alice: {} }));
    for (let times = 0; times < 10; times += 1) expect(await admit('late')).toBe('invalid');
    expect(await admit('alice')).toBeUndefined();
  });

  it('counts together with wrong passwords of an address', async () => {
    const { admit, guard } = setUp(new TokenStore({ alice: {} }));
    const origin = { host: HOST, address: HERE, isOfClient: true };
    guard.failed('bob', origin);
    await admit('guess');
    guard.failed('carol', origin);
    expect([await admit('alice'), guard.blocks('dave', origin)]).toEqual(['unavailable', true]);
  });

  it('does not happen in an AUTH: what was good at the handshake is no guess', async () => {
    const { admit, verify } = setUp(new TokenStore({ alice: {} }));
    for (let times = 0; times < 10; times += 1) await verify('gone');
    expect(await admit('alice')).toBeUndefined();
  });
});
