/** The two path lines that the heads of a connection keep beginning with: to know them again is much cheaper than to read them. */
import { copyOf } from './octets.ts';

/** Of so many heads that begin otherwise one is remembered: where paths take turns, remembering each would cost more than reading. */
const LEARN_EVERY = 8;

/** Remembers the To-Path and From-Path lines of one head. */
export class PathMemory {
  /** Both lines with their CRLFs; empty while nothing is remembered. A copy, as are the paths: the text that it was read from is not held. */
  lines = '';
  toPath = '';
  fromPath = '';
  #others = 0;

  /** Whether the lines stand in `text` at `at`. A slice is compared at once, where `startsWith` goes from character to character. */
  standsAt(text: string, at: number): boolean {
    return this.lines !== '' && text.slice(at, at + this.lines.length) === this.lines;
  }

  /** A head began with other, well-formed lines: those from `start` to `end` of `text`. */
  learn(text: string, start: number, end: number, toPath: string, fromPath: string): void {
    this.#others += 1;
    if (this.#others < LEARN_EVERY) return;
    this.#others = 0;
    this.lines = copyOf(text.slice(start, end));
    this.toPath = copyOf(toPath);
    this.fromPath = copyOf(fromPath);
  }
}
