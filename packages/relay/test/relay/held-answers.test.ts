/** 200s that are held back: which of them are given, and when. */
import { describe, expect, it } from 'vitest';
import { HeldAnswers } from '../../src/relay/held-answers.ts';

/** Three chunks of 100 octets, held since 1, 2 and 3 s; what is given, in order. */
function three() {
  const held = new HeldAnswers();
  const given: string[] = [];
  for (const [index, messageId] of ['one', 'two', 'three'].entries()) {
    held.hold({ messageId, accept: () => given.push(messageId) }, 100, 1000 * (index + 1));
  }
  return { held, given };
}

describe('Answers that are held back', () => {
  it('are given, the oldest first, as far as the others stand for what waits too much (FC-05, R-08)', () => {
    const { held, given } = three();
    held.keepFor(201);
    expect([given, held.sinceMs]).toEqual([[], 1000]);
    held.keepFor(200);
    expect([given, held.sinceMs]).toEqual([['one'], 2000]);
    held.keepFor(200);
    expect(given).toEqual(['one']);
    held.keepFor(0);
    expect([given, held.sinceMs]).toEqual([['one', 'two', 'three'], undefined]);
  });

  it('are given when they have been held for long enough, and no sooner (R-08)', () => {
    const { held, given } = three();
    held.giveSince(999);
    expect(given).toEqual([]);
    held.giveSince(2000);
    expect([given, held.sinceMs]).toEqual([['one', 'two'], 3000]);
  });

  it('are all given at once, or handed over, and then gone (FC-05)', () => {
    const first = three();
    first.held.giveAll();
    expect([first.given, first.held.sinceMs]).toEqual([['one', 'two', 'three'], undefined]);
    const second = three();
    expect(second.held.takeAll().map(({ messageId }) => messageId)).toEqual(['one', 'two', 'three']);
    second.held.giveAll();
    expect([second.given, second.held.sinceMs]).toEqual([[], undefined]);
    // What they stood for went with them.
    second.held.hold({ messageId: 'four', accept: () => second.given.push('four') }, 100, 4000);
    second.held.keepFor(1);
    expect(second.given).toEqual([]);
  });
});
