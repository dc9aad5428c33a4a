/** A lock file that measurements of one machine share, so that they take turns; for `flock` of util-linux. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Does the work while it holds the lock; with no file, at once. */
export async function holding<T>(file: string | undefined, work: () => Promise<T>): Promise<T> {
  if (file === undefined) return await work();
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held && cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(holder, 'exit');
  const isHeld = await Promise.race([once(holder.stdout, 'data').then(() => true), gone.then(() => false)]);
  if (!isHeld) throw new Error(`The lock ${file} could not be taken.`);
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await gone;
  }
}
