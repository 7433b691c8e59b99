import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { CountsReporter } from './tests/support/counts-reporter.ts';

const REDIS = ['tests/support/redis-global-setup.ts'];
const PROGRAMS = [
  ...REDIS,
  'tests/support/packages-global-setup.ts',
  'tests/support/server-file-global-setup.ts',
];

export default defineConfig({
  // As tsconfig.json has it: here the client library is its source, whether or not it has been built.
  resolve: { alias: { 'agentcast/client': fileURLToPath(new URL('src/client/index.ts', import.meta.url)) } },
  test: {
    // The tests of processes mostly wait for others: three at a time, on a machine of one or two cores too.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    reporters: ['default', new CountsReporter()],
    projects: [
      {
        extends: true,
        // Nothing in a unit outlives its test: files may share a process, and what they import is loaded once.
        test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], isolate: false },
      },
      {
        extends: true,
        test: { name: 'properties', include: ['tests/properties/**/*.test.ts'], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: {
          name: 'engine',
          include: ['tests/conformance/engine*.test.ts'],
          globalSetup: REDIS,
          testTimeout: 15_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'server',
          include: ['tests/conformance/{transport,server}*.test.ts', 'tests/e2e/**/*.test.ts'],
          globalSetup: PROGRAMS,
          testTimeout: 30_000,
          // Real processes on a busy machine: Deno alone may take seconds to come up.
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          globalSetup: PROGRAMS,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          globalSetup: PROGRAMS,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
