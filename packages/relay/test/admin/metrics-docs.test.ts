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

const SNAPSHOT = {
  ...NOTHING,
  connections: { tls: 1 },
  reports: { 'timeout 408': 1 },
  lookups: { 'http found': 1 },
};
const FIGURES = { loopDelay: { '0.5': 0 }, memory: { resident: 1 }, cpu: { user: 1 }, startedAt: 1, lostLogLines: 4 };
const WORKER = { owner: '0', state: 'running', pid: 1, uptimeSeconds: 1, restarts: 2, unanswered: 3 } as const;

/** What a relay in one process shows, or the supervisor of workers. */
async function scrape(hasWorkers = false): Promise<string> {
  const metrics = new Metrics(() => 0);
  onTestFinished(() => metrics.stop());
  await metrics.scrape(undefined);
  const workers = { workers: [WORKER], figures: [{ ...FIGURES, owner: '0' }] };
  return metrics.scrape(SNAPSHOT, hasWorkers ? workers : undefined);
}

function metricsIn(text: string): string[] {
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
    const ofWorkers = metricsIn(await scrape(true)).filter((metric) => metric.includes('msrp_relay_worker_'));
    expect(documented()).toEqual([...metricsIn(await scrape()), ...ofWorkers].toSorted());
    expect(ofWorkers).toHaveLength(3);
  });

  it('has all of them also where there are workers, which only the figures of processes are told apart by', async () => {
    const [one, several] = [metricsIn(await scrape()), metricsIn(await scrape(true))];
    const labelled = one.map((metric) => {
      if (!/_(?:process|event_loop|log)_/.test(metric)) return metric;
      return metric.endsWith(' ') ? `${metric}worker` : `${metric},worker`;
    });
    expect(several.filter((metric) => !metric.includes('msrp_relay_worker_'))).toEqual(labelled.toSorted());
    const lines = (await scrape(true)).split('\n');
    for (const line of [
      'msrp_relay_worker_up{worker="0"} 1',
      'msrp_relay_worker_restarts_total{worker="0"} 2',
      'msrp_relay_worker_unanswered_total{worker="0"} 3',
      'msrp_relay_process_cpu_seconds_total{worker="0",kind="user"} 1',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.some((line) => line.startsWith('msrp_relay_process_memory_bytes{worker="supervisor",'))).toBe(true);
  });

  it('speaks of no metric that is not there, also in its alerts', async () => {
    const text = await scrape(true);
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
