import { describe, expect, it, vi } from 'vitest';
import { isIdent, makeIdent, makeSessionId } from '../../src/wire/ident.ts';
import { parseUri } from '../../src/wire/uri.ts';

describe('isIdent', () => {
  it.each([
    [3, false],
    [4, true],
    [32, true],
    [33, false],
  ])('judges %i characters: %s (F-03)', (length, valid) => {
    expect(isIdent('a'.repeat(length))).toBe(valid);
  });

  it.each(['a786hjs2', '0000', 'Zz9.', 'a.-+', 'a%=%', '9.-+%=aZ'])('takes %s (F-03)', (text) => {
    expect(isIdent(text)).toBe(true);
  });

  it.each([
    '-abc',
    '.abc',
    '+abc',
    '%abc',
    '=abc',
    '',
    'abc ',
    'ab c',
    'abc\r',
    'abc/',
    'abc:',
    'abc@',
    'abc_',
    'abcä',
    'abc\0',
    'ábcd',
  ])('refuses %j (F-03)', (text) => {
    expect(isIdent(text)).toBe(false);
  });

  it('takes longer ones from who reads liberally, up to the limit given (F-04)', () => {
    const uuid = '1b4e28ba-2fa1-11d2-883f-0016d3cca427';
    expect(uuid).toHaveLength(36);
    expect(isIdent(uuid)).toBe(false);
    expect(isIdent(uuid, 64)).toBe(true);
    expect(isIdent('a'.repeat(64), 64)).toBe(true);
    expect(isIdent('a'.repeat(65), 64)).toBe(false);
    expect(isIdent('a'.repeat(256), 256)).toBe(true);
    expect(isIdent('a'.repeat(257), 256)).toBe(false);
    expect(isIdent('abc', 256)).toBe(false);
  });
});

describe('makeIdent', () => {
  it('makes a million ids that differ, each of the grammar and at least 11 characters long (F-05, F-04)', () => {
    const seen = new Set<string>();
    let good = 0;
    for (let count = 0; count < 1_000_000; count += 1) {
      const id = makeIdent();
      seen.add(id);
      if (id.length >= 11 && isIdent(id)) good += 1;
    }
    expect(good).toBe(1_000_000);
    expect(seen.size).toBe(1_000_000);
  });

  it('lets every place be any of 62 symbols, so that 12 places hold 71 bits (F-05)', () => {
    const places = Array.from({ length: 12 }, () => new Set<string>());
    for (let count = 0; count < 5_000; count += 1) {
      const id = makeIdent();
      expect(id).toHaveLength(12);
      for (const [place, symbols] of places.entries()) symbols.add(id.charAt(place));
    }
    expect(places.map((symbols) => symbols.size)).toEqual(places.map(() => 62));
  });

  it('is as long as it is asked to be (F-05)', () => {
    expect(makeIdent(11)).toMatch(/^[0-9A-Za-z]{11}$/);
  });

  it('takes its bits from the system, and never the same ones twice (F-05)', () => {
    const random = vi.spyOn(globalThis.crypto, 'getRandomValues');
    for (let count = 0; count < 2 * 4096; count += 1) makeIdent(); // twelve octets and more each: more than ten pools
    expect(random.mock.calls.length).toBeGreaterThanOrEqual(10);
    random.mockRestore();
  });
});

describe('makeSessionId', () => {
  it('makes 10^5 that differ, of at least 22 letters and digits (U-17, U-18)', () => {
    const seen = new Set<string>();
    for (let count = 0; count < 100_000; count += 1) seen.add(makeSessionId());
    expect(seen.size).toBe(100_000);
    for (const id of seen) if (!/^[0-9A-Za-z]{22,}$/.test(id)) expect.fail(id);
  });

  it('has no place that says anything: 24 of 62 symbols hold 142 bits (U-17)', () => {
    const places = Array.from({ length: 24 }, () => new Set<string>());
    for (let count = 0; count < 5_000; count += 1) {
      const id = makeSessionId();
      expect(id).toHaveLength(24);
      for (const [place, symbols] of places.entries()) symbols.add(id.charAt(place));
    }
    expect(places.map((symbols) => symbols.size)).toEqual(places.map(() => 62));
  });

  it('fits into a URI (U-02)', () => {
    const id = makeSessionId();
    expect(parseUri(`msrps://relay.example.org:2855/${id};tcp`)?.sessionId).toBe(id);
  });
});
