import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { reelflow: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    globalSetup: ['test/build.ts'],
    setupFiles: ['test/setup/end-children.ts'],
    include: ['test/**/*.test.ts'],
    // Weights that somebody keeps on this machine must not change what tests see.
    env: { REELFLOW_MODELS_DIR: join(tmpdir(), 'reelflow-tests-no-models') },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
