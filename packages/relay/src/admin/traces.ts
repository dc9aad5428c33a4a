/** Live traces: every step of the messages of one session, for an operator who looks on. */
import type { Step } from '../relay/ports.ts';
import { sessionIdOf, shortHash, withoutSessions } from '../relay/session-hash.ts';
import { TraceStream } from './trace-stream.ts';

/** So many at a time: each of them makes every message a little slower. */
const MAX_TRACES = 16;

/** One line of a trace. Nothing in it is secret: sessions are hashes, and there are no bodies. */
export type TraceLine = Readonly<Record<string, unknown>>;

/** Who follows a session. */
export interface TraceListener {
  add(line: TraceLine): void;
  /** The session is over; nothing more comes. */
  end(line: TraceLine): void;
}

/** Hands steps to whoever follows their session. */
export class Traces {
  /** Called when the first trace begins and when the last one ends. */
  onChange: () => void = () => {};
  readonly #listeners = new Map<string, Set<TraceListener>>();
  #count = 0;

  /** Nobody looks on. */
  get isIdle(): boolean {
    return this.#count === 0;
  }

  /**
   * Tells `listener`, which follows nothing yet, of everything that passes by way of a session, until the function that
   * this gives back is called; undefined when as many look on as may.
   */
  begin(sessionUri: string, listener: TraceListener): (() => void) | undefined {
    if (this.#count >= MAX_TRACES) return undefined;
    const key = sessionIdOf(sessionUri);
    this.#listeners.set(key, (this.#listeners.get(key) ?? new Set()).add(listener));
    this.#count += 1;
    if (this.#count === 1) this.onChange();
    listener.add({ at: now(), step: 'began', session: shortHash(key) });
    return () => this.#remove(key, listener);
  }

  /** A trace of a session for one reader, who may be slow; undefined when as many look on as may. */
  open(sessionUri: string): ReadableStream<Uint8Array> | undefined {
    const stream = new TraceStream();
    const stop = this.begin(sessionUri, stream);
    return stop && stream.open(stop);
  }

  /** A step was made; most are of sessions that nobody follows. */
  tell(step: Step): void {
    for (const sessionUri of step.sessionUris) {
      const listeners = this.#listeners.get(sessionIdOf(sessionUri));
      if (listeners === undefined) continue;
      const line = lineOf(step);
      for (const listener of listeners) listener.add(line);
    }
  }

  /** A session is over, and so are its traces. */
  sessionEnded(sessionUri: string): void {
    const key = sessionIdOf(sessionUri);
    for (const listener of this.#listeners.get(key) ?? []) {
      this.#remove(key, listener);
      listener.end({ at: now(), step: 'session ended', session: shortHash(key) });
    }
  }

  #remove(key: string, listener: TraceListener): void {
    const listeners = this.#listeners.get(key);
    if (listeners?.delete(listener) !== true) return;
    if (listeners.size === 0) this.#listeners.delete(key);
    this.#count -= 1;
    if (this.#count === 0) this.onChange();
  }
}

function lineOf({ sessionUris: _, toPath, fromPath, ...rest }: Step): TraceLine {
  const paths = toPath === undefined ? {} : { toPath: withoutSessions(toPath) };
  const from = fromPath === undefined ? {} : { fromPath: withoutSessions(fromPath) };
  return { at: now(), ...rest, ...paths, ...from };
}

function now(): string {
  return new Date().toISOString();
}
