import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CredentialsError } from '../../src/auth/credentials-error.ts';
import { UserDatabase } from '../../src/auth/user-database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const NOBODY = 65_534;

/** The super-user may do everything: the process of this file, which has no other tests, gives that up for good. */
function becomeNobody(...paths: string[]): void {
  if (process.getuid?.() !== 0) return;
  for (const path of paths) chownSync(path, NOBODY, NOBODY);
  process.setuid?.(NOBODY);
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof CredentialsError) return error.code;
    throw error;
  }
  return undefined;
}

it('A user database says so when it may not write a file or a directory', () => {
  const parent = temporaryDirectory();
  const directory = join(parent, 'closed');
  mkdirSync(directory);
  const path = join(directory, 'users.db');
  new UserDatabase(path).close();
  becomeNobody(parent, directory, path);
  chmodSync(path, 0o400);
  expect(codeOf(() => new UserDatabase(path))).toBe('NO_PERMISSION');
  chmodSync(path, 0o600);
  chmodSync(directory, 0o500);
  expect(codeOf(() => new UserDatabase(path))).toBe('NO_PERMISSION');
  expect(codeOf(() => new UserDatabase(join(directory, 'other.db')))).toBe('NO_PERMISSION');
  chmodSync(directory, 0o700);
});
