import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { reelflow: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    globalSetup: ['test/build.ts'],
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
