/** Where the log goes. Whoever should read it may be slow, or stand still: the relay does neither. */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** What could not be written yet is kept up to so many octets. */
const MAX_WAITING_OCTETS = 1_048_576;
/** After so long without progress the output is tried again. */
const RETRY_MS = 20;
/** At the end of the process a reader who takes nothing is waited for this long. */
const EXIT_PATIENCE_MS = 1000;

const STANDARD_ERROR = 2;

/**
 * Writes lines to a descriptor that does not block. A line is written at once where there is room, so that the last ones
 * before a crash are not lost. What finds none waits in order, up to a bound; the lines beyond it are counted. A disk that is
 * full, or a reader who has gone, are treated alike: they may come back.
 */
export class LogOutput {
  readonly #descriptor: number;
  #waiting: Uint8Array[] = [];
  #waitingOctets = 0;
  #lostLines = 0;
  #toldLines = 0;
  /** Called when everything that waited is out, with the number of lines that were lost before. */
  onRecovered: (lostLines: number) => void = () => {};

  /** @param descriptor - has O_NONBLOCK set, or never makes anybody wait. */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** How many lines were lost since the beginning. */
  get lostLines(): number {
    return this.#lostLines;
  }

  /** Takes a whole line, with its end. */
  write(line: string): void {
    const octets = Buffer.from(line);
    if (this.#waitingOctets + octets.length > MAX_WAITING_OCTETS) {
      this.#lostLines += 1;
      return;
    }
    this.#waiting.push(octets);
    this.#waitingOctets += octets.length;
    // Otherwise somebody tries already.
    if (this.#waiting.length === 1) this.#try();
  }

  /** Writes what waits before the process ends, and waits for a reader as long as something is taken within `patienceMs`. */
  flushAtExit(patienceMs = EXIT_PATIENCE_MS): void {
    this.#flush(patienceMs);
    if (this.#waiting.length > 0) return;
    this.#recover();
    // How many lines were lost is a line as well, and may have found no room.
    this.#flush(patienceMs);
  }

  #flush(patienceMs: number): void {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (let waitedMs = 0; this.#waiting.length > 0 && waitedMs < patienceMs; waitedMs += RETRY_MS) {
      const outcome = this.#writeOut();
      if (outcome === 'failed') return;
      if (outcome === 'progress') waitedMs = 0;
      if (this.#waiting.length > 0) Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }

  #try(): void {
    const outcome = this.#writeOut();
    if (this.#waiting.length === 0) this.#recover();
    else if (outcome === 'progress') setImmediate(() => this.#try()).unref();
    else setTimeout(() => this.#try(), RETRY_MS).unref();
  }

  #recover(): void {
    const lostLines = this.#lostLines - this.#toldLines;
    if (this.#waiting.length > 0 || lostLines === 0) return;
    this.#toldLines = this.#lostLines;
    this.onRecovered(lostLines);
  }

  /** Writes what there is room for. */
  #writeOut(): 'progress' | 'full' | 'failed' {
    if (this.#waiting.length > 1) this.#waiting = [Buffer.concat(this.#waiting)];
    const [octets] = this.#waiting;
    if (octets === undefined) return 'full';
    try {
      const written = writeSync(this.#descriptor, octets);
      this.#waitingOctets -= written;
      this.#waiting = written < octets.length ? [octets.subarray(written)] : [];
      return 'progress';
    } catch (cause) {
      return cause instanceof Error && 'code' in cause && cause.code === 'EAGAIN' ? 'full' : 'failed';
    }
  }
}

/** The standard error of this process; what waits for it is written when the process ends. */
export function standardError(): LogOutput {
  const output = new LogOutput(withoutBlocking());
  process.once('exit', () => output.flushAtExit());
  return output;
}

/**
 * Standard error, opened anew if possible: then it is ours alone not to block. Otherwise whoever shares it with us has
 * the last word on that.
 */
function withoutBlocking(): number {
  // Looked at, Node sets O_NONBLOCK for pipes and sockets.
  void process.stderr;
  try {
    const kind = fstatSync(STANDARD_ERROR);
    if (kind.isFIFO() || kind.isCharacterDevice()) {
      return openSync(
        `/proc/self/fd/${STANDARD_ERROR}`,
        constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
      );
    }
  } catch {
    // Not Linux, a pipe of another user, or closed.
  }
  return STANDARD_ERROR;
}
