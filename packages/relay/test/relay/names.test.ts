import { parseUri } from 'msrp/wire';
import { describe, expect, it } from 'vitest';
import { OwnNames } from '../../src/relay/names.ts';

function uri(text: string) {
  const parsed = parseUri(text);
  if (parsed === undefined) throw new Error(`not a URI: ${text}`);
  return parsed;
}

function names(): OwnNames {
  const own = new OwnNames('Relay.example.org', ['alias.example.org'], ['example.org'], '7');
  own.add({ scheme: 'msrps', port: 2855, loopbackAddress: undefined });
  own.add({ scheme: 'msrp', port: 2856, loopbackAddress: '127.0.0.1' });
  return own;
}

describe('OwnNames', () => {
  it.each([
    ['msrps://relay.example.org:2855/s;tcp', true],
    ['MSRPS://RELAY.example.ORG:2855/s;TCP', true],
    ['msrps://joe@alias.example.org:2855;tcp', true],
    ['msrps://%72elay.example.org:2855/s;tcp', true],
    ['msrps://relay.example.org.:2855/s;tcp', true],
    ['msrps://%72elay.example.org%2E:2855/s;tcp', true],
    ['msrps://relay.example.org..:2855/s;tcp', false],
    ['msrp://127.0.0.1:2856/s;tcp', true],
    ['msrp://relay.example.org:2855/s;tcp', false],
    ['msrps://relay.example.org:2856/s;tcp', false],
    ['msrps://relay.example.org:2855/s;ws', false],
    ['msrps://relay.example.org/s;tcp', false],
    ['msrps://example.org:2855/s;tcp', false],
    ['msrps://127.0.0.1:2855/s;tcp', false],
    ['msrps://relay.example.org.evil.example:2855/s;tcp', false],
  ])('says whether %s names a listener here: %s (U-22, U-06, U-07, U-08, U-10)', (text, isOwn) => {
    expect(names().isOwn(uri(text))).toBe(isOwn);
  });

  it.each([
    ['msrps://relay.example.org:2855;tcp', true],
    ['msrps://relay.example.org;tcp', true],
    ['msrps://alias.example.org;tcp', true],
    ['msrps://example.org;tcp', true],
    ['msrps://Example.ORG;tcp', true],
    ['msrps://example.org.;tcp', true],
    ['msrps://example.org:2855;tcp', false],
    ['msrps://example.org;ws', false],
    ['msrps://other.example.org;tcp', false],
  ])('says whether %s may be the target of an AUTH: %s (U-22)', (text, isTarget) => {
    expect(names().isAuthTarget(uri(text))).toBe(isTarget);
  });

  it('mints URIs of its own name, with the port of the listener and 128 random bits or more (U-16, U-17)', () => {
    const own = names();
    const minted = Array.from({ length: 1000 }, () => own.mint('msrps', 2855));
    expect(new Set(minted.map(({ secret }) => secret)).size).toBe(1000);
    for (const { uri: text, secret } of minted) {
      expect(text).toBe(`msrps://relay.example.org:2855/7.${secret};tcp`);
      expect(secret).toMatch(/^[A-Za-z0-9]{22,}$/);
      expect(own.isOwn(uri(text))).toBe(true);
    }
  });
});
