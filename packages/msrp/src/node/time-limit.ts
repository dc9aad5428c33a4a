/** One limit of time for all that dialling takes. */
import { type Clock, systemClock } from '../base/clock.ts';
import { failed, timedOut } from './dial-errors.ts';

/** What ends the work early. */
export interface TimeLimit {
  readonly timeoutMs: number;
  readonly clock?: Clock | undefined;
  /** Ends the work at once. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles as `work` does, which has to end when the signal that it is given is aborted; the signal's reason is the error.
 * No timer stays behind.
 */
export async function inTime<T>(
  host: string,
  { timeoutMs, clock = systemClock, signal }: TimeLimit,
  work: (signal: AbortSignal, deadlineMs: number) => Promise<T>,
): Promise<T> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  const end = new AbortController();
  const timer = clock.after(timeoutMs, () => end.abort(timedOut(host)));
  const onAbort = () => end.abort(failed(host, 'it was called off', signal?.reason));
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  try {
    return await work(end.signal, deadlineMs);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Settles as `work` does, or fails with the signal's reason as soon as it is aborted; what `work` does then is ignored. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal, wrap: (cause: unknown) => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, (cause) => reject(wrap(cause)));
  });
}
