import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CredentialsError } from '../../src/auth/credentials-error.ts';
import { StaticStore } from '../../src/auth/static-store.ts';
import { credentialStoreSuite, SUITE_REALM, SUITE_USERS } from './credential-store.suite.ts';

credentialStoreSuite('static', async () => new StaticStore(SUITE_REALM, SUITE_USERS));

describe('StaticStore', () => {
  it('finds users who were configured in another normal form (AU-57)', async () => {
    const decomposed = new StaticStore('cafe\u0301.example.org', { 'zoe\u0308': 'nai\u0308ve-cafe\u0301-9' });
    const composed = new StaticStore(SUITE_REALM, SUITE_USERS);
    expect(await decomposed.find('zo\u00eb', SUITE_REALM, 'SHA-256')).toEqual(
      await composed.find('zo\u00eb', SUITE_REALM, 'SHA-256'),
    );
  });

  it('refuses user names with colons, control characters or nothing in them, and empty passwords (AU-57)', () => {
    const codeOf = (users: Record<string, string>) => {
      try {
        new StaticStore('realm', users);
      } catch (error) {
        expect(String(error)).not.toContain('canary');
        return error instanceof CredentialsError ? error.code : error;
      }
      return 'accepted';
    };
    for (const user of ['a:b', '', 'a\nb', '\0', '\ud800', 'x'.repeat(257)]) {
      expect(codeOf({ [user]: 'canary' }), JSON.stringify(user)).toBe('BAD_USER_NAME');
    }
    expect(codeOf({ alice: '' })).toBe('BAD_PASSWORD');
    expect(codeOf({ ['x'.repeat(256)]: 'canary' })).toBe('accepted');
  });

  it('keeps no password (SE-12)', () => {
    const store = new StaticStore('realm', { alice: 'canary' });
    expect(inspect(store, { depth: 9, showHidden: true })).not.toContain('canary');
  });
});
