import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndLineGuard } from '../../src/client/end-line-guard.ts';

const TID = 'a1b2c3d4';
const PATTERN = `-------${TID}`;

const octets = (text: string) => Buffer.from(text, 'latin1');

/** What of `pieces` may stand in one chunk. */
function guarded(pieces: readonly string[]): string {
  const guard = new EndLineGuard(TID);
  let body = '';
  for (const piece of pieces) {
    const safe = guard.safeOctets(octets(piece));
    guard.add(octets(piece).subarray(0, safe));
    body += piece.slice(0, safe);
    if (safe < piece.length) break;
  }
  return body;
}

describe('the end-line of a chunk in its own body (F-19)', () => {
  it('lets pass what does not hold it', () => {
    expect(guarded(['hello', '\r\n-------', 'a1b2c3d', 'x', ''])).toBe('hello\r\n-------a1b2c3dx');
  });

  it('stops before its last octet', () => {
    expect(guarded([`before${PATTERN}$\r\nafter`])).toBe(`before${PATTERN.slice(0, -1)}`);
  });

  it('finds it at every cut', () => {
    const body = `x\r\n${PATTERN}$`;
    for (let at = 0; at <= body.length; at += 1) {
      expect(guarded([body.slice(0, at), body.slice(at)])).toBe(`x\r\n${PATTERN.slice(0, -1)}`);
    }
    expect(guarded([...body])).toBe(`x\r\n${PATTERN.slice(0, -1)}`);
  });

  it('is not taken in by hyphens before it', () => {
    expect(guarded(['---', '---', `---${PATTERN}`])).toBe(`---------${PATTERN.slice(0, -1)}`);
  });

  it('lets pass everything up to the first one, whatever the pieces', () => {
    const part = fc.constantFrom(
      '-',
      '--',
      '-------',
      TID,
      TID.slice(0, 3),
      PATTERN,
      PATTERN.slice(3),
      '\r\n',
      'x',
      '',
    );
    fc.assert(
      fc.property(fc.array(fc.array(part, { maxLength: 4 }), { maxLength: 12 }), (pieces) => {
        const texts = pieces.map((parts) => parts.join(''));
        const at = texts.join('').indexOf(PATTERN);
        expect(guarded(texts)).toBe(at < 0 ? texts.join('') : texts.join('').slice(0, at + PATTERN.length - 1));
      }),
      { numRuns: 1000 },
    );
  });
});
