import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ContentSource } from '../../src/client/index.ts';
import { fileContent } from '../../src/node/index.ts';

/** A file with these octets in a folder of its own. */
function fileOf(octets: Uint8Array | string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'msrp-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'content');
  writeFileSync(file, octets);
  return file;
}

async function all(source: ContentSource, start = 0): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source.read(start)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** How many files this process holds open. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('fileContent', () => {
  it('knows the size of the file and reads it, from any octet on, as often as it is asked', async () => {
    const octets = randomBytes(1_000_000);
    const source = await fileContent(fileOf(octets));
    expect(source.octets).toBe(1_000_000);
    const hash = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
    for (const start of [0, 1, 262_144, 999_999, 0])
      expect(hash(await all(source, start))).toBe(hash(octets.subarray(start)));
    expect(await all(source, 1_000_000)).toHaveLength(0);
  });

  it('reads an empty file', async () => {
    const source = await fileContent(fileOf(''));
    expect(source.octets).toBe(0);
    expect(await all(source)).toHaveLength(0);
  });

  it('is not made of a file that is not there', async () => {
    await expect(fileContent('/nonexistent/file')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each(['/tmp', '/dev/zero'])('is not made of %s, which has no size', async (file) => {
    await expect(fileContent(file)).rejects.toMatchObject({ code: 'MSRP_BAD_CONTENT' });
  });

  it('opens the file only when it is read: many may wait for their turn', async () => {
    const source = await fileContent(fileOf('x'.repeat(600_000)));
    const before = openFiles();
    const iterators = Array.from({ length: 50 }, () => source.read(0)[Symbol.asyncIterator]());
    expect(openFiles()).toBe(before);
    for (const iterator of iterators) await iterator.return?.();
    expect(openFiles()).toBe(before);
  });

  it('closes the file when whoever reads stops before its end', async () => {
    const source = await fileContent(fileOf('x'.repeat(600_000)));
    const before = openFiles();
    for await (const piece of source.read(0)) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    await expect.poll(openFiles).toBe(before);
  });

  it('tells its reader, and nobody else, that the file is gone', async () => {
    const file = fileOf('soon gone');
    const source = await fileContent(file);
    rmSync(file);
    const unread = source.read(0);
    // An error that nobody waits for yet would end the process.
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
    await expect(unread[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gives no more than was there when it was made, and what is left of it', async () => {
    const file = fileOf('0123456789');
    const source = await fileContent(file);
    appendFileSync(file, 'abc');
    expect(String(await all(source))).toBe('0123456789');
    truncateSync(file, 4);
    expect(String(await all(source))).toBe('0123');
  });
});
