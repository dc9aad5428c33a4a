import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ContinuationFlag,
  formatEndLine,
  formatRequestHead,
  formatResponse,
  type Head,
  Parser,
} from '../../src/wire/index.ts';
import { DEFAULT_LIMITS, readVectors } from '../vectors.ts';

const TO = 'msrp://b.example:8888/r3Lm9;tcp msrp://c.example/x;tcp';
const FROM = 'msrp://a.example:7777/k81Zs;tcp';

/** What a parser makes of a text: each message with its body. */
function parsed(text: string): { head: Head; body: string; flag: string }[] {
  const messages: { head: Head; body: string; flag: string }[] = [];
  const parser = new Parser(
    {
      head: (head) => messages.push({ head, body: '', flag: '' }),
      body: (octets) => (messages.at(-1)!.body += Buffer.from(octets).toString('latin1')),
      end: (flag) => (messages.at(-1)!.flag = flag),
      broken: (error) => expect.fail(error.message),
    },
    DEFAULT_LIMITS,
  );
  parser.write(Buffer.from(text, 'latin1'));
  return messages;
}

/** A message written again from what was read of it. */
function written({ head, body, flag }: { head: Head; body: string; flag: string }): string {
  const { transactionId, method, status, comment, toPath, fromPath, lines, hasBody } = head;
  if (method === '') return formatResponse(transactionId, status, comment, toPath, fromPath, lines);
  const start = formatRequestHead(transactionId, method, toPath, fromPath, lines, hasBody);
  return `${start}${hasBody ? `${body}\r\n` : ''}${formatEndLine(transactionId, flag as ContinuationFlag)}`;
}

const IDENT_CHARACTERS = 'abcxyzABCXYZ0189.-+%=';
const ident = fc
  .tuple(
    fc.constantFrom(...'abzAZ09'),
    fc.string({ unit: fc.constantFrom(...IDENT_CHARACTERS), minLength: 3, maxLength: 31 }),
  )
  .map(([first, rest]) => first + rest);
/** Values without control characters and without white space at their ends. */
const value = fc
  .uint8Array({ maxLength: 40 })
  .map((octets) => `v${String.fromCharCode(...octets.filter((octet) => octet >= 32 && octet !== 127))}v`);
const headers = fc.array(
  fc
    .tuple(fc.constantFrom('X-Foo', 'x', "!#$%&'*+-.^_`{|}~"), value)
    .map(([name, text]) => (name.startsWith('!') ? `X${name}: ${text}\r\n` : `${name}: ${text}\r\n`)),
  { maxLength: 5 },
);
const path = fc.array(fc.constantFrom('msrp://a.example/x;tcp', FROM), { minLength: 1, maxLength: 4 });

describe('formatRequestHead', () => {
  it('writes start line, To-Path and From-Path first, one space after each colon (F-02, F-07, F-09)', () => {
    expect(formatRequestHead('a1b2', 'SEND', TO, FROM, 'Message-ID: m-1\r\n', false)).toBe(
      `MSRP a1b2 SEND\r\nTo-Path: ${TO}\r\nFrom-Path: ${FROM}\r\nMessage-ID: m-1\r\n`,
    );
  });

  it('adds the empty line before a body only (F-14)', () => {
    const lines = 'Message-ID: m-1\r\nContent-Type: text/plain\r\n';
    expect(formatRequestHead('a1b2', 'SEND', TO, FROM, lines, true)).toMatch(/Content-Type: text\/plain\r\n\r\n$/);
    expect(formatRequestHead('a1b2', 'AUTH', TO, FROM, '', false)).toMatch(/k81Zs;tcp\r\n$/);
  });

  it('writes what a parser reads as the same, with any body (F-01, F-12, F-27, F-34)', () => {
    fc.assert(
      fc.property(
        ident,
        fc.constantFrom('NICKNAME', 'X', 'AUTH'),
        path,
        path,
        headers,
        fc.option(fc.string({ unit: fc.constantFrom('\r', '\n', '\r\n', '-------', 'a', '\xff', '\0') })),
        fc.constantFrom<ContinuationFlag>('$', '+', '#'),
        (transactionId, method, to, from, extra, body, flag) => {
          const hasBody = body !== null;
          const lines = extra.join('') + (hasBody ? 'Content-Type: a/b\r\n' : '');
          const head = formatRequestHead(transactionId, method, to.join(' '), from.join(' '), lines, hasBody);
          const text = `${head}${hasBody ? `${body}\r\n` : ''}${formatEndLine(transactionId, flag)}`;
          const [message, ...others] = parsed(text);
          expect(others).toEqual([]);
          expect(message).toMatchObject({
            head: { transactionId, method, toPath: to.join(' '), fromPath: from.join(' '), lines, hasBody },
            body: body ?? '',
            flag,
          });
          expect(message!.head.fault).toBeUndefined();
          expect(written(message!)).toBe(text);
        },
      ),
    );
  });
});

describe('formatResponse', () => {
  it('writes a whole response that ends in $ and has no body (F-16, F-21, F-31)', () => {
    expect(formatResponse('a1b2', 200, 'OK', FROM, TO)).toBe(
      `MSRP a1b2 200 OK\r\nTo-Path: ${FROM}\r\nFrom-Path: ${TO}\r\n-------a1b2$\r\n`,
    );
  });

  it('writes no blank when there is no comment (F-06)', () => {
    expect(formatResponse('a1b2', 481, '', FROM, TO)).toMatch(/^MSRP a1b2 481\r\n/);
  });

  it('writes three digits always (F-06)', () => {
    expect(formatResponse('a1b2', 7, '', FROM, TO)).toMatch(/^MSRP a1b2 007\r\n/);
  });

  it('writes what a parser reads as the same (F-01, F-06, F-11, F-27)', () => {
    fc.assert(
      fc.property(ident, fc.integer({ min: 0, max: 999 }), fc.option(value), headers, (id, status, comment, extra) => {
        const text = formatResponse(id, status, comment ?? '', TO, FROM, extra.join(''));
        const messages = parsed(text);
        expect(messages).toHaveLength(1);
        expect(messages[0]).toMatchObject({
          head: { transactionId: id, method: '', status, comment: comment ?? '', toPath: TO, fromPath: FROM },
          flag: '$',
        });
        expect(messages[0]!.head.fault).toBeUndefined();
        expect(written(messages[0]!)).toBe(text);
      }),
    );
  });
});

describe('formatEndLine', () => {
  it.each(['$', '+', '#'] as const)('writes seven hyphens, the id, %s and CRLF (F-16, F-20)', (flag) => {
    expect(formatEndLine('a1b2', flag)).toBe(`-------a1b2${flag}\r\n`);
  });
});

describe('the worked examples', () => {
  it.each(readVectors('examples.md').map(({ name, octets }) => [name, octets] as const))(
    'come out as they went in: %s',
    (_, octets) => {
      const text = Buffer.from(octets).toString('latin1');
      expect(parsed(text).map(written).join('')).toBe(text);
    },
  );
});
