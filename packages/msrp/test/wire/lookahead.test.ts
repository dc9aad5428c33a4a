import { describe, expect, it } from 'vitest';
import { Lookahead } from '../../src/wire/lookahead.ts';

/** What is decoded for heads of so many octets, each in a read of its own. */
function decodedFor(lookahead: Lookahead, heads: readonly number[]): number[] {
  return heads.map((octets) => {
    lookahead.readBegan();
    const decoded = lookahead.octetsAt(0);
    lookahead.headWas(octets);
    return decoded;
  });
}

describe('Lookahead', () => {
  it('comes down to what heads take, with a little to spare', () => {
    const decoded = decodedFor(
      new Lookahead(),
      Array.from({ length: 200 }, () => 400),
    );
    expect([decoded[0], decoded.at(-1)]).toEqual([1024, 464]);
  });

  it('is enough at once where a longer head has come', () => {
    expect(decodedFor(new Lookahead(), [2000, 300]).at(-1)).toBe(2064);
  });

  it('stays enough for the longer of two kinds that take turns', () => {
    const decoded = decodedFor(
      new Lookahead(),
      Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? 400 : 200)),
    );
    for (const octets of decoded) expect(octets).toBeGreaterThanOrEqual(400);
  });

  it('takes in many heads where they come close together, also at the beginning of the next read, and one again where they do not', () => {
    const lookahead = new Lookahead();
    const decoded = [0, 600, 1200].map((at) => lookahead.octetsAt(at));
    lookahead.readBegan();
    decoded.push(lookahead.octetsAt(0), lookahead.octetsAt(5000));
    expect(decoded).toEqual([1024, 4096, 4096, 4096, 1024]);
  });
});
