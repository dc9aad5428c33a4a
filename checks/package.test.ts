import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const HOME = join(ROOT, 'packages/msrp');
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const DOORS = ['msrp', 'msrp/base', 'msrp/wire', 'msrp/digest', 'msrp/sdp', 'msrp/node', 'msrp/web'];
const OF_BROWSERS = DOORS.filter((door) => door !== 'msrp/node');

/** A project of somebody else, with the packed package installed. */
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'msrp-user-'));
  const source = join(project, 'source');
  mkdirSync(source);
  for (const name of ['package.json', 'README.md', 'LICENSE']) cpSync(join(HOME, name), join(source, name));
  execFileSync(TSC, ['-p', join(HOME, 'tsconfig.build.json'), '--outDir', join(source, 'dist')]);
  execFileSync('npm', ['pack', '--silent', source], { cwd: project });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  const [tarball = ''] = globSync('msrp-*.tgz', { cwd: project });
  const install = ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`];
  execFileSync('npm', install, { cwd: project });
}, 120_000);
afterAll(() => rmSync(project, { recursive: true }));

describe('The packed package msrp', () => {
  it('has nothing that publint finds fault with', async () => {
    const { messages } = await publint({ pkgDir: join(project, 'node_modules/msrp'), strict: true });
    expect(messages).toEqual([]);
  });

  it('takes less than 400 KB, and carries its README and licence', () => {
    const home = join(project, 'node_modules/msrp');
    const files = globSync('**/*', { cwd: home }).filter((name) => statSync(join(home, name)).isFile());
    const octets = files.reduce((sum, name) => sum + statSync(join(home, name)).size, 0);
    expect(octets).toBeLessThan(400_000);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md']));
    expect(files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([]);
  });

  it('has types that resolve, at every door', () => {
    const imports = DOORS.map((door, index) => `import * as door${index} from '${door}';`).join('\n');
    const uses = DOORS.map((_, index) => `door${index}`).join(', ');
    const example = readFileSync(join(HOME, 'README.md'), 'utf8').match(/```ts\n([^`]*)```/)?.[1] ?? '';
    const given = 'declare const password: string;\ndeclare const pathOfTheAnswer: string;\n';
    writeFileSync(join(project, 'doors.ts'), `${imports}\nexport const all = [${uses}];\n`);
    writeFileSync(join(project, 'readme.ts'), `${given}${example}`);
    const settings = ['--module', 'nodenext', '--target', 'es2024', '--strict', '--noEmit', '--types', 'node'];
    const types = ['--typeRoots', join(ROOT, 'node_modules/@types')];
    execFileSync(TSC, [...settings, ...types, 'doors.ts', 'readme.ts'], { cwd: project, stdio: 'pipe' });
    expect(example).toContain('sent.delivered');
  });

  it('can be loaded, every door of it', () => {
    const words = ['--input-type=module', '-e', DOORS.map((door) => `await import('${door}');`).join('')];
    execFileSync(process.execPath, words, { cwd: project });
  });

  it('bundles for a browser without anything of Node', async () => {
    const entry = join(project, 'entry.js');
    writeFileSync(entry, OF_BROWSERS.map((door) => `export * from '${door}';`).join('\n'));
    const bundle = await rolldown({ input: entry, cwd: project, platform: 'browser', treeshake: false });
    const { output } = await bundle.generate({ format: 'esm' });
    await bundle.close();
    expect(
      output.flatMap((chunk) => (chunk.type === 'chunk' ? [...chunk.imports, ...chunk.dynamicImports] : [])),
    ).toEqual([]);
    expect(output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('')).not.toMatch(
      /from ["']node:|require\(/,
    );
  });
});
