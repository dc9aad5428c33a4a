/** The JSON that other programs read. */
import { expect, it } from 'vitest';
import { messagesAt, unableTo } from './invented.ts';
import { report } from './report.ts';

it('has medians, aims and every run, and survives JSON', () => {
  const all = [messagesAt('ours', [5, 4, 9]), messagesAt('Kamailio', [20]), unableTo('haproxy', 'no AUTH')];
  const made = JSON.parse(JSON.stringify(report(all, ['a note'], new Date('2026-01-02T03:04:05Z'))));
  expect(made).toMatchObject({ at: '2026-01-02T03:04:05.000Z', notes: ['a note'], machine: { node: process.version } });
  const [load] = made.loads;
  expect(load.figures[0]).toMatchObject({
    name: 'CPU per message',
    unit: 'µs',
    medians: { ours: 5, Kamailio: 20, haproxy: null },
    aim: { isMet: true, used: expect.closeTo(0.75) },
  });
  expect(load.contenders.map(({ name, runs }: { name: string; runs: unknown[] }) => [name, runs.length])).toEqual([
    ['ours', 3],
    ['Kamailio', 1],
    ['haproxy', 0],
  ]);
  expect(load.contenders[2].unable).toBe('no AUTH');
});
