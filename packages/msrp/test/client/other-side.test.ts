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

  it.each([
    [['text/plain'], 'text/plain', true],
    [['text/plain'], 'TEXT/PLAIN; charset=utf-8', true],
    [['text/plain'], 'text/html', false],
    [['text/*'], 'text/html', true],
    [['text/*'], 'texts/html', false],
    [['text/*'], 'text', false],
    [['*'], 'image/png', true],
    [['*'], '', true],
    [['message/cpim', 'Text/Plain'], 'text/plain', true],
    [[], 'text/plain', false],
  ] as const)('that takes %s takes %s: %s (S-10)', (acceptTypes, contentType, takes) => {
    const attempt = () => named({ acceptTypes }).assertTakes(contentType, 5);
    if (takes) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ code: 'MSRP_NOT_ACCEPTED' }));
  });

  it('judges the type before the size, which counts when it is known (S-10, S-11)', () => {
    const side = named({ acceptTypes: ['text/plain'], maxSize: 100 });
    expect(() => side.assertTakes('text/plain', 100)).not.toThrow();
    expect(() => side.assertTakes('text/plain', undefined)).not.toThrow();
    expect(() => side.assertTakes('text/plain', 101)).toThrow(expect.objectContaining({ code: 'MSRP_TOO_LARGE' }));
    expect(() => side.assertTakes('text/html', 101)).toThrow(expect.objectContaining({ code: 'MSRP_NOT_ACCEPTED' }));
    expect(() => named({}).assertTakes('text/html', 1e15)).not.toThrow();
  });

  it('takes no more of a type that it has answered 415, however that is written (S-29)', () => {
    const side = named({});
    side.refuses('Text/HTML; charset=utf-8');
    expect(() => side.assertTakes(' text/html', 1)).toThrow(expect.objectContaining({ code: 'MSRP_NOT_ACCEPTED' }));
    expect(() => side.assertTakes('text/plain', 1)).not.toThrow();
  });

  it('is reached by our relays and then its path; by the way of its request when nobody has named it (U-19)', () => {
    expect(named({}).toPath('msrps://own.example:2855/o1;tcp')).toBe(`msrps://own.example:2855/o1;tcp ${PATH}`);
    const learnt = new OtherSide();
    expect(() => learnt.toPath('')).toThrow(expect.objectContaining({ code: 'MSRP_BAD_PATH' }));
    learnt.wroteFrom(PATH);
    expect(learnt.toPath('msrps://own.example:2855/o1;tcp')).toBe(PATH);
  });
});
