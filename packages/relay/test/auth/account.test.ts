import { expect, it } from 'vitest';
import { formatAccount, parseAccount } from '../../src/auth/account.ts';

it('An account is read as it was written, and no two users have the same', () => {
  const users = ['alice', 'b\\alice', '\\alice', '\\', 'alice@b', '1700000000:alice'];
  const accounts = ['own', 'b', 'c:d'].flatMap((realm) => users.map((user) => ({ user, realm })));
  const written = accounts.map((account) => formatAccount(account, 'own'));
  expect(written.map((account) => parseAccount(account, 'own'))).toEqual(accounts);
  expect(new Set(written).size).toBe(accounts.length);
  expect(formatAccount({ user: 'alice', realm: 'own' }, 'own')).toBe('alice');
});
