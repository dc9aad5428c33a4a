/** How much may wait for an answer: it follows how soon answers come. */
import { describe, expect, it } from 'vitest';
import { AnswerWindow } from '../../src/relay/answer-window.ts';

const MIB = 1_048_576;
const TICKS_PER_SECOND = 16_000;
const CHUNK = 65_536;

/** How many octets leave before it is closed, a chunk at a time; all of them are settled again. */
function width(window: AnswerWindow, chunk = 1024): number {
  let octets = 0;
  while (window.isOpen) {
    window.took(chunk);
    octets += chunk;
  }
  window.settled(octets);
  return octets;
}

/** Fills the window with chunks that leave at `atSeconds`, and has all of them answered `seconds` later. */
function round(window: AnswerWindow, atSeconds: number, seconds: number): void {
  const leftAt = (atSeconds * TICKS_PER_SECOND) | 0;
  let count = 0;
  while (window.isOpen) {
    window.took(CHUNK);
    count += 1;
  }
  for (; count > 0; count -= 1) {
    window.answered(CHUNK, leftAt, seconds * TICKS_PER_SECOND);
    window.settled(CHUNK);
  }
}

describe('The window of answers', () => {
  it('begins at an eighth of its limit, or at two chunks of the usual size where that is more (FC-04)', () => {
    expect([MIB, 64 * MIB, 100_352, 8192].map((limit) => width(new AnswerWindow(limit)))).toEqual([
      131_072,
      8 * MIB,
      100_352,
      8192,
    ]);
  });

  it('grows by a third or a half with each round of answers that come soon, up to its limit (FC-04)', () => {
    const window = new AnswerWindow(MIB);
    const chunks = [0, 1, 2, 3, 4, 5, 6].map((second) => {
      round(window, second, 0.1);
      return width(window) / CHUNK;
    });
    expect(chunks).toEqual([3, 4, 6, 8, 11, 15, 16]);
  });

  it('does not widen for who does not use it, nor for answers that take a second or more (FC-04)', () => {
    const window = new AnswerWindow(MIB);
    for (let count = 0; count < 100; count += 1) {
      window.took(1000);
      window.answered(1000, count, 16);
      window.settled(1000);
    }
    expect(width(window)).toBe(131_072);
    round(window, 10, 1);
    expect(width(window)).toBe(131_072);
  });

  it('halves once for all that was under way when answers took more than four seconds, down to one chunk (FC-04, X-04)', () => {
    const window = new AnswerWindow(MIB);
    for (let second = 0; second < 8; second += 1) round(window, second, 0.1);
    const widths = [10, 20, 30, 40, 50].map((second) => {
      round(window, second, 6);
      return width(window);
    });
    expect(widths).toEqual([524_288, 262_144, 131_072, 65_536, 65_536]);
    for (let second = 60; second < 72; second += 1) round(window, second, 0.5);
    expect(width(window)).toBe(MIB);
  });

  it('never narrows below a limit that is less than a chunk (FC-04)', () => {
    const window = new AnswerWindow(8192);
    for (const second of [0, 10, 20]) round(window, second, 6);
    expect(width(window)).toBe(8192);
  });

  it('works whatever the clock says, which goes round (FC-04)', () => {
    for (const second of [-100_000, -1, 0, 100_000, 134_216]) {
      const window = new AnswerWindow(MIB);
      for (let count = 0; count < 8; count += 1) round(window, second, 0.1);
      round(window, second, 6);
      expect([second, width(window)]).toEqual([second, 524_288]);
      round(window, second + 7, 6);
      expect([second, width(window)]).toEqual([second, 262_144]);
    }
  });
});
