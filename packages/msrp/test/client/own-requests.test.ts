import { describe, expect, it } from 'vitest';
import {
  bodilessSend,
  headerText,
  nicknameOf,
  nicknameRequest,
  ownReport,
  ownRequest,
} from '../../src/client/own-requests.ts';

const PATHS = { toPath: 'msrps://b.example:9000/b4;tcp', fromPath: 'msrps://a.example:7000/a4;tcp' };
const HEAD = `To-Path: ${PATHS.toPath}\r\nFrom-Path: ${PATHS.fromPath}\r\n`;

describe('own requests, octet for octet', () => {
  it('are any method with header lines', () => {
    const { transactionId: id, text } = ownRequest('AUTH', PATHS, 'Expires: 60\r\n');
    expect(text).toBe(`MSRP ${id} AUTH\r\n${HEAD}Expires: 60\r\n-------${id}$\r\n`);
  });

  it('are a SEND that carries nothing (S-04, S-13)', () => {
    const { transactionId: id, text } = bodilessSend(PATHS);
    const messageId = /^Message-ID: (\S+)\r$/m.exec(text)?.[1];
    expect(text).toBe(`MSRP ${id} SEND\r\n${HEAD}Message-ID: ${messageId}\r\nByte-Range: 1-0/0\r\n-------${id}$\r\n`);
    expect(bodilessSend(PATHS).text).not.toContain(messageId);
  });

  it('are a REPORT, which has neither Success-Report nor Failure-Report (P-01)', () => {
    const report = { messageId: 'm-01', status: 200, comment: 'OK', start: 1, end: 42, total: 42 };
    const { transactionId: id, text } = ownReport(PATHS, report);
    expect(text).toBe(
      `MSRP ${id} REPORT\r\n${HEAD}Message-ID: m-01\r\nByte-Range: 1-42/42\r\nStatus: 000 200 OK\r\n-------${id}$\r\n`,
    );
  });

  it('are a REPORT without comment, about a message whose length nobody knows yet', () => {
    const report = { messageId: 'm-01', status: 413, comment: '', start: 5, end: 9, total: undefined };
    expect(ownReport(PATHS, report).text).toContain('\r\nByte-Range: 5-9/*\r\nStatus: 000 413\r\n-------');
  });

  it('are a NICKNAME, whose name is quoted and UTF-8', () => {
    const { transactionId: id, text } = nicknameRequest(PATHS, 'Zoë "the \\ one"');
    expect(text).toBe(
      `MSRP ${id} NICKNAME\r\n${HEAD}Use-Nickname: "Zo\xc3\xab \\"the \\\\ one\\""\r\n-------${id}$\r\n`,
    );
  });
});

describe('a nickname that came', () => {
  it.each([
    ['"Alice"', 'Alice'],
    ['""', ''],
    [String.raw`"a \"b\" \\"`, String.raw`a "b" \ `.trimEnd()],
    ['Alice', undefined],
    ['"Alice', undefined],
    ['"a"b"', undefined],
    [String.raw`"a\"`, undefined],
    ['', undefined],
  ])('as %s is %s', (value, nickname) => {
    expect(nicknameOf(value)).toBe(nickname);
  });

  it('is the same text that was asked for', () => {
    for (const nickname of ['Zoë', '\\', '"', '\\"', '名前', '']) {
      const value = /^Use-Nickname: (.*)\r$/m.exec(nicknameRequest(PATHS, nickname).text)?.[1] ?? '';
      expect(nicknameOf(value)).toBe(nickname);
    }
  });

  it('is no name when its octets are not UTF-8', () => {
    expect(nicknameOf('"\xff\xfe"')).toBeUndefined();
  });
});

describe('text in a header', () => {
  it.each(['a\r\nb', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb'])('never ends its line: %j', (text) => {
    expect(() => headerText(text)).toThrow(expect.objectContaining({ code: 'MSRP_BAD_CONTENT' }));
  });

  it('may hold tabs and any letters', () => {
    expect(headerText('a\të')).toBe('a\t\xc3\xab');
  });
});
