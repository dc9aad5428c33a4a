import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Logger, makeLogger } from '../../src/app/logging.ts';
import { shortHash } from '../../src/relay/session-hash.ts';

function logged(work: (logger: Logger) => void): string {
  let text = '';
  const to = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  work(makeLogger(to));
  return text;
}

const CANARY = '7Qb2kaCANARY0123456789';

describe('the log', () => {
  it('is one JSON object a line, with time and level in words', () => {
    const lines = logged((logger) => {
      logger.info({ listening: ['tls://127.0.0.1:1'] }, 'started');
      logger.warn('second');
    });
    const [first, second] = lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ level: 'info', msg: 'started', listening: ['tls://127.0.0.1:1'] });
    expect(first.time).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(second).toMatchObject({ level: 'warn', msg: 'second' });
  });

  it('keeps control characters of strangers out, so that no line can be forged (SE-14)', () => {
    const evil = 'x\r\n{"level":"error","msg":"forged"}\u001b[2J\u0000\u007f\u009b31m\u2028end';
    const text = logged((logger) => logger.info({ comment: evil }, `from ${evil}`));
    expect(text.trimEnd().split('\n')).toHaveLength(1);
    expect(
      [...text.trimEnd()].filter((character) => character < ' ' || /[\u007f-\u009f\u2028\u2029]/.test(character)),
    ).toEqual([]);
    expect(JSON.parse(text).comment).toBe(evil);
  });

  it.each([
    ['a session URI in a field', { uri: `msrps://relay.example.org:2855/a.${CANARY};tcp` }, ''],
    ['a session URI in capitals', { uri: `MSRPS://relay.example.org:2855/${CANARY};tcp` }, ''],
    ['a session URI in a sentence', {}, `no session msrp://[::1]:2855/${CANARY};tcp here`],
    ['a session URI deep in a list', { paths: [{ to: [`msrps://u@h:1/${CANARY};tcp msrps://h:2/${CANARY};ws`] }] }, ''],
    ['a session URI in an error', { err: new Error(`cannot reach msrps://h:1/${CANARY};tcp`) }, ''],
    ['a password', { password: CANARY }, ''],
    ['a nonce inside another object', { challenge: { nonce: CANARY } }, ''],
    [
      'a Digest header in a field',
      { header: `Digest username="a", nonce="${CANARY}", response="${CANARY}", cnonce="${CANARY}"` },
      '',
    ],
    ['an Authorization', { request: { authorization: CANARY } }, ''],
    ['a private key', { tls: { key: CANARY } }, ''],
    ['a nonce in a sentence', {}, `stale nonce="${CANARY}"`],
  ])('hides %s (SE-02)', (_, fields, sentence) => {
    const text = logged((logger) => logger.info(fields, sentence));
    expect(text).not.toContain(CANARY);
    expect(() => JSON.parse(text)).not.toThrow();
  });

  it('names a session by a short hash, the same one every time (SE-02)', () => {
    expect(shortHash(CANARY)).toMatch(/^[0-9a-f]{8}$/);
    expect(shortHash(CANARY)).not.toBe(shortHash(`${CANARY}x`));
    expect(logged((logger) => logger.info(`msrps://h:1/${CANARY};tcp`))).toContain(
      `msrps://h:1/#${shortHash(CANARY)};tcp`,
    );
  });
});
