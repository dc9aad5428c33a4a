/** Measurements of one machine take turns. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { holding } from './cpu-lock.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bench-lock-'));
const file = path.join(folder, 'lock');
const isFree = () => spawnSync('flock', ['--nonblock', file, 'true']).status === 0;

afterAll(() => rmSync(folder, { recursive: true }));

it('holds the lock during the work, and no longer', async () => {
  expect(await holding(file, async () => isFree())).toBe(false);
  expect(isFree()).toBe(true);
});

it('gives it back when the work fails', async () => {
  await expect(holding(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(isFree()).toBe(true);
});

it('says when it cannot be taken', async () => {
  await expect(holding(path.join(folder, 'nowhere/lock'), async () => {})).rejects.toThrow('could not be taken');
});
