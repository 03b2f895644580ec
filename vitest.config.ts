import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{protos,infra,packages/*,apps/*}/src/**/*.spec.ts'],
        },
      },
      { extends: true, test: { name: 'golden', include: ['tests/golden/**/*.spec.ts'] } },
      {
        extends: true,
        test: { name: 'integration', include: ['tests/integration/**/*.spec.ts'], testTimeout: 300_000 },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: ['tests/faults/**/*.spec.mjs'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['tests/e2e/**/*.spec.ts'], testTimeout: 900_000, fileParallelism: false },
      },
    ],
  },
});
