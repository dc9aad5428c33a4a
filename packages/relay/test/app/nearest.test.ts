import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/app/nearest.ts';

describe('nearest', () => {
  it.each([
    ['hostnam', 'hostname'],
    ['HOSTNAME', 'hostname'],
    ['lisetn', 'listen'],
    ['alias', 'aliases'],
  ])('finds what %s was meant to be', (wrong, right) => {
    expect(nearest(wrong, ['hostname', 'listen', 'aliases', 'auth'])).toBe(right);
  });

  it('finds nothing where nothing is near', () => {
    expect(nearest('certificate', ['cert', 'key'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
