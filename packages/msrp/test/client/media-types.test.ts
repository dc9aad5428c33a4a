import { describe, expect, it } from 'vitest';
import { isAmong, mediaTypeOf, reasonAgainst } from '../../src/client/media-types.ts';

describe('media types', () => {
  it.each([
    ['text/plain', 'text/plain'],
    ['Text/Plain;charset=utf-8', 'text/plain'],
    [' message/cpim ; x=1', 'message/cpim'],
    ['', ''],
  ])('of %s is %s', (contentType, mediaType) => {
    expect(mediaTypeOf(contentType)).toBe(mediaType);
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
  ] as const)('%s take %s: %s (S-10)', (types, contentType, isTaken) => {
    expect(isAmong(types, contentType)).toBe(isTaken);
  });

  it('are judged before the size, which counts when it is known (S-10, S-11)', () => {
    const acceptance = { acceptTypes: ['text/plain'], maxSize: 100 };
    expect(reasonAgainst(acceptance, 'text/plain', 100)).toBeUndefined();
    expect(reasonAgainst(acceptance, 'text/plain', undefined)).toBeUndefined();
    expect(reasonAgainst(acceptance, 'text/plain', 101)).toBe('size');
    expect(reasonAgainst(acceptance, 'text/html', 101)).toBe('type');
    expect(reasonAgainst({ acceptTypes: ['*'] }, 'text/html', 1e15)).toBeUndefined();
  });
});
