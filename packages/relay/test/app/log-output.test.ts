import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LogOutput } from '../../src/app/log-output.ts';
import { makeLogger } from '../../src/app/logging.ts';
import { temporaryFolder } from './temporary-folder.ts';

const LINE = `${'x'.repeat(999)}\n`;
/** More than a pipe holds, less than may wait. */
const SOME = 500;
/** More than may wait. */
const MANY = 3000;

/** A pipe that does not block, both its ends, and an output into it. */
function pipe() {
  const path = join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(descriptor));
  const output = new LogOutput(descriptor);
  const buffer = Buffer.alloc(65_536);
  let text = '';
  /** Takes what is in the pipe; everything that has ever come out of it. */
  const read = () => {
    try {
      for (;;) text += buffer.toString('latin1', 0, readSync(descriptor, buffer));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
    return text;
  };
  return { output, path, read };
}

/** Another process reads the pipe into the file that is returned. */
function readElsewhere(path: string): string {
  const file = join(temporaryFolder(), 'read');
  const descriptor = openSync(file, 'w');
  const reader = spawn('cat', [path], { stdio: ['ignore', descriptor, 'ignore'] });
  onTestFinished(() => void reader.kill());
  closeSync(descriptor);
  return file;
}

describe('LogOutput', () => {
  it('has written a line when it returns, while there is room', () => {
    const { output, read } = pipe();
    output.write('first\n');
    output.write('second\n');
    expect(read()).toBe('first\nsecond\n');
  });

  it('keeps what nobody reads, and writes all of it in order when somebody does', async () => {
    const { output, read } = pipe();
    const lines = Array.from({ length: SOME }, (_, at) => LINE.replace('xxxxxx', `${at}`.padStart(6, '0')));
    for (const line of lines) output.write(line);
    await expect.poll(read, { interval: 5 }).toBe(lines.join(''));
    expect(output.lostLines).toBe(0);
  });

  it('loses whole lines beyond its bound, counts them, and says so once when all is out', async () => {
    const { output, read } = pipe();
    const logger = makeLogger(output);
    for (let at = 0; at < MANY; at += 1) logger.info({ at, padding: LINE });
    expect(output.lostLines).toBeGreaterThan(0);
    await expect.poll(read, { interval: 5 }).toContain('lines of the log were lost');
    const records = read()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const kept = MANY - output.lostLines;
    expect(records.slice(0, -1).map(({ at }) => at)).toEqual(Array.from({ length: kept }, (_, at) => at));
    expect(records.at(-1)).toMatchObject({ level: 'error', lines: output.lostLines });
    logger.info('flows again');
    expect(read()).toMatch(/"flows again"}\n$/);
    expect(read().match(/lines of the log were lost/g)).toHaveLength(1);
  });

  it('waits at the end of the process for a reader who is there, and writes everything', async () => {
    const { output, path } = pipe();
    for (let at = 0; at < SOME; at += 1) output.write(LINE);
    const file = readElsewhere(path);
    // No turn of the loop is over before all is out.
    output.flushAtExit(10_000);
    await expect.poll(() => readFileSync(file, 'latin1').length, { interval: 5 }).toBe(SOME * LINE.length);
  });

  it('says at the end of the process how many lines were lost, though that finds no room at once', () => {
    const { output, path } = pipe();
    const long = `${'y'.repeat(150_000)}\n`;
    output.onRecovered = () => output.write(long);
    for (let at = 0; at < MANY; at += 1) output.write(LINE);
    const file = readElsewhere(path);
    output.flushAtExit(10_000);
    // Nor is any timer heard of after that.
    const untilMs = performance.now() + 5000;
    const isThere = () => readFileSync(file, 'latin1').endsWith(long);
    while (!isThere() && performance.now() < untilMs) execFileSync('true');
    expect(isThere()).toBe(true);
  });

  it('does not wait at the end of the process for a reader who is not', () => {
    const { output } = pipe();
    for (let at = 0; at < SOME; at += 1) output.write(LINE);
    const startMs = performance.now();
    output.flushAtExit(100);
    expect(performance.now() - startMs).toBeGreaterThan(90);
  });

  it('goes on where nothing can be written, and loses what is too much', () => {
    const full = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(full));
    const output = new LogOutput(full);
    for (let at = 0; at < MANY; at += 1) output.write(LINE);
    expect(output.lostLines).toBeGreaterThan(0);
    const startMs = performance.now();
    output.flushAtExit();
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});
