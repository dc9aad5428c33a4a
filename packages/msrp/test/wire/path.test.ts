import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, firstOf, lastOf, restOf, splitPath } from '../../src/wire/path.ts';

const A = 'msrps://Alice@A.example:1/S;TCP';
const B = 'msrp://b.example:2/%73;tcp';
const C = 'not-a-uri';

describe('a path', () => {
  it.each([
    ['', []],
    [' \t ', []],
    [A, [A]],
    [`${A} ${B}`, [A, B]],
    [`${A} ${B} ${C}`, [A, B, C]],
    [` ${A}  ${B}\t \t${C} `, [A, B, C]],
  ])('%j is taken apart octet for octet (U-12, U-14)', (value, uris) => {
    expect(splitPath(value)).toEqual(uris);
    expect(countOf(value)).toBe(uris.length);
    expect(firstOf(value)).toBe(uris[0] ?? '');
    expect(lastOf(value)).toBe(uris.at(-1) ?? '');
    expect(splitPath(restOf(value))).toEqual(uris.slice(1));
  });

  it('has its first URI on the left, and the rest as written (U-12, U-14)', () => {
    expect(firstOf(`${A} ${B} ${C}`)).toBe(A);
    expect(restOf(`${A} ${B} ${C}`)).toBe(`${B} ${C}`);
    expect(restOf(A)).toBe('');
    expect(restOf(`${A} `)).toBe('');
    expect(lastOf(`${A} ${B} ${C}`)).toBe(C);
  });

  it('takes no other white space for a separator', () => {
    expect(splitPath('a\u00a0b\vc\nd')).toEqual(['a\u00a0b\vc\nd']);
  });

  it('comes apart as it was put together, for any URIs and any blanks', () => {
    const uri = fc.string({ unit: fc.constantFrom('a', ';', '/', ':', '\u00e4'), minLength: 1 });
    const blank = fc.string({ unit: fc.constantFrom(' ', '\t'), minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(uri, blank)), (steps) => {
        const value = steps.map(([text, gap]) => text + gap).join('');
        const uris = steps.map(([text]) => text);
        expect(splitPath(value)).toEqual(uris);
        expect(countOf(value)).toBe(uris.length);
        expect([firstOf(value), ...splitPath(restOf(value))]).toEqual(uris.length === 0 ? [''] : uris);
        expect(lastOf(value)).toBe(uris.at(-1) ?? '');
      }),
    );
  });
});
