/** Waits for somebody else, but never for longer than it may. */
import type { Clock } from 'msrp/base';

/**
 * Settles as `ask` does, or rejects when it has taken `timeoutMs`; then its signal is aborted, and whether it gives up by
 * itself does not matter.
 */
export function inTime<T>(clock: Clock, timeoutMs: number, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const end = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () => {
      const late = new Error(`no answer within ${timeoutMs} ms`);
      end.abort(late);
      reject(late);
    });
    const asked = Promise.resolve().then(() => ask(end.signal));
    asked.then(resolve, reject).finally(() => timer.cancel());
  });
}
