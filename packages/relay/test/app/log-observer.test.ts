import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Traces } from '../../src/admin/traces.ts';
import { LogObserver } from '../../src/app/log-observer.ts';
import type { Step } from '../../src/relay/ports.ts';

const SESSION_URI = 'msrps://relay.example.org:2855/0.CANARY;tcp';
const STEP: Step = {
  ...{ step: 'forwarded', sessionUris: [SESSION_URI], method: 'SEND', connection: 7, transactionId: 't1' },
  ...{ messageId: 'm1', range: '1-5/5', toPath: SESSION_URI, fromPath: SESSION_URI },
};

function observe(level: string) {
  const lines: string[] = [];
  const logger = pino({ level }, { write: (line: string) => lines.push(line) });
  const traces = new Traces();
  return { observer: new LogObserver(logger, traces), logger, traces, log: () => lines.join('') };
}

describe('the log of what the rules tell', () => {
  it('follows messages while the level is debug, and then hides the session (SE-02)', () => {
    const { observer, logger, log } = observe('info');
    expect(observer.follow).toBeUndefined();
    logger.level = 'debug';
    observer.follow?.(STEP);
    observer.sessionEnded(SESSION_URI);
    expect(log()).toMatch(/"session":"[0-9a-f]{8}".*"msg":"message forwarded"/);
    expect(log()).toMatch(/"session":"[0-9a-f]{8}","msg":"session ended"/);
    expect(log()).not.toContain('CANARY');
    logger.level = 'warn';
    expect(observer.follow).toBeUndefined();
  });

  it('follows messages while somebody traces a session, and logs none of it', () => {
    const { observer, traces, log } = observe('info');
    const lines: unknown[] = [];
    const stop = traces.begin(SESSION_URI, { add: (line) => lines.push(line), end: () => {} });
    observer.follow?.(STEP);
    expect([lines.length, log()]).toEqual([2, '']);
    stop?.();
    expect(observer.follow).toBeUndefined();
  });

  it('follows messages for both at once', () => {
    const { observer, traces, log } = observe('debug');
    const lines: unknown[] = [];
    traces.begin(SESSION_URI, { add: (line) => lines.push(line), end: () => {} });
    observer.follow?.(STEP);
    expect(lines).toHaveLength(2);
    expect(log()).toContain('message forwarded');
  });
});
