/** The tree of a revision, built in a temporary folder that is kept for the next time. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UsageError } from './command-line.ts';

/** A tree with built packages. */
export interface BuiltRevision {
  /** The short hash of its commit. */
  readonly name: string;
  readonly tree: string;
}

/**
 * Takes the tree out of git, installs what it depends on, builds it; or finds it where it was built before.
 *
 * @param repository - a folder of the repository.
 * @throws UsageError - when git knows no such revision.
 */
export function buildRevision(revision: string, repository: string): BuiltRevision {
  const commit = commitOf(revision, repository);
  const home = ownFolder();
  const tree = path.join(home, commit);
  if (!existsSync(tree)) {
    process.stderr.write(`building ${revision} in ${tree}\n`);
    // Under its final name only when it is whole.
    const draft = mkdtempSync(path.join(home, 'draft-'));
    try {
      const archive = execFileSync('git', ['archive', commit], { cwd: repository, maxBuffer: 1 << 30 });
      execFileSync('tar', ['-x', '-C', draft], { input: archive });
      npm(draft, 'ci', '--prefer-offline', '--no-audit', '--no-fund');
      buildTree(draft);
      renameSync(draft, tree);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return { name: commit.slice(0, 10), tree };
}

/** Builds the packages of a tree whose dependencies are installed. */
export function buildTree(tree: string): void {
  npm(tree, 'run', 'build');
}

function commitOf(revision: string, repository: string): string {
  try {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
    return execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch (cause) {
    throw new UsageError(`git knows no revision "${revision}" here.`, { cause });
  }
}

/** A folder that nobody else can write to, as what lies in it will be run. */
function ownFolder(): string {
  const user = process.getuid?.() ?? 0;
  const folder = path.join(tmpdir(), `msrp-relay-revisions-${user}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== user || (mode & 0o022) !== 0) throw new Error(`${folder} could be written by others: remove it.`);
  return folder;
}

function npm(folder: string, ...args: readonly string[]): void {
  // An npm that runs this one has left its own settings in the environment.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
  try {
    execFileSync('npm', args, { cwd: folder, env, stdio: 'pipe' });
  } catch (cause) {
    throw new Error(`npm ${args.join(' ')} failed in ${folder}.`, { cause });
  }
}
