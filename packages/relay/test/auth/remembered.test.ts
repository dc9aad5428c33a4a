/** What an authenticator makes of stores that remember users: quick for who has the password, and no help for who has not. */
import { createHash } from 'node:crypto';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { AuthGuard } from '../../src/auth/auth-guard.ts';
import { DigestAuthenticator } from '../../src/auth/authenticator.ts';
import { type Credential, type CredentialStore, StoreUnavailable } from '../../src/auth/credential-store.ts';
import { Realms } from '../../src/auth/realms.ts';
import { StaticStore } from '../../src/auth/static-store.ts';
import { attempt } from './attempt.ts';

const REALM = 'relay-a.example.org';
const DIGEST_URI = 'msrps://relay-a.example.org;tcp';
const ORIGIN = { host: REALM, address: '192.0.2.1', isOfClient: true };
const FAILED = { kind: 'challenge', stale: false, failed: true };
const LIMITS = { addressFailures: 0, userFailures: 3, windowMs: 60_000, blockMs: 60_000 };

function credentialOf(password: string, mayUse = true): Credential {
  return { ha1: createHash('sha256').update(`nadia:${REALM}:${password}`).digest('hex'), mayUse };
}

/** A store that says what the test wants: when asked, and when it only remembers. */
class ScriptedStore implements CredentialStore {
  readonly name = 'scripted';
  finds: Credential | undefined | 'down';
  readonly remembers: { fresh?: Credential; stale?: Credential };
  asked = 0;

  constructor(finds: Credential | undefined | 'down', remembers: { fresh?: Credential; stale?: Credential } = {}) {
    this.finds = finds;
    this.remembers = remembers;
  }

  async find(user: string): Promise<Credential | undefined> {
    this.asked += 1;
    if (this.finds === 'down') throw new StoreUnavailable('down');
    return user === 'nadia' ? this.finds : undefined;
  }

  recall(user: string, _realm: string, _algorithm: string, age: 'fresh' | 'stale'): Credential | undefined {
    return user === 'nadia' ? this.remembers[age] : undefined;
  }

  async close(): Promise<void> {}
}

function setUp(...stores: CredentialStore[]) {
  const clock = new ManualClock(1_700_000_000_000);
  const guard = new AuthGuard(clock, LIMITS);
  const authenticator = new DigestAuthenticator(stores, {
    realms: new Realms(REALM),
    algorithms: ['SHA-256'],
    clock,
    guard,
  });
  const verify = (password: string, user = 'nadia') => {
    const [challenge = ''] = authenticator.challenge(false, REALM);
    const { authorization } = attempt({ user, password, challenge, digestUri: DIGEST_URI });
    return authenticator.verify(authorization, DIGEST_URI, ORIGIN);
  };
  return { clock, verify };
}

const RIGHT = credentialOf('right');
const OLD = credentialOf('old');

describe('A user who was found a moment ago', () => {
  it('is granted without asking, with the right password', async () => {
    const store = new ScriptedStore(RIGHT, { fresh: RIGHT });
    expect(await setUp(store).verify('right')).toMatchObject({ kind: 'granted', user: 'nadia' });
    expect(store.asked).toBe(0);
  });

  it('costs a wrong password as many questions as a user whom nobody knows (AU-29)', async () => {
    const store = new ScriptedStore(RIGHT, { fresh: RIGHT });
    const { verify } = setUp(store);
    expect(await verify('wrong')).toEqual(FAILED);
    expect(store.asked).toBe(1);
    expect(await verify('wrong', 'nobody')).toEqual(FAILED);
    expect(store.asked).toBe(2);
  });

  it('can use a new password at once', async () => {
    expect(await setUp(new ScriptedStore(RIGHT, { fresh: OLD })).verify('right')).toMatchObject({ kind: 'granted' });
  });

  it('may not use the relay when that was said then', async () => {
    const blocked = credentialOf('right', false);
    expect(await setUp(new ScriptedStore(RIGHT, { fresh: blocked })).verify('right')).toEqual({ kind: 'forbidden' });
  });

  it('is nobody when a store before says so, which is asked if it does not remember', async () => {
    const before = new StaticStore(REALM, { nadia: 'other' });
    const { verify } = setUp(before, new ScriptedStore(RIGHT, { fresh: RIGHT }));
    expect(await verify('right')).toEqual(FAILED);
    expect(await verify('other')).toMatchObject({ kind: 'granted' });
    const unsure = new ScriptedStore(OLD);
    expect(await setUp(unsure, new ScriptedStore(RIGHT, { fresh: RIGHT })).verify('right')).toEqual(FAILED);
    expect(unsure.asked).toBe(1);
  });
});

describe('A user of a store that is down', () => {
  it('is granted with the password that was right a while ago, and told to come back with any other', async () => {
    const store = new ScriptedStore('down', { stale: RIGHT });
    const { verify } = setUp(store);
    expect(await verify('right')).toMatchObject({ kind: 'granted' });
    expect(await verify('wrong')).toEqual({ kind: 'unavailable' });
    expect(await verify('wrong', 'nobody')).toEqual({ kind: 'unavailable' });
    expect(store.asked).toBe(3);
  });

  it('cannot be guessed in the meantime: such failures count, and look like all the others (AU-45)', async () => {
    const store = new ScriptedStore('down', { stale: RIGHT });
    const { verify } = setUp(store);
    for (let times = 0; times < 3; times += 1) expect(await verify('wrong')).toEqual({ kind: 'unavailable' });
    expect(await verify('right')).toEqual({ kind: 'blocked' });
    expect(store.asked).toBe(3);
  });

  it('does not count as failed when nobody remembers them', async () => {
    const store = new ScriptedStore('down');
    const { verify } = setUp(store);
    for (let times = 0; times < 5; times += 1) await verify('right');
    store.finds = RIGHT;
    expect(await verify('right')).toMatchObject({ kind: 'granted' });
  });
});

describe('A password that expires', () => {
  const withTime = (expiresAtMs: number, more: Partial<Credential> = {}): Credential => ({
    ...RIGHT,
    expiresAtMs,
    ...more,
  });

  it('bounds the sessions by the whole seconds that are left of it', async () => {
    const { verify } = setUp(new ScriptedStore(withTime(1_700_000_000_000 + 9999)));
    expect(await verify('right')).toMatchObject({ kind: 'granted', maxSeconds: 9 });
    const free = setUp(new ScriptedStore(withTime(1_700_000_000_000 + 9999, { maySessionsOutlive: true })));
    expect(await free.verify('right')).toMatchObject({ kind: 'granted', maxSeconds: Number.POSITIVE_INFINITY });
  });

  it('is a wrong one afterwards, whatever its sessions may do', async () => {
    const { verify, clock } = setUp(
      new ScriptedStore(withTime(1_700_000_000_000 + 5000, { maySessionsOutlive: true })),
    );
    clock.advance(4000);
    expect(await verify('right')).toMatchObject({ kind: 'granted' });
    clock.advance(1);
    expect(await verify('right')).toEqual(FAILED);
  });

  it('is as good as another one of the same user, and both have a proof of the relay', async () => {
    const { verify } = setUp(new ScriptedStore({ ...OLD, otherHa1s: [RIGHT.ha1], account: 'n' }));
    expect(await verify('right')).toMatchObject({ kind: 'granted', user: 'n', login: 'nadia' });
    expect(await verify('old')).toMatchObject({ kind: 'granted', user: 'n', login: 'nadia' });
    expect(await verify('wrong')).toEqual(FAILED);
  });
});
