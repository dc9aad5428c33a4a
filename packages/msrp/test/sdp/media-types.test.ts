import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptsType, acceptsWrapped, commonTypes, preferredType, wantsCpim } from '../../src/sdp/index.ts';
import { readTypes } from '../../src/sdp/media-types.ts';

const accepted = (acceptTypes: string, acceptWrappedTypes = '') => ({
  acceptTypes: acceptTypes.split(' '),
  acceptWrappedTypes: acceptWrappedTypes === '' ? [] : acceptWrappedTypes.split(' '),
});

describe('readTypes', () => {
  it.each([
    ['text/plain', ['text/plain']],
    ['message/cpim text/plain text/html', ['message/cpim', 'text/plain', 'text/html']],
    ['*', ['*']],
    ['text/* *', ['text/*', '*']],
    [' message/cpim  text/plain ', ['message/cpim', 'text/plain']],
    ['text/plain;charset=utf-8;format=flowed *', ['text/plain;charset=utf-8;format=flowed', '*']],
    ['text/x;a="b c;\\" d";e=f image/svg+xml', ['text/x;a="b c;\\" d";e=f', 'image/svg+xml']],
    ['text/x;a=""', ['text/x;a=""']],
  ])('reads %j (SD-03)', (value, entries) => {
    expect(readTypes(value)).toEqual(entries);
  });

  it.each([
    '',
    ' ',
    'text',
    'text/',
    '/plain',
    'text/plain/x',
    'text/plain,text/html',
    'text/plain;',
    'text/plain; charset=utf-8',
    'text/plain;charset',
    'text/plain;charset=',
    'text/plain;=x',
    'text/plain;a="b',
    'text/plain;a="b\\"',
    'text/plain;a="b"c',
    'text/plain\ttext/html',
    '**',
    '*;a=b',
    'text/plän',
  ])('refuses %j (SD-03)', (value) => {
    expect(readTypes(value)).toBeUndefined();
  });

  it('reads back what it read from any text, or refuses it', () => {
    const piece = fc.constantFrom(' ', '*', '/', ';', '=', '"', '\\', 'a', 'text/plain', 'text/*', ';a="', '\t', 'ä');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const entries = readTypes(pieces.join(''));
        if (entries !== undefined) expect(readTypes(entries.join(' '))).toEqual(entries);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes time in proportion to the length', () => {
    const began = performance.now();
    for (const piece of ['text/plain ', 'a', ' ', 'text/x;a="', 'text/x;a=b', '\\']) readTypes(piece.repeat(500_000));
    expect(readTypes(`text/x;a="${'\\"'.repeat(2_000_000)}"`)).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(8_000);
  });
});

describe('acceptsType', () => {
  it.each([
    ['text/plain', 'text/plain', true],
    ['text/plain', 'Text/PLAIN', true],
    ['TEXT/plain', 'text/plain', true],
    ['text/plain', 'text/plain;charset=utf-8', true],
    ['text/plain', 'text/plain ; charset=utf-8', true],
    ['text/plain;charset=utf-8', 'text/plain', true],
    ['text/plain;charset=utf-8', 'text/plain;charset=latin1', true],
    ['text/plain', 'text/html', false],
    ['text/plain', 'text/plain2', false],
    ['text/plain', 'text/plai', false],
    ['text/*', 'text/html', true],
    ['text/*', 'textual/html', false],
    ['text/*', 'image/png', false],
    ['image/png text/*', 'text/html', true],
    ['*', 'image/png', true],
    ['*/*', 'image/png', true],
    ['text/plain *', 'image/png', true],
    ['message/cpim', 'text/plain', false],
  ])('of a peer with %s, asked about %s: %s (SD-03)', (list, type, expected) => {
    expect(acceptsType(accepted(list), type)).toBe(expected);
  });

  it('lets nothing pass as a whole message that may only be wrapped (SD-04)', () => {
    const peer = accepted('message/cpim', 'text/plain *');
    expect(acceptsType(peer, 'message/cpim')).toBe(true);
    expect(acceptsType(peer, 'text/plain')).toBe(false);
  });
});

describe('acceptsWrapped', () => {
  it.each([
    ['message/cpim', 'text/plain', 'message/cpim', 'text/plain', true],
    ['message/cpim', 'text/plain', 'message/cpim', 'text/html', false],
    ['message/cpim', 'text/plain', 'multipart/mixed', 'text/plain', false],
    ['message/cpim', '*', 'message/cpim', 'image/png', true],
    ['message/cpim', 'image/*', 'message/cpim', 'image/png', true],
    ['message/cpim text/plain', '', 'message/cpim', 'text/plain', true],
    ['message/cpim multipart/mixed', 'text/plain', 'multipart/mixed', 'message/cpim', true],
    ['*', 'text/plain', 'multipart/mixed', 'text/plain', true],
    ['text/plain', '*', 'message/cpim', 'text/plain', false],
  ])(
    'of a peer with %s and wrapped %s, asked about %s around %s: %s (SD-04)',
    (list, wrapped, container, type, expected) => {
      expect(acceptsWrapped(accepted(list, wrapped), container, type)).toBe(expected);
    },
  );
});

describe('preferredType', () => {
  it.each([
    ['text/plain text/html', ['text/html', 'text/plain'], 'text/html'],
    ['text/plain *', ['text/html', 'text/plain'], 'text/plain'],
    ['text/plain text/*', ['image/png', 'text/html', 'text/Plain;charset=utf-8'], 'text/Plain;charset=utf-8'],
    ['*', ['text/html', 'text/plain'], 'text/html'],
    ['image/*', ['text/html', 'image/png'], 'image/png'],
    ['image/png', ['text/html', 'text/plain'], undefined],
    ['text/plain', [], undefined],
  ])('of a peer with %s, given %j: %s, since listed types go before others (SD-03)', (list, candidates, expected) => {
    expect(preferredType(accepted(list), candidates)).toBe(expected);
  });
});

describe('wantsCpim', () => {
  it.each([
    ['message/cpim', true],
    ['Message/CPIM;x=y text/plain', true],
    ['text/plain message/cpim', false],
    ['* message/cpim', false],
    ['message/*', false],
  ])('of a peer with %s: %s (SD-11)', (list, expected) => {
    expect(wantsCpim(accepted(list))).toBe(expected);
  });

  it('is false for a stream without types (SD-11)', () => {
    expect(wantsCpim({ acceptTypes: [], acceptWrappedTypes: [] })).toBe(false);
  });
});

describe('commonTypes', () => {
  it.each([
    ['text/plain text/html', 'message/cpim text/plain', 'text/plain'],
    ['text/html text/plain', 'text/plain text/html', 'text/html text/plain'],
    ['text/plain', 'image/png', ''],
    ['text/plain image/png', '*', 'text/plain image/png'],
    ['*', 'text/plain image/*', 'text/plain image/*'],
    ['text/*', 'text/plain image/png text/html', 'text/plain text/html'],
    ['text/*', '*', 'text/*'],
    ['*', '*', '*'],
    ['image/*', 'text/*', ''],
    ['text/plain *', 'text/plain image/png', 'text/plain image/png'],
    ['text/plain;charset=utf-8', 'TEXT/PLAIN', 'text/plain;charset=utf-8'],
  ])('of %s with %s: %j', (ours, theirs, expected) => {
    expect(commonTypes(ours.split(' '), theirs.split(' ')).join(' ')).toBe(expected);
  });
});
