import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { configFrom } from '../../src/app/config.ts';
import { annotatedJsonSchema } from '../../src/app/config-environment.ts';
import { emptySource } from '../../src/app/config-file.ts';
import { notInEffect } from '../../src/app/config-not-in-effect.ts';

const MINIMAL = {
  hostname: 'localhost',
  listen: ['tcp://127.0.0.1:0'],
  credentials: [{ type: 'static', users: { alice: 'secret' } }],
};

function load(values: Record<string, unknown>) {
  return configFrom(emptySource('test', { ...MINIMAL, ...values }), {}, new ManualClock());
}

/** Another value than the default, for every key that is not in effect. */
const OTHERS: Readonly<Record<string, unknown>> = {
  'flow.windowOctets': 4096,
  'flow.memoryOctets': 2_097_152,
  'flow.holdResponseMs': 0,
  'flow.pauseMaxMs': 100,
  'rates.octetsPerSecond': 1,
  'rates.messagesPerSecond': 1,
  workers: 2,
};

describe('a key that is not in effect', () => {
  it.each(notInEffect.map((path) => path.join('.')))('is an error when it is set: %s', (name) => {
    const [section = '', key] = name.split('.');
    const value = key === undefined ? OTHERS[name] : { [key]: OTHERS[name] };
    expect(() => load({ [section]: value })).toThrow(`${name}: not in effect in this version: leave it out`);
  });

  it('may stand there with its default', () => {
    const rates = { octetsPerSecond: 0, messagesPerSecond: 0 };
    const config = load({ workers: 1, rates, flow: { pauseMaxMs: 20_000 } });
    expect(config).toMatchObject({ workers: 1, rates });
  });

  it('is marked in the schema, and no other is', () => {
    const marked = Object.entries(annotatedJsonSchema().properties ?? {}).flatMap(([section, node]) => [
      ...(node.description?.startsWith('Not in effect yet') ? [section] : []),
      ...Object.entries(node.properties ?? {})
        .filter(([, inner]) => inner.description?.startsWith('Not in effect yet'))
        .map(([key]) => `${section}.${key}`),
    ]);
    expect(marked.toSorted()).toEqual(notInEffect.map((path) => path.join('.')).toSorted());
  });
});
