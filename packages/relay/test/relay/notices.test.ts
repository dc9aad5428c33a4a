/** When a worker tells another one what is settled: with anything else that is written, or soon. */
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { NOTICE_MS, Notices } from '../../src/relay/notices.ts';

function scene() {
  const clock = new ManualClock(0);
  const written: string[] = [];
  const stream = { isUsable: true, flush: () => void written.push(notices.take()) };
  const notices = new Notices(clock, stream);
  return { clock, stream, notices, written };
}

const notice = (id: string) => `MSRP ${id} SETTLED\r\n-------${id}$\r\n`;

describe('Notices to another worker', () => {
  it('leave with what is written next, in their order, and once', () => {
    const { notices } = scene();
    notices.add('first');
    notices.add('second');
    expect(notices.take()).toBe(notice('first') + notice('second'));
    expect(notices.take()).toBe('');
  });

  it('are written by themselves where nothing else is, all in one write', () => {
    const { clock, notices, written } = scene();
    notices.add('first');
    clock.advance(NOTICE_MS - 1);
    notices.add('second');
    expect(written).toEqual([]);
    clock.advance(1);
    expect(written).toEqual([notice('first') + notice('second')]);
    clock.advance(10 * NOTICE_MS);
    expect(written).toHaveLength(1);
  });

  it('wait for the next write of a stream that is busy, and no longer than twice as long', () => {
    const { clock, notices, written } = scene();
    for (let count = 0; count < 20; count += 1) {
      notices.add(`id-${count}`);
      clock.advance(NOTICE_MS / 4);
      expect(notices.take()).toBe(notice(`id-${count}`));
    }
    notices.add('last');
    clock.advance(2 * NOTICE_MS - 1);
    expect(written.length).toBeLessThanOrEqual(1);
    clock.advance(1);
    expect(written).toEqual([notice('last')]);
  });

  it('are not given to a stream that has ended', () => {
    const { clock, stream, notices, written } = scene();
    notices.add('before');
    stream.isUsable = false;
    notices.add('after');
    clock.advance(2 * NOTICE_MS);
    expect(written).toEqual([]);
    expect(notices.take()).toBe(notice('before'));
  });
});
