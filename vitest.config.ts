import { defineConfig } from 'vitest/config';
import { LastLineReporter } from './checks/reporter.ts';

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'bench/**/*.test.ts', 'checks/**/*.test.ts', 'examples/**/*.test.ts'],
    reporters: ['default', new LastLineReporter()],
    testTimeout: 30_000,
  },
});
