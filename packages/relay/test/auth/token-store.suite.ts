/** What every credential store must do that takes tokens, whoever wrote it. */
import { describe, expect, it } from 'vitest';
import type { CredentialStore } from '../../src/auth/credential-store.ts';
import { SUITE_REALM } from './credential-store.suite.ts';

/** A store under test, and who makes its tokens. */
export interface TokenStoreUnderTest {
  readonly store: CredentialStore;
  /** A token of a user that is good until a time in seconds since 1970. */
  readonly tokenOf: (user: string, expires: number) => string;
  /** Any realm will do: the store does not know realms. */
  readonly isInEveryRealm?: boolean;
}

const EXPIRES = 2_000_000_000;

/** @param open - makes a store whose users are in the realm of the suite; called once a test. It is the test's to close it. */
export function tokenStoreSuite(name: string, open: () => Promise<TokenStoreUnderTest>): void {
  describe(`a store of tokens: ${name}`, () => {
    it('says whose a token is, and until when', async () => {
      const { store, tokenOf } = await open();
      for (const user of ['alice', 'zo\u00eb', 'with "quotes", % and \\', 'constructor', 'sip:alice@example.org']) {
        const holder = await store.findByToken?.(tokenOf(user, EXPIRES), SUITE_REALM, true);
        expect(holder, user).toMatchObject({ user, mayUse: true });
        expect(holder?.expiresAtMs, user).toBe(EXPIRES * 1000);
      }
    });

    it('finds one that has expired, and says since when', async () => {
      const { store, tokenOf } = await open();
      const holder = await store.findByToken?.(tokenOf('alice', 1_000_000_000), SUITE_REALM, true);
      expect([holder?.user, holder?.expiresAtMs]).toEqual(['alice', 1_000_000_000_000]);
    });

    it('gives names in normal form C', async () => {
      const { store, tokenOf } = await open();
      const holder = await store.findByToken?.(tokenOf('zo\u00eb', EXPIRES), SUITE_REALM, true);
      expect(holder?.user).toBe('zo\u00eb');
    });

    it('takes nothing else: no name that nobody can have, no garbage, nothing that was changed', async () => {
      const { store, tokenOf } = await open();
      const names = ['', 'a\0b', 'line\nend', 'x'.repeat(257)];
      const garbage = ['', '.', '..', '...', 'a.b.c', '=', 'alice', ':', '{}', '\0', 'x'.repeat(100_000), 'é'];
      const good = tokenOf('alice', EXPIRES);
      const changed = [
        good.slice(0, -2),
        good.slice(1),
        `${good}A`,
        `x${good}`,
        good.toUpperCase(),
        good.replace(/.{5}$/, 'AAAAA'),
      ];
      for (const token of [...names.map((user) => tokenOf(user, EXPIRES)), ...garbage, ...changed]) {
        expect(await store.findByToken?.(token, SUITE_REALM, true), JSON.stringify(token).slice(0, 80)).toBeUndefined();
      }
    });

    it('knows nobody in another realm', async () => {
      const { store, tokenOf, isInEveryRealm = false } = await open();
      const holder = await store.findByToken?.(tokenOf('alice', EXPIRES), 'example.net', true);
      expect(holder !== undefined).toBe(isInEveryRealm);
    });

    it('answers many questions at once', async () => {
      const { store, tokenOf } = await open();
      const token = tokenOf('alice', EXPIRES);
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, at) => store.findByToken?.(at % 2 === 0 ? token : 'x', SUITE_REALM, true)),
      );
      expect(answers.filter((answer) => answer !== undefined)).toHaveLength(100);
    });
  });
}
