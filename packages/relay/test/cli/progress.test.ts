import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { Progress } from '../../src/cli/progress.ts';

function scene(isWatched: boolean) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const push = (line: string) => void lines.push(line);
  const terminal = {
    isInteractive: isWatched,
    out: push,
    err: push,
    status: isWatched ? push : undefined,
    readSecret: async () => '',
    readInput: async () => '',
  };
  return { clock, lines, progress: new Progress(terminal, clock, 'big.iso') };
}

describe('Progress', () => {
  it('shows share, octets, rate and time left where somebody watches, five times a second at most', () => {
    const { clock, lines, progress } = scene(true);
    progress.update(1, 1_000_000_000);
    clock.advance(1000);
    progress.update(50_000_000, 1_000_000_000);
    progress.update(50_000_001, 1_000_000_000);
    clock.advance(1000);
    progress.update(100_000_000, 1_000_000_000);
    expect(lines).toEqual([
      'big.iso  [#.......................] 5 %  50.0 MB of 1.0 GB  50.0 MB/s  0:19 left',
      'big.iso  [##......................] 10 %  100 MB of 1.0 GB  50.0 MB/s  0:18 left',
    ]);
  });

  it('takes its line away when it ends', () => {
    const { lines, progress } = scene(true);
    progress.end();
    expect(lines).toEqual(['']);
  });

  it('writes a line every five seconds where lines stay', () => {
    const { clock, lines, progress } = scene(false);
    for (let second = 1; second <= 12; second += 1) {
      clock.advance(1000);
      progress.update(second * 1_000_000, 100_000_000);
    }
    expect(lines.map((line) => line.replace(/.*\] /, ''))).toEqual([
      '5 %  5.0 MB of 100 MB  1.0 MB/s  1:35 left',
      '10 %  10.0 MB of 100 MB  1.0 MB/s  1:30 left',
    ]);
    progress.end();
    expect(lines).toHaveLength(2);
  });

  it('goes by the rate of the last seconds, and says hours', () => {
    const { clock, lines, progress } = scene(true);
    for (const octets of [900_000_000, 900_100_000, 900_200_000, 900_300_000, 900_400_000]) {
      clock.advance(1000);
      progress.update(octets, 2_000_000_000);
    }
    expect(lines.at(-1)).toMatch(/45 % {2}900 MB of 2\.0 GB {2}100 kB\/s {2}3:03:16 left$/);
  });

  it('knows neither share nor time of a stream without end', () => {
    const { clock, lines, progress } = scene(true);
    clock.advance(1000);
    progress.update(1500, undefined);
    expect(lines).toEqual(['big.iso  1.5 kB  1.5 kB/s']);
  });

  it('says at the end what the whole of it was', () => {
    const { clock, progress } = scene(true);
    clock.advance(2000);
    progress.update(999, 999);
    expect(progress.summary).toBe('999 B in 2.0 s, 500 B/s');
  });
});
