/** One line as it is typed in raw mode, where even the keys that take something back are only characters. */

const INTERRUPT = '\u0003';
const END_OF_INPUT = '\u0004';
const KILL_LINE = '\u0015';
const BACKSPACES = ['\b', '\u007f'];

/** Gathers characters up to the end of the line. */
export class SecretLine {
  #characters: string[] = [];
  /** What was typed after the end of the line. */
  rest = '';

  /** What was typed, without the end of the line. */
  get text(): string {
    return this.#characters.join('');
  }

  /**
   * Takes what was typed; true when the line is complete.
   *
   * @throws {Error} in one sentence when whoever types gives up.
   */
  take(typed: string): boolean {
    const characters = [...typed];
    for (const [at, character] of characters.entries()) {
      if (character === '\r' || character === '\n') {
        this.rest = characters.slice(at + 1).join('');
        return true;
      }
      this.#key(character);
    }
    return false;
  }

  #key(character: string): void {
    if (character === INTERRUPT || character === END_OF_INPUT) throw new Error('given up; nothing was changed');
    if (character === KILL_LINE) this.#characters = [];
    else if (BACKSPACES.includes(character)) this.#characters.pop();
    else this.#characters.push(character);
  }
}
