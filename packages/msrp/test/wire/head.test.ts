import { describe, expect, it } from 'vitest';
import { type Head, headerValues, Parser } from '../../src/wire/index.ts';
import { DEFAULT_LIMITS } from '../vectors.ts';

const PATHS = 'To-Path: msrp://b.example:8888/r3Lm9;tcp\r\nFrom-Path: msrp://a.example:7777/k81Zs;tcp\r\n';

/** The head of an AUTH with these header lines after the paths. */
function headWith(lines: string): Head {
  const heads: Head[] = [];
  const events = { head: (head: Head) => heads.push(head), body() {}, end() {}, broken() {} };
  new Parser(events, DEFAULT_LIMITS).write(Buffer.from(`MSRP a1b2 AUTH\r\n${PATHS}${lines}-------a1b2$\r\n`, 'latin1'));
  expect(heads).toHaveLength(1);
  return heads[0]!;
}

describe('headerValues', () => {
  it('gives the values of every header of that name, in order (F-13)', () => {
    const head = headWith('WWW-Authenticate: Digest a\r\nExpires: 900\r\nWWW-Authenticate: Digest b\r\n');
    expect(headerValues(head, 'www-authenticate')).toEqual(['Digest a', 'Digest b']);
  });

  it('gives nothing when there is none', () => {
    expect(headerValues(headWith(''), 'expires')).toEqual([]);
    expect(headerValues(headWith('X-Expires: 1\r\nExpire: 2\r\n'), 'expires')).toEqual([]);
  });

  it('compares names without case (F-08)', () => {
    expect(headerValues(headWith('eXPIRES: 900\r\n'), 'expires')).toEqual(['900']);
  });

  it('takes blanks and tabs off both ends, and no blank in the middle (F-09)', () => {
    expect(headerValues(headWith('X-Foo:\t  a \t b\t \r\n'), 'x-foo')).toEqual(['a \t b']);
    expect(headerValues(headWith('X-Foo:a\r\n'), 'x-foo')).toEqual(['a']);
    expect(headerValues(headWith('X-Foo:\r\nX-Foo:  \r\n'), 'x-foo')).toEqual(['', '']);
  });

  it('keeps octet A0, with which "voilà" ends in UTF-8 (F-27)', () => {
    expect(headerValues(headWith('X-Foo: voil\xc3\xa0\r\n'), 'x-foo')).toEqual(['voil\xc3\xa0']);
    expect(headerValues(headWith('X-Foo: \xa0a\xa0 \r\n'), 'x-foo')).toEqual(['\xa0a\xa0']);
  });

  it('keeps colons in values', () => {
    expect(headerValues(headWith('X-Foo: a: b:c\r\n'), 'x-foo')).toEqual(['a: b:c']);
  });
});

describe('Head', () => {
  it('keeps header lines after the paths as they came, of whatever octets (F-12, F-27)', () => {
    const lines = 'x-FOO:\t \xff\xfe  \r\nUse-Nickname: "Zo\xc3\xab"\r\n';
    expect(headWith(lines).lines).toBe(lines);
  });

  it('keeps paths as they came but for the white space around them (F-09)', () => {
    const head = headWith('');
    expect(head.toPath).toBe('msrp://b.example:8888/r3Lm9;tcp');
    expect(head.fromPath).toBe('msrp://a.example:7777/k81Zs;tcp');
  });

  it('says where the Byte-Range line stands (F-23)', () => {
    const { lines, rangeStart, rangeEnd } = headWith('X-Foo: 1\r\nbyte-RANGE: 1-2/3\r\nX-Bar: 2\r\n');
    expect(lines.slice(rangeStart, rangeEnd)).toBe('byte-RANGE: 1-2/3\r\n');
  });

  it('says where a Byte-Range line would stand: last', () => {
    const { lines, rangeStart, rangeEnd } = headWith('X-Foo: 1\r\n');
    expect([rangeStart, rangeEnd]).toEqual([lines.length, lines.length]);
  });

  it('says where a Byte-Range line would stand: before Content-Type, which stays last (F-07)', () => {
    const { lines, rangeStart, rangeEnd } = headWith('X-Foo: 1\r\nContent-Type: text/plain\r\n\r\nabc\r\n');
    expect(lines).toBe('X-Foo: 1\r\nContent-Type: text/plain\r\n');
    expect([rangeStart, rangeEnd]).toEqual(['X-Foo: 1\r\n'.length, 'X-Foo: 1\r\n'.length]);
  });
});
