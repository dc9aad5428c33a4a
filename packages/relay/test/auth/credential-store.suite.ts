/** What every credential store must do, whoever wrote it. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { CredentialStore } from '../../src/auth/credential-store.ts';

/** The realm of all users of the suite. */
export const SUITE_REALM = 'caf\u00e9.example.org';

/** The users a store under test must hold, passwords by name; all of them may use the relay. */
export const SUITE_USERS: Readonly<Record<string, string>> = {
  alice: 'Kx7-lantern-harbour',
  'zo\u00eb': 'na\u00efve-caf\u00e9-9',
  'with "quotes" and \\ and %': "'; DROP TABLE users; --",
  constructor: 'a name that objects have by themselves',
};

const HASHES = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' } as const;
const ALGORITHMS = ['MD5', 'SHA-256', 'SHA-512-256'] as const;

/** @param open - makes a store that holds the users of the suite; called once a test. */
export function credentialStoreSuite(name: string, open: () => Promise<CredentialStore>): void {
  describe(`a credential store: ${name}`, () => {
    const opened: CredentialStore[] = [];
    const openStore = async () => {
      const store = await open();
      opened.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });

    it('gives H(A1) of every user for every algorithm, hashed from UTF-8 (AU-18, AU-21, AU-57)', async () => {
      const store = await openStore();
      for (const [user, password] of Object.entries(SUITE_USERS)) {
        for (const algorithm of ALGORITHMS) {
          const ha1 = createHash(HASHES[algorithm]).update(`${user}:${SUITE_REALM}:${password}`).digest('hex');
          expect(await store.find(user, SUITE_REALM, algorithm), `${user} ${algorithm}`).toEqual({ ha1, mayUse: true });
        }
      }
    });

    it('knows nobody else: no other name, case, realm or pattern', async () => {
      const store = await openStore();
      const strangers = [
        '',
        'bob',
        'Alice',
        'alice ',
        'alice\0',
        'ali%',
        '%',
        '*',
        "' OR ''='",
        'toString',
        '__proto__',
      ];
      for (const stranger of [...strangers, 'a:b', 'x'.repeat(100_000), 'zoe\u0308', 'zo\u00c3\u00ab']) {
        expect(await store.find(stranger, SUITE_REALM, 'SHA-256'), JSON.stringify(stranger)).toBeUndefined();
      }
      for (const realm of ['', 'CAF\u00c9.example.org', 'example.net', 'constructor']) {
        expect(await store.find('alice', realm, 'SHA-256'), JSON.stringify(realm)).toBeUndefined();
      }
    });

    it('answers many questions at once', async () => {
      const store = await openStore();
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, at) => store.find(at % 2 === 0 ? 'alice' : 'bob', SUITE_REALM, 'MD5')),
      );
      expect(answers.filter((answer) => answer !== undefined)).toHaveLength(100);
    });

    it('still knows its users after a reload', async () => {
      const store = await openStore();
      await store.reload?.();
      expect(await store.find('alice', SUITE_REALM, 'SHA-256')).toBeDefined();
    });

    it('has a name, and shows no password when it is printed (AU-60, SE-12)', async () => {
      const store = await openStore();
      expect(store.name).toMatch(/^[a-z]+$/);
      expect(JSON.stringify(store)).not.toContain('lantern');
    });

    it('can be closed twice', async () => {
      const store = await openStore();
      await store.close();
      await store.close();
    });
  });
}
