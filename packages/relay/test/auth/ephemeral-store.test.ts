import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type EphemeralOptions, EphemeralStore } from '../../src/auth/ephemeral-store.ts';
import { tokenStoreSuite } from './token-store.suite.ts';

const REALM = 'caf\u00e9.example.org';
const SECRET = 'north-harbour-lantern';

function storeOf(options: Partial<EphemeralOptions> = {}): EphemeralStore {
  const usual = { order: 'time-first', separator: ':', hash: 'sha1', maySessionsOutlive: false } as const;
  return new EphemeralStore({ secrets: [SECRET], ...usual, ...options });
}

/** As a web service makes it. */
function ha1Of(user: string, hash = 'sha1', secret = SECRET, digest = 'sha256'): string {
  const password = createHmac(hash, secret).update(user, 'utf8').digest('base64');
  return createHash(digest).update(`${user}:${REALM}:${password}`, 'utf8').digest('hex');
}

/** Name and password as a web service makes them, in base64. */
function tokenOf(name: string, secret = SECRET, encoding: 'base64' | 'base64url' = 'base64url'): string {
  const password = createHmac('sha1', secret).update(name, 'utf8').digest('base64');
  return Buffer.from(`${name}:${password}`).toString(encoding);
}

tokenStoreSuite('ephemeral passwords', async () => ({
  store: storeOf(),
  tokenOf: (user, expires) => tokenOf(user === '' ? `${expires}:` : `${expires}:${user}`),
  isInEveryRealm: true,
}));

describe('A token of an ephemeral password', () => {
  it('may be in either alphabet of base64, under any of the secrets, in either order', async () => {
    const name = '1700000000:\u00ff\u00fe\u00ff?~';
    const store = storeOf({ secrets: ['the next secret', SECRET] });
    for (const encoding of ['base64', 'base64url'] as const) {
      for (const secret of ['the next secret', SECRET]) {
        const holder = await store.findByToken(tokenOf(name, secret, encoding));
        expect(holder?.user).toBe('\u00ff\u00fe\u00ff?~');
      }
    }
    const turned = await storeOf({ order: 'user-first', maySessionsOutlive: true }).findByToken(
      tokenOf('a:b:1700000000'),
    );
    expect(turned).toEqual({ user: 'a:b', mayUse: true, expiresAtMs: 1_700_000_000_000, maySessionsOutlive: true });
  });

  it('has the password that belongs to its name', async () => {
    const alien = Buffer.from('1700000000:alice:').toString('base64url');
    const bobs = Buffer.from(tokenOf('1700000000:bob'), 'base64url').toString().replace('bob', 'eve');
    for (const token of [alien, Buffer.from(bobs).toString('base64url'), tokenOf('1700000000:alice', 'another')]) {
      expect(await storeOf().findByToken(token)).toBeUndefined();
    }
  });
});

describe('A store of ephemeral passwords', () => {
  it('knows who is in a name that begins with a time, as coturn and Kamailio have it', async () => {
    const user = '1700000000:zo\u00eb';
    expect(await storeOf().find(user, REALM, 'SHA-256')).toEqual({
      ha1: ha1Of(user),
      otherHa1s: [],
      mayUse: true,
      account: 'zo\u00eb',
      expiresAtMs: 1_700_000_000_000,
      maySessionsOutlive: false,
    });
  });

  it('makes the password that the draft of the TURN REST API describes', async () => {
    // printf %s 1433895918:ninefingers | openssl dgst -sha1 -hmac north -binary | base64
    const user = '1433895918:ninefingers';
    const ha1 = createHash('md5').update(`${user}:${REALM}:jy8hTxmOO7UtEKXqSkSlvakPVYA=`).digest('hex');
    expect(await storeOf({ secrets: ['north'] }).find(user, REALM, 'MD5')).toMatchObject({ ha1 });
  });

  it.each([
    ['time-first', ':', '1700000000:a:b', 'a:b'],
    ['time-first', ':', '1700000000', '1700000000'],
    ['user-first', ':', 'a:b:1700000000', 'a:b'],
    ['user-first', ':', '1700000000', '1700000000'],
    ['time-first', '-', '1700000000-a:b', 'a:b'],
    ['user-first', '|', 'alice|1700000000', 'alice'],
  ] as const)('reads a name %s with %s between: %s', async (order, separator, user, account) => {
    const found = await storeOf({ order, separator }).find(user, REALM, 'SHA-256');
    expect(found).toMatchObject({ account, expiresAtMs: 1_700_000_000_000, ha1: ha1Of(user) });
  });

  it.each([
    ['time-first', ''],
    ['time-first', 'alice'],
    ['time-first', 'alice:1700000000'],
    ['time-first', '1700000000:'],
    ['time-first', ':alice'],
    ['time-first', '-1700000000:alice'],
    ['time-first', '1e9:alice'],
    ['time-first', '17000000000:alice'],
    ['time-first', '1700000000:al\0ice'],
    ['time-first', `1700000000:${'x'.repeat(256)}`],
    ['user-first', '1700000000:alice'],
    ['user-first', ':1700000000'],
    ['user-first', 'alice:'],
  ] as const)('knows nobody, %s, in %j', async (order, user) => {
    expect(await storeOf({ order }).find(user, REALM, 'SHA-256')).toBeUndefined();
  });

  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('hashes with %s', async (hash) => {
    const user = '1700000000:alice';
    expect(await storeOf({ hash }).find(user, REALM, 'SHA-256')).toMatchObject({ ha1: ha1Of(user, hash) });
  });

  it.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
    ['SHA-512-256', 'sha512-256'],
  ] as const)('has H(A1) for %s (AU-18)', async (algorithm, digest) => {
    const user = '1700000000:alice';
    expect(await storeOf().find(user, REALM, algorithm)).toMatchObject({ ha1: ha1Of(user, 'sha1', SECRET, digest) });
  });

  it('has one password a secret, all as good', async () => {
    const user = '1700000000:alice';
    const secrets = ['the new secret', SECRET];
    expect(await storeOf({ secrets }).find(user, REALM, 'SHA-256')).toMatchObject({
      ha1: ha1Of(user, 'sha1', secrets[0]),
      otherHa1s: [ha1Of(user)],
    });
  });

  it('shows no secret when it is printed (SE-12)', () => {
    expect(JSON.stringify(storeOf())).not.toContain(SECRET);
  });
});
