/** docs/operations.md and what there is: no command and no part of the API that an operator would not find there. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Access } from '../../src/admin/access.ts';
import { makeApi } from '../../src/admin/api.ts';
import { commands } from '../../src/cli/commands.ts';
import { fakeSource } from '../admin/fake-source.ts';
import { fakeBuild } from '../app/fake-relay.ts';

const manual = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');

describe('docs/operations.md', () => {
  it('has every command that speaks to a running relay, and no other', () => {
    const all = commands(fakeBuild(() => {}));
    const speaking = all.filter(({ options = [] }) => options.some(({ flags }) => flags.startsWith('--admin')));
    const rows = [...manual.matchAll(/^\| `msrp-relay ([^|]+)` \|/gm)].flatMap(([, row = '']) => {
      const [first = '', ...more] = row.split('`, `');
      return [first, ...more].map((words) => words.replace(/ [[A-Z].*/, ''));
    });
    expect(rows.toSorted()).toEqual(speaking.map(({ name }) => name).toSorted());
  });

  it('shows every part of the API', () => {
    const access = new Access({ isUnix: true, isLoopback: false }, { operators: [], readers: [] });
    const { paths } = makeApi(fakeSource(), access).getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: '', version: '' },
    });
    const stems = Object.keys(paths ?? {}).map((path) => path.replace(/\{.*/, '').replace(/\/$/, ''));
    expect(stems.filter((stem) => !manual.includes(stem))).toEqual([]);
    expect(stems.length).toBeGreaterThan(10);
  });
});
