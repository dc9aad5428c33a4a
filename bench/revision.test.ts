/** A revision of another repository, built as ours would be: by `npm ci` and `npm run build`. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UsageError } from './command-line.ts';
import { buildRevision } from './revision.ts';

const repository = mkdtempSync(path.join(tmpdir(), 'bench-repository-'));
const built: string[] = [];

function git(...args: readonly string[]): string {
  const who = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org'];
  return execFileSync('git', [...who, ...args], { cwd: repository, encoding: 'utf8' }).trim();
}

beforeAll(() => {
  const script = { build: "node -e \"fs.appendFileSync('built', 'once ')\"" };
  const manifest = { name: 'tried', version: '1.0.0', scripts: script };
  writeFileSync(path.join(repository, 'package.json'), JSON.stringify(manifest));
  const lock = {
    name: 'tried',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: { '': { name: 'tried', version: '1.0.0' } },
  };
  writeFileSync(path.join(repository, 'package-lock.json'), JSON.stringify(lock));
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'first');
});

afterAll(() => {
  for (const folder of [repository, ...built]) rmSync(folder, { recursive: true, force: true });
});

it('is built once and found again', () => {
  const first = buildRevision('HEAD', repository);
  built.push(first.tree);
  expect(first.name).toBe(git('rev-parse', 'HEAD').slice(0, 10));
  expect(buildRevision('HEAD', repository)).toEqual(first);
  expect(readFileSync(path.join(first.tree, 'built'), 'utf8')).toBe('once ');
});

it('is not kept when its build fails', () => {
  writeFileSync(
    path.join(repository, 'package.json'),
    JSON.stringify({ name: 'tried', version: '1.0.0', scripts: {} }),
  );
  git('commit', '--quiet', '--all', '--message', 'broken');
  expect(() => buildRevision('HEAD', repository)).toThrow(/^npm run build failed in /);
  expect(existsSync(path.join(path.dirname(built[0] ?? ''), git('rev-parse', 'HEAD')))).toBe(false);
});

it.each(['nothing', '--help'])('is unknown to git: %s', (revision) => {
  expect(() => buildRevision(revision, repository)).toThrow(UsageError);
});
