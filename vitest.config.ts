import { defineConfig } from 'vitest/config';
import { LastLineReporter } from './checks/reporter.ts';

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'bench/**/*.test.ts', 'checks/**/*.test.ts', 'examples/**/*.test.ts'],
    reporters: ['default', new LastLineReporter()],
    // Limits for what hangs, not statements about speed: on a machine that others use, everything takes its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
