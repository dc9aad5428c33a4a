/** The benchmark's arithmetic: wrong medians make wrong decisions. */
import { describe, expect, it } from 'vitest';
import { loadsOf, MODES } from './loads.ts';
import { type Measurement, median, table } from './table.ts';

const [
  load = (() => {
    throw new Error('no load');
  })(),
] = loadsOf('msg');

function measured(relay: string, rates: readonly number[], end = 'ok'): Measurement {
  const runs = rates.map((rate) => ({ end, msgs_per_s: rate, lost: 0, server: { cpu_us_per_msg: 1e6 / rate } }));
  return { load, relay, runs };
}

describe('median', () => {
  it('is the middle one, whatever the order, also inside a record', () => {
    const { runs } = measured('a', [500_000, 100_000, 250_000]);
    expect(median(runs, 'msgs_per_s')).toBe(250_000);
    expect(median(runs, 'server.cpu_us_per_msg')).toBe(4);
  });

  it('is nothing when no run has the number', () => {
    expect(median([{ end: 'no result' }], 'server.cpu_us_per_msg')).toBeUndefined();
  });
});

describe('table', () => {
  it('has one row a load, with what is done and what it costs', () => {
    const lines = table([measured('ours', [50_000, 50_000, 50_000])]).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^\| msg TCP 1x1 c2p \| 50,000 msg\/s +\| 20\.0 us\/msg +\|/);
  });

  it('compares two relays', () => {
    const rows = table([measured('ours', [60_000]), measured('theirs', [40_000])]).split('\n');
    expect(rows[2]).toMatch(/\| 1\.50 +\| 0\.67 +\|$/);
  });

  it('says how a load failed', () => {
    expect(table([measured('ours', [0], 'connection closed')])).toContain('fails: connection closed');
  });
});

describe('loadsOf', () => {
  it('names every load once', () => {
    const names = MODES.flatMap(loadsOf).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(8 + 6 + 2 + 2);
  });
});
