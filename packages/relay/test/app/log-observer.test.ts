import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LogObserver } from '../../src/app/log-observer.ts';

describe('the log of what the rules tell', () => {
  it('follows chunks while the level is debug, and then hides the session (SE-02)', () => {
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const observer = new LogObserver(logger);
    expect(observer.follow).toBeUndefined();
    logger.level = 'debug';
    const sessionUri = 'msrps://relay.example.org:2855/0.CANARY;tcp';
    observer.follow?.({ step: 'forwarded', sessionUri, messageId: 'm1', start: 1, octets: 5 });
    expect(lines.join('')).toMatch(/"session":"[0-9a-f]{8}".*"msg":"chunk forwarded"/);
    expect(lines.join('')).not.toContain('CANARY');
    logger.level = 'warn';
    expect(observer.follow).toBeUndefined();
  });
});
