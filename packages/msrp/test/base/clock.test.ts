import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/index.ts';

describe('systemClock', () => {
  it('fires in the order of the times', async () => {
    const fired: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.after(3, resolve);
      systemClock.after(2, () => fired.push('second'));
      systemClock.after(1, () => fired.push('first'));
    });
    expect(fired).toEqual(['first', 'second']);
  });

  it('waits a month, although the timers of Node and of browsers know 24 days at most', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    const fired: string[] = [];
    const timers = [2_592_000_000, Number.POSITIVE_INFINITY].map((ms) =>
      systemClock.after(ms, () => fired.push(`${ms}`)),
    );
    // Too long for Node, they would be due within a millisecond.
    await new Promise<void>((resolve) => systemClock.after(20, resolve));
    for (const timer of timers) timer.cancel();
    process.off('warning', onWarning);
    expect(fired).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('calls off what was set, however often, before or after it was due', async () => {
    const fired: string[] = [];
    const called = systemClock.after(1, () => fired.push('called off'));
    called.cancel();
    called.cancel();
    const due = await new Promise<ReturnType<typeof systemClock.after>>((resolve) => {
      const timer = systemClock.after(5, () => resolve(timer));
    });
    due.cancel();
    expect(fired).toEqual([]);
  });

  it('never goes backwards', () => {
    const times = Array.from({ length: 1000 }, () => systemClock.nowMs());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.abs((times[0] ?? 0) - Date.now())).toBeLessThan(60_000);
  });
});
