/** A directory of a test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Makes an empty directory that is gone when the test that asked for it is done. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'msrp-relay-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
