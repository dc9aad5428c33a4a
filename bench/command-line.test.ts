/** What is asked for, and what is said of a wrong call: one sentence, exit status 2. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCommandLine, UsageError } from './command-line.ts';
import { LOADS } from './loads.ts';

const SOURCE = '/generator';

describe('parseCommandLine', () => {
  it('measures our relay alone, all loads, three rounds, when nothing is said', () => {
    expect(parseCommandLine([], SOURCE)).toMatchObject({
      task: { kind: 'alone' },
      loads: LOADS,
      rounds: 3,
      generator: SOURCE,
    });
  });

  it('compares with others under the loads that all of them can be driven by', () => {
    const { task, loads } = parseCommandLine(['compare'], SOURCE);
    expect(task).toEqual({ kind: 'compare' });
    expect(loads).toHaveLength(13);
    expect(loads.every(({ isCompared }) => isCompared)).toBe(true);
  });

  it('compares with a revision, in five rounds', () => {
    const { task, rounds } = parseCommandLine(['against', 'main~2'], SOURCE);
    expect(task).toEqual({ kind: 'against', revision: 'main~2' });
    expect(rounds).toBe(5);
  });

  it('chooses loads by group and by a part of the name', () => {
    const { loads } = parseCommandLine(['compare', 'idle', 'TLS 100x8'], SOURCE);
    expect(loads.map(({ name }) => name)).toEqual([
      '200-octet messages, TLS 100x8',
      'idle after AUTH, TCP',
      'idle after AUTH, TLS',
    ]);
  });

  it('takes files, rounds and another generator', () => {
    const options = ['--json', 'a.json', '--svg', 'a.svg', '--lock', '/l', '--rounds', '7', '--generator', '/other'];
    expect(parseCommandLine(['compare', ...options], SOURCE)).toMatchObject({
      json: 'a.json',
      svg: 'a.svg',
      lock: '/l',
      rounds: 7,
      generator: '/other',
    });
  });

  it.each([
    [
      ['nonsense'],
      'There is no load "nonsense": name a group (msg, file, mixed, conn, idle) or a part of a load\'s name.',
    ],
    [['against'], 'against needs a revision of git, such as main.'],
    [['compare', '--rounds', '0'], '--rounds has to be a whole number from 1 to 99, not "0".'],
    [['--svg', 'a.svg'], '--svg is for compare only.'],
    [['--fast'], "Unknown option '--fast'."],
    [['--json'], "Option '--json <value>' argument missing."],
  ])('refuses %j in one sentence', (args, sentence) => {
    expect(() => parseCommandLine(args, SOURCE)).toThrow(new UsageError(sentence));
  });

  it('asks for the load generator', () => {
    expect(() => parseCommandLine([], undefined)).toThrow(UsageError);
  });
});

describe('run.ts', () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [path.join(import.meta.dirname, 'run.ts'), ...args], { encoding: 'utf8' });

  it.each([
    [['compare', 'nonsense', '--generator', '.'], /^There is no load "nonsense": .*\n$/],
    [['against', 'no-such-revision', '--generator', '.'], /^git knows no revision "no-such-revision" here\.\n$/],
  ])('ends with status 2 and one sentence for %j', (args, sentence) => {
    const { status, stderr, stdout } = run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
  });

  it('ends with status 1 when the load generator is not where it is said to be', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-empty-'));
    try {
      const { status, stderr } = run('idle', '--generator', folder);
      expect(status).toBe(1);
      expect(stderr).toBe(`The load generator is not there: msrpload.c and Makefile are expected in ${folder}.\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('loads', () => {
  it('have different names', () => {
    expect(new Set(LOADS.map(({ name }) => name)).size).toBe(LOADS.length);
  });
});
