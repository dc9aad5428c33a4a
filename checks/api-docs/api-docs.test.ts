import { expect, it } from 'vitest';
import { outdatedPages } from './api-docs.ts';

it('docs/api is what the docstrings say; else run node checks/api-docs/api-docs.ts --write', {
  timeout: 60_000,
}, async () => {
  expect(await outdatedPages()).toEqual([]);
});
