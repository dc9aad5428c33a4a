import { describe, expect, it } from 'vitest';
import { SecretLine } from '../../src/cli/secret-line.ts';

function typed(...chunks: string[]) {
  const line = new SecretLine();
  const complete = chunks.map((chunk) => line.take(chunk)).at(-1);
  return { complete, text: line.text, rest: line.rest };
}

describe('a secret line', () => {
  it('ends with the return key, wherever the characters are cut', () => {
    expect(typed('pa', 'ss', '\r')).toEqual({ complete: true, text: 'pass', rest: '' });
    expect(typed('pass')).toEqual({ complete: false, text: 'pass', rest: '' });
  });

  it('keeps what comes after it', () => {
    expect(typed('one\ntwo\n')).toEqual({ complete: true, text: 'one', rest: 'two\n' });
  });

  it('minds the keys that take something back', () => {
    expect(typed('zoë\u007f\u007fé\r').text).toBe('zé');
    expect(typed('wrong\u0015right\r').text).toBe('right');
    expect(typed('\u007f\bx\r').text).toBe('x');
  });

  it.each(['\u0003', '\u0004'])('is given up with control keys: %j', (key) => {
    expect(() => typed(`abc${key}`)).toThrow('given up; nothing was changed');
  });
});
