/** Header lines that stand in head after head as they are: to know one again is much cheaper than to read it. */
import type { KnownHeader } from './known-headers.ts';
import { copyOf } from './octets.ts';

/** Of so many lines that are not remembered one is. */
const LEARN_EVERY = 8;

/** One such line, with its CRLF. */
export interface RememberedLine {
  readonly text: string;
  readonly header: KnownHeader;
  readonly value: string;
}

/** Remembers one line for each first letter, which tells Content-Type, Failure-Report and Success-Report apart. */
export class LineMemory {
  /** By five bits of the letter. */
  readonly #lines: (RememberedLine | undefined)[] = Array.from({ length: 32 });
  #others = 0;

  /** The remembered line that stands in `text` at `at`. */
  standingAt(text: string, at: number): RememberedLine | undefined {
    const line = this.#lines[text.charCodeAt(at) & 31];
    return line !== undefined && text.slice(at, at + line.text.length) === line.text ? line : undefined;
  }

  /** A well-formed line was read: from `start` to `end` of `text`. */
  learn(text: string, start: number, end: number, header: KnownHeader, value: string): void {
    this.#others += 1;
    if (this.#others < LEARN_EVERY) return;
    this.#others = 0;
    this.#lines[text.charCodeAt(start) & 31] = { text: copyOf(text.slice(start, end)), header, value: copyOf(value) };
  }
}
