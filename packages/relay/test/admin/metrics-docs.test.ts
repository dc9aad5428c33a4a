/** docs/metrics.md and the metrics that there are: neither has one that the other has not. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Metrics } from '../../src/admin/metrics.ts';
import { NOTHING } from '../app/fake-relay.ts';

const manual = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8');

/** `name type label,label` of each metric, sorted. */
function documented(): string[] {
  const rows = manual.matchAll(/^\| `(msrp_relay_\w+)` \| (\w+) \| ([^|]*)\| ([^|]+) \|/gm);
  return [...rows]
    .map(([, name, type, labels = '']) => {
      return `${name} ${type} ${[...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).toSorted()}`;
    })
    .toSorted();
}

async function scrape(): Promise<string> {
  const metrics = new Metrics(() => 0);
  onTestFinished(() => metrics.stop());
  return metrics.scrape({
    ...NOTHING,
    connections: { tls: 1 },
    reports: { 'timeout 408': 1 },
    lookups: { 'http found': 1 },
  });
}

async function actual(): Promise<string[]> {
  const text = await scrape();
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
    .map(([, name, type]) => {
      const sample = new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'm').exec(text)?.[1] ?? '';
      const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      return `${name} ${type} ${labels.toSorted()}`;
    })
    .toSorted();
}

describe('docs/metrics.md', () => {
  it('has every metric with its type and labels, and no other', async () => {
    expect(documented()).toEqual(await actual());
  });

  it('speaks of no metric that is not there, also in its alerts', async () => {
    const text = await scrape();
    const named = new Set([...manual.matchAll(/msrp_relay_\w+/g)].map(([name]) => name));
    expect([...named].filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
  });

  it('speaks of no value of a label in its alerts that is not there', async () => {
    const text = await scrape();
    const named = [...manual.matchAll(/(?:outcome|trigger|method|direction|quantile)!?="([^"]+)"/g)];
    expect(named.length).toBeGreaterThan(3);
    // A response that has not come yet has no series.
    const values = named.map(([, value]) => value).filter((value) => value !== 'response');
    expect(values.filter((value) => !text.includes(`="${value}"`))).toEqual([]);
  });
});
