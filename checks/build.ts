/**
 * `node checks/build.ts`: builds every package into its `dist`, from nothing, and looks at the result
 * as npm and a user would. A package is built against the built packages before it, not their sources.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundle } from 'msrp-web';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Those that others stand on first. */
const PACKAGES = ['msrp', 'relay'];

/** What the build reads of a package.json. */
interface Manifest {
  readonly name: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

function build(home: string): void {
  rmSync(path.join(home, 'dist'), { recursive: true, force: true });
  run(path.join(ROOT, 'node_modules/.bin/tsc'), ['-p', path.join(home, 'tsconfig.build.json')]);
  // Whatever is not TypeScript is an asset and keeps its place.
  cpSync(path.join(home, 'src'), path.join(home, 'dist'), {
    recursive: true,
    filter: (source) => !/\.tsx?$/.test(source),
  });
}

/** The web page is a part of the relay's package: files, no code that anybody imports. */
async function buildPage(relayHome: string): Promise<void> {
  const folder = path.join(relayHome, 'dist/web');
  mkdirSync(folder);
  for (const [name, octets] of await bundle()) writeFileSync(path.join(folder, name), octets);
}

/** @returns how many errors publint found; what it merely advises is printed and no more. */
async function lint(home: string, manifest: Manifest): Promise<number> {
  const { messages } = await publint({ pkgDir: home, strict: true });
  for (const message of messages) {
    console.log(`${manifest.name}: ${message.type}: ${formatMessage(message, manifest)}`);
  }
  return messages.filter(({ type }) => type === 'error').length;
}

/** Every command a package installs must be there, runnable, and able to say what it does. */
function tryCommands(home: string, { bin = {} }: Manifest): void {
  for (const file of Object.values(bin).map((target) => path.join(home, target))) {
    if (!existsSync(file)) {
      console.log(`${path.relative(ROOT, file)} is not there: its --help was not tried`);
      continue;
    }
    chmodSync(file, 0o755);
    run(process.execPath, [file, '--help']);
  }
}

function run(command: string, args: readonly string[]): void {
  try {
    execFileSync(command, args, { cwd: ROOT, stdio: 'pipe', encoding: 'utf8' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    console.error(`${path.basename(command)} ${args.join(' ')} failed:\n${stdout}${stderr}`);
    process.exit(1);
  }
}

let errorCount = 0;
for (const name of PACKAGES) {
  const home = path.join(ROOT, 'packages', name);
  const manifest: Manifest = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'));
  build(home);
  if (name === 'relay') await buildPage(home);
  errorCount += await lint(home, manifest);
  tryCommands(home, manifest);
  console.log(`built ${manifest.name}`);
}
process.exitCode = errorCount === 0 ? 0 : 1;
