/** Every configuration that the manual shows is one that the relay would start with. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { configFrom } from '../../src/app/config.ts';
import { emptySource } from '../../src/app/config-file.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((page) =>
  page.endsWith('.md'),
);

type Values = Readonly<Record<string, unknown>>;

/** What is shown as YAML, but for the rules of Prometheus. */
const shown = pages.flatMap((page) => {
  const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms);
  return [...blocks]
    .map(([, text = '']): readonly [string, Values] => [page, parse(text)])
    .filter(([, values]) => !('groups' in values));
});

const authority = await createAuthority();

/** What a part of a configuration stands in: the manual shows that once, and leaves it out elsewhere. */
async function completed(values: Values): Promise<Values> {
  const base = { hostname: 'relay.example.org', credentials: [{ type: 'sqlite', path: 'users.db' }] };
  const whole: Values = { ...base, ...values };
  const { hostname, aliases, domains, realm } = whole;
  const dnsNames = [hostname, aliases, domains, realm].flat().filter((name) => typeof name === 'string');
  // The files that the manual names are not on this machine.
  const { cert, key } = await authority.issue({ dnsNames });
  const { tls } = whole;
  const others = typeof tls === 'object' && tls !== null && 'ca' in tls ? { ca: authority.ca } : {};
  return { ...whole, tls: { cert, key, ...others } };
}

describe('the configurations in the manual', () => {
  it('are found', () => {
    const found = new Set(shown.map(([page]) => page));
    expect([...found]).toEqual(
      expect.arrayContaining(['docs/beside-a-sip-server.md', 'docs/capacity.md', 'docs/credentials.md']),
    );
  });

  it.each(shown)('%s: %j', async (_, values) => {
    const config = configFrom(emptySource('manual', await completed(values)), {}, systemClock);
    expect(config.credentials.length).toBeGreaterThan(0);
  });
});
