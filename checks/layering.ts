/**
 * `node checks/layering.ts`: the rules of the house that no compiler knows. Imports point down the
 * floors, those of types too, and never in circles, where types are free: what two rooms of one floor
 * say of each other in types binds nothing at run time. Packages meet only at their doors, the protocol
 * package stays free of Node, files stay small and are named after what lives in them.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { circlesIn } from './circles.ts';
import { type Import, importsIn, lineAt, withoutText } from './imports.ts';

/** Ground floor first. A file may import from its own floor and from those before it. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  msrp: ['base', 'wire', 'digest', 'sdp', 'client', 'node', 'web'],
  relay: ['transport', 'relay', 'auth', 'cluster', 'admin', 'app', 'supervisor', 'cli'],
  web: ['chat', 'view'],
};

/** What each package may import of the others, by the name it has on npm. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = { msrp: [], relay: ['msrp'], web: ['msrp'] };

const MAX_LINES = 400;
const JUNK_DRAWERS = /(?:^|[-.])(?:utils?|helpers?|common|managers?|misc)(?:[-.]|$)/i;
/** `Buffer?:` in a type is no use of it but says that a browser may lack it, and so that it is looked for. */
const NODE_GLOBALS = /(?<![\w$.#])(?:Buffer|process)\b(?!\s*\?:)|\bglobalThis\s*\.\s*(?:Buffer|process)\b/g;

/** One file of the project, read and scanned. */
interface File {
  /** Relative to the root, with forward slashes. */
  readonly name: string;
  readonly source: string;
  readonly imports: readonly Import[];
  /** The package's folder; `undefined` for files of the workspace itself. */
  readonly home: string | undefined;
  /** The first folder below `src`; `undefined` outside `src`. */
  readonly floor: string | undefined;
}

/** What the check found. */
export interface Findings {
  readonly fileCount: number;
  /** One line each, beginning with the file. */
  readonly offences: readonly string[];
}

/** Looks at every TypeScript file of the workspace below `root`. */
export function checkLayering(root: string): Findings {
  const files = readFiles(root);
  const offences = files.flatMap((file) => [
    ...sizeAndName(file),
    ...doors(file),
    ...file.imports.flatMap((item) =>
      importOffences(root, file, item).map((what) => `${file.name}:${item.line}: ${what}`),
    ),
    ...nodeGlobals(file),
  ]);
  const graph = new Map(files.map((file) => [file.name, valueTargets(file)]));
  const circles = circlesIn(graph).map((circle) => `${circle[0]}: imports in a circle: ${circle.join(' -> ')}`);
  return { fileCount: files.length, offences: [...offences, ...circles] };
}

function readFiles(root: string): File[] {
  const patterns = [
    'packages/*/src/**/*.{ts,tsx}',
    'packages/*/test/**/*.ts',
    'bench/**/*.ts',
    'examples/**/*.ts',
    'checks/**/*.ts',
  ];
  return globSync(patterns, { cwd: root })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => !name.includes('/node_modules/'))
    .sort()
    .map((name) => {
      const source = readFileSync(path.join(root, name), 'utf8');
      const [, home, area, floor] = /^packages\/([^/]+)\/([^/]+)\/([^/]+)/.exec(name) ?? [];
      return { name, source, imports: importsIn(source), home, floor: area === 'src' ? floor : undefined };
    });
}

function sizeAndName({ name, source }: File): string[] {
  const lines = source.split('\n').length - 1;
  const isTest = /^packages\/[^/]+\/test\//.test(name);
  const junk = name.split('/').some((part) => JUNK_DRAWERS.test(part.replace(/\.tsx?$/, '')));
  return [
    ...(lines > MAX_LINES && !isTest
      ? [`${name}: ${lines} lines, over ${MAX_LINES}: which two things live there?`]
      : []),
    ...(junk ? [`${name}: named after a junk drawer; name it after what lives in it`] : []),
  ];
}

function doors({ name, imports }: File): string[] {
  if (path.posix.basename(name) !== 'index.ts') return [];
  return imports
    .filter(({ reexportsAll }) => reexportsAll)
    .map(({ line, specifier }) => `${name}:${line}: a door re-exports by name, not everything of ${specifier}`);
}

function nodeGlobals({ name, home, floor, source }: File): string[] {
  if (home !== 'msrp' || floor === undefined || floor === 'node') return [];
  const code = withoutText(source);
  return [...code.matchAll(NODE_GLOBALS)].map(
    ({ 0: what, index }) => `${name}:${lineAt(source, index)}: uses ${what}, which a browser has not`,
  );
}

function importOffences(root: string, file: File, { specifier }: Import): string[] {
  if (specifier.startsWith('.')) return localOffences(file, specifier);
  if (isBuiltin(specifier)) {
    const forbidden = file.home === 'msrp' && file.floor !== undefined && file.floor !== 'node';
    return forbidden ? [`imports ${specifier}: only the floor node may know Node`] : [];
  }
  return packageOffences(root, file, specifier);
}

function localOffences(file: File, specifier: string): string[] {
  const target = resolve(file, specifier);
  const home = /^packages\/([^/]+)\//.exec(target)?.[1];
  // What tests share has no door.
  const isTestOfTest = /^packages\/[^/]+\/test\//.test(file.name) && /^packages\/[^/]+\/test\//.test(target);
  if (home !== undefined && home !== file.home && !isTestOfTest)
    return [`imports ${target} by its path: packages meet at their doors`];
  if (file.home === undefined || file.floor === undefined) return [];
  const floors = FLOORS[file.home] ?? [];
  const floor = /^packages\/[^/]+\/src\/([^/]+)\//.exec(target)?.[1];
  if (floor === undefined) return [`imports ${target}, which is outside src`];
  const [own, other] = [floors.indexOf(file.floor), floors.indexOf(floor)];
  if (own < 0) return [`lies on ${file.floor}, which is no floor of ${file.home}: ${floors.join(', ')}`];
  if (other < 0) return [`imports ${target}, which lies on no floor of ${file.home}`];
  return other > own ? [`imports ${target}: ${floor} lies above ${file.floor}`] : [];
}

/** Imports by a package's name: only of neighbours, only through what their `exports` offer. */
function packageOffences(root: string, file: File, specifier: string): string[] {
  const offered = Object.keys(FLOORS)
    .map((home) => doorsOf(root, home))
    .find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (offered === undefined) return [];
  if (file.home === offered.home) return [`imports ${specifier}: inside a package imports are relative`];
  if (file.home !== undefined && NEIGHBOURS[file.home]?.includes(offered.home) !== true) {
    return [`imports ${specifier}: ${file.home} must not know ${offered.home}`];
  }
  const door = `.${specifier.slice(offered.name.length)}`;
  return offered.doors.includes(door) ? [] : [`imports ${specifier}, which is no door of ${offered.name}`];
}

function doorsOf(root: string, home: string): { home: string; name: string; doors: readonly string[] } {
  const file = path.join(root, 'packages', home, 'package.json');
  const found: { name?: string; exports?: string | Record<string, unknown> } = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : {};
  const { exports = {} } = found;
  return { home, name: found.name ?? home, doors: typeof exports === 'string' ? ['.'] : Object.keys(exports) };
}

function valueTargets(file: File): string[] {
  return file.imports
    .filter(({ specifier, isTypeOnly }) => specifier.startsWith('.') && !isTypeOnly)
    .map(({ specifier }) => resolve(file, specifier));
}

function resolve(file: File, specifier: string): string {
  return path.posix.join(path.posix.dirname(file.name), specifier);
}

if (import.meta.main) {
  const { fileCount, offences } = checkLayering(path.resolve(import.meta.dirname, '..'));
  for (const offence of offences) console.log(offence);
  console.log(`layering: ${fileCount} files, ${offences.length === 0 ? 'no offence' : `${offences.length} offences`}`);
  process.exitCode = offences.length === 0 ? 0 : 1;
}
