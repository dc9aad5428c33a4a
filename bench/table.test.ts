/** What is read off the tables decides what is built: medians, ratios, aims, failures. */
import { describe, expect, it } from 'vitest';
import { judge, median, medianOf } from './figures.ts';
import { messagesAt, unableTo } from './invented.ts';
import { spreadTable, table } from './table.ts';

describe('median', () => {
  it('is the middle one, whatever the order', () => {
    expect(median([5, 1, 2])).toBe(2);
  });

  it('is nothing of nothing', () => {
    expect(median([])).toBeUndefined();
  });

  it('looks inside the records of a run, and leaves out runs that have no such number', () => {
    const { load, runs } = messagesAt('ours', [2, 4, 10]);
    const [figure] = load.figures;
    expect(medianOf([...runs, { end: 'no result' }], figure!)).toBe(4);
  });
});

describe('judge', () => {
  const [figure] = messagesAt('ours', []).load.figures;

  it('meets an aim exactly at it: a third of Kamailio', () => {
    expect(judge(figure!, [messagesAt('ours', [5]), messagesAt('Kamailio', [15])])).toMatchObject({
      isMet: true,
      used: 1,
    });
  });

  it('misses it above', () => {
    expect(judge(figure!, [messagesAt('ours', [6]), messagesAt('Kamailio', [15])])).toMatchObject({
      isMet: false,
      used: 1.2,
    });
  });

  it('does not take lost messages for a success', () => {
    const own = messagesAt('ours', [1], { lost: 3 });
    expect(judge(figure!, [own, messagesAt('Kamailio', [15])])).toMatchObject({ isMet: false });
  });

  it('says nothing when the other was not measured', () => {
    expect(judge(figure!, [messagesAt('ours', [6]), messagesAt('haproxy', [1])])).toBeUndefined();
  });
});

describe('table', () => {
  it('has one row a figure, each contender with its ratio to the first, and the aim', () => {
    const rows = table([messagesAt('ours', [5, 4, 9]), messagesAt('Kamailio', [20]), messagesAt('haproxy', [1])]).split(
      '\n',
    );
    expect(rows).toHaveLength(2 + 3);
    expect(rows[2]).toMatch(
      /^\| 200-octet messages, TCP 100x8 \| CPU per message, µs \| 5\.0 +\| 20\.0 \(4\.00\) +\| 1\.0 \(0\.20\) +\| 1\/3 of Kamailio: met +\|/,
    );
  });

  it('says by how much an aim is missed', () => {
    expect(table([messagesAt('ours', [10]), messagesAt('Kamailio', [20])])).toContain(
      '1/3 of Kamailio: missed, 1.50 of it',
    );
  });

  it('has neither ratio nor aim for one contender', () => {
    expect(table([messagesAt('ours', [5])])).not.toMatch(/aim|\(/);
  });

  it('says why a contender has no figure, and how a load failed', () => {
    const text = table([messagesAt('ours', [5], { end: 'stalled' }), unableTo('haproxy', 'no AUTH')]);
    expect(text).toContain('fails: stalled');
    expect(text).toContain('(no AUTH)');
  });

  it('shows the most that other programs used of a CPU', () => {
    expect(table([messagesAt('ours', [5], { foreign_cpu: 0.34 })])).toContain('34 %');
  });
});

describe('spreadTable', () => {
  it('compares round by round: median, least and most of the ratios', () => {
    const rows = spreadTable([messagesAt('before', [10, 20, 10]), messagesAt('after', [9, 10, 12])]).split('\n');
    expect(rows[2]).toMatch(/\| 10\.0 +\| 10\.0 +\| 0\.90 +\| 0\.50 +\| 1\.20 +\|/);
  });
});
