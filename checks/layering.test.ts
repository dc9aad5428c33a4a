/** The layering check against small trees that break its rules, one each. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { importsIn } from './imports.ts';
import { checkLayering } from './layering.ts';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** Writes the files, and two package.json beside them, and says what the check finds. */
function offencesOf(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(path.join(tmpdir(), 'layering-'));
  roots.push(root);
  const all: Record<string, string> = {
    'packages/msrp/package.json': '{ "name": "msrp", "exports": { "./wire": "./dist/wire/index.js" } }',
    'packages/relay/package.json': '{ "name": "msrp-relay" }',
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return checkLayering(root).offences;
}

const MSRP = 'packages/msrp/src';
const RELAY = 'packages/relay/src';

describe('checkLayering', () => {
  it('finds nothing in a house that is in order', () => {
    const offences = offencesOf({
      [`${MSRP}/wire/index.ts`]: "export { parse, type Uri } from './uri.ts';\n",
      [`${MSRP}/wire/uri.ts`]: "import { MsrpError } from '../base/errors.ts';\n// import x from 'node:fs'\n",
      [`${MSRP}/base/errors.ts`]: 'export const note = "process and Buffer, import a from \'node:fs\'";\n',
      [`${MSRP}/node/dial.ts`]: "import net from 'node:net';\nexport const b = Buffer.alloc(1);\n",
      [`${RELAY}/auth/digest.ts`]:
        "import type { Port } from '../relay/ports.ts';\nimport { parse } from 'msrp/wire';\n",
      [`${RELAY}/relay/ports.ts`]: "import type { Hop } from './hop.ts';\nexport interface Port {}\n",
      [`${RELAY}/relay/hop.ts`]: "import type { Port } from './ports.ts';\nexport interface Hop {}\n",
    });
    expect(offences).toEqual([]);
  });

  const bad: readonly (readonly [rule: string, files: Record<string, string>, offence: RegExp])[] = [
    [
      'an import up the floors',
      { [`${RELAY}/relay/a.ts`]: "\nimport { b } from '../auth/b.ts';", [`${RELAY}/auth/b.ts`]: '' },
      /^packages\/relay\/src\/relay\/a\.ts:2: imports .*auth\/b\.ts: auth lies above relay$/,
    ],
    [
      'an import of a type up the floors',
      { [`${MSRP}/base/a.ts`]: "export type { B } from '../wire/b.ts';", [`${MSRP}/wire/b.ts`]: '' },
      /wire lies above base/,
    ],
    [
      'a dynamic import up the floors',
      { [`${MSRP}/base/a.ts`]: "await import('../wire/b.ts')", [`${MSRP}/wire/b.ts`]: '' },
      /wire lies above base/,
    ],
    [
      'a circle',
      { [`${MSRP}/wire/a.ts`]: "import './b.ts';", [`${MSRP}/wire/b.ts`]: "import { a } from './a.ts';" },
      /imports in a circle: .*a\.ts -> .*b\.ts -> .*a\.ts$/,
    ],
    [
      'a floor that does not exist',
      { [`${RELAY}/attic/a.ts`]: "import './b.ts';", [`${RELAY}/attic/b.ts`]: '' },
      /no floor of relay/,
    ],
    [
      'Node in the protocol package',
      { [`${MSRP}/digest/a.ts`]: "import { createHash } from 'node:crypto';" },
      /only the floor node/,
    ],
    ['Node by its old names', { [`${MSRP}/wire/a.ts`]: "import fs from 'fs';" }, /only the floor node/],
    [
      'Buffer in the protocol package',
      { [`${MSRP}/wire/a.ts`]: 'const a = Buffer.from("x");' },
      /a\.ts:1: uses Buffer/,
    ],
    ['process in a template', { [`${MSRP}/wire/a.ts`]: 'const a = `pid $' + '{process.pid}`;' }, /uses process/],
    ['globalThis.process', { [`${MSRP}/wire/a.ts`]: 'globalThis.process.exit();' }, /uses globalThis\.process/],
    ['a long file', { [`${RELAY}/app/a.ts`]: '\n'.repeat(401) }, /a\.ts: 401 lines, over 400/],
    ['a junk drawer', { [`${RELAY}/app/string-utils.ts`]: '' }, /junk drawer/],
    ['a manager', { [`${RELAY}/app/session-manager.ts`]: '' }, /junk drawer/],
    ['a junk folder', { [`${RELAY}/app/helpers/a.ts`]: '' }, /junk drawer/],
    [
      'another package by its path',
      { [`${RELAY}/app/a.ts`]: "import '../../../msrp/src/wire/uri.ts';" },
      /packages meet at their doors/,
    ],
    [
      'another package by its path, in a test',
      { 'packages/relay/test/a.ts': "import '../../msrp/src/wire/uri.ts';" },
      /at their doors/,
    ],
    ['something that is no door', { [`${RELAY}/app/a.ts`]: "import { x } from 'msrp/wire/uri';" }, /no door of msrp/],
    [
      'the relay in the protocol package',
      { [`${MSRP}/node/a.ts`]: "import 'msrp-relay';" },
      /msrp must not know relay/,
    ],
    [
      'its own package by name',
      { [`${MSRP}/wire/a.ts`]: "import { b } from 'msrp/wire';" },
      /inside a package imports are relative/,
    ],
    ['an import from outside src', { [`${RELAY}/app/a.ts`]: "import '../../test/b.ts';" }, /outside src/],
    [
      'a door that re-exports everything',
      { [`${MSRP}/wire/index.ts`]: "export * from './a.ts';" },
      /a door re-exports by name/,
    ],
    [
      'a door that re-exports everything under a name',
      { [`${MSRP}/wire/index.ts`]: "export * as a from './a.ts';" },
      /by name/,
    ],
  ];
  for (const [rule, files, offence] of bad) {
    it(`finds ${rule}`, () => {
      const offences = offencesOf(files);
      expect(offences).toHaveLength(1);
      expect(offences[0]).toMatch(offence);
    });
  }
});

describe('importsIn', () => {
  it('sees every form of import, and where it stands', () => {
    const source = [
      "import a, { type B } from './a.ts';",
      "import type {\n  C,\n} from './c.ts';",
      'import "./side-effect.ts";',
      "export { d } from './d.ts';",
      "const e = await import('./e.ts');",
      "import * as f from './f.ts';",
    ].join('\n');
    const found = importsIn(source).map(({ specifier, line }) => `${line} ${specifier}`);
    expect(found).toEqual(['1 ./a.ts', '2 ./c.ts', '5 ./side-effect.ts', '6 ./d.ts', '7 ./e.ts', '8 ./f.ts']);
  });

  it('is not taken in by text that looks like an import', () => {
    const source = [
      "// import a from './a.ts'",
      "/* import b from './b.ts' */",
      'const c = "import c from \'./c.ts\'";',
      "const d = `import d from './d.ts'`;",
      "const quote = /['\"]/; const e = 1 / 2; // 'import'",
      "object.import('./f.ts');",
      'export const from = "./g.ts";',
    ].join('\n');
    expect(importsIn(source)).toEqual([]);
  });
});
