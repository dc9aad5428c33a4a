import { describe, expect, it } from 'vitest';
import { configJsonSchema, configurationPage, isCurrent } from './configuration-docs.ts';

describe('docs/configuration.md', () => {
  it('says what the schema says: else run checks/configuration-docs.ts --write', () => {
    expect(isCurrent()).toBe(true);
  });

  it('has a row for every key', () => {
    const page = configurationPage();
    for (const [section, { properties = {} }] of Object.entries(configJsonSchema().properties ?? {})) {
      const keys = Object.keys(properties).map((key) => `${section}.${key}`);
      for (const key of keys.length > 0 ? keys : [section]) expect(page).toContain(`| \`${key}\` |`);
    }
  });
});
