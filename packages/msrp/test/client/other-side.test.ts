import { describe, expect, it } from 'vitest';
import { OtherSide } from '../../src/client/other-side.ts';

const PATH = 'msrps://relay.example:2855/r1;tcp msrps://peer.invalid:2855/p1;tcp';

function named(more: object): OtherSide {
  const side = new OtherSide();
  side.name({ path: PATH, ...more });
  return side;
}

describe('The other side of a session', () => {
  it.each([
    ['sendrecv', true],
    ['recvonly', true],
    [undefined, true],
    ['sendonly', false],
    ['inactive', false],
  ] as const)('that is %s takes content: %s (SD-08)', (direction, takes) => {
    const attempt = () => named({ direction }).assertTakes('text/plain', 5);
    if (takes) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ code: 'MSRP_NOT_ACCEPTED' }));
  });

  it('is reached by our relays and then its path; by the way of its request when nobody has named it (U-19)', () => {
    expect(named({}).toPath('msrps://own.example:2855/o1;tcp')).toBe(`msrps://own.example:2855/o1;tcp ${PATH}`);
    const learnt = new OtherSide();
    expect(() => learnt.toPath('')).toThrow(expect.objectContaining({ code: 'MSRP_BAD_PATH' }));
    learnt.wroteFrom(PATH);
    expect(learnt.toPath('msrps://own.example:2855/o1;tcp')).toBe(PATH);
  });
});
