/**
 * Writes docs/api from the docstrings of the doors of `msrp`; without `--write` only tells whether it is current.
 * Run with `node checks/api-docs/api-docs.ts`.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Application } from 'typedoc';

const ROOT = join(import.meta.dirname, '../..');
const TARGET = join(ROOT, 'docs/api');
const DOORS = ['client', 'sdp', 'wire', 'digest', 'base', 'node', 'web'];

/** Makes the pages in `directory`. @throws when a docstring is missing or a link leads nowhere. */
async function make(directory: string): Promise<void> {
  const application = await Application.bootstrapWithPlugins({
    name: 'msrp',
    entryPoints: DOORS.map((door) => join(ROOT, `packages/msrp/src/${door}/index.ts`)),
    plugin: ['typedoc-plugin-markdown'],
    out: directory,
    tsconfig: join(import.meta.dirname, 'tsconfig.json'),
    readme: 'none',
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    githubPages: false,
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,
    logLevel: 'Warn',
    router: 'module',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
  } as Parameters<typeof Application.bootstrapWithPlugins>[0]);
  const project = await application.convert();
  if (project === undefined) throw new Error('the docstrings could not be read');
  application.validate(project);
  await application.generateOutputs(project);
  if (application.logger.hasErrors() || application.logger.hasWarnings()) throw new Error('see above');
}

/** The pages of a directory, by name. */
function pagesOf(directory: string): ReadonlyMap<string, string> {
  return new Map(
    globSync('**/*.md', { cwd: directory })
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}

/** Names of pages that are not as they should be. */
export async function outdatedPages(): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'msrp-api-'));
  try {
    await make(directory);
    const [wanted, there] = [pagesOf(directory), pagesOf(TARGET)];
    return [...new Set([...wanted.keys(), ...there.keys()])].filter((name) => wanted.get(name) !== there.get(name));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (import.meta.main) {
  if (process.argv.includes('--write')) await make(TARGET);
  const outdated = await outdatedPages();
  if (outdated.length > 0) process.stdout.write(`docs/api: not current: ${outdated.join(', ')}\n`);
  process.exitCode = outdated.length > 0 ? 1 : 0;
}
