import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import { defineConfig } from 'vitest/config';

/**
 * The fast tests (`npm run test:fast`): of the floors that know no outside world, without those
 * that compute whole networks, and those that start processes, need the build or compute for long,
 * which are named `*.whole.test.ts`.
 */
const fast = globSync(['test/{core,operators,models}/**/*.test.ts'], {
  cwd: import.meta.dirname,
  ignore: ['test/models/networks/**', '**/*.whole.test.ts'],
});

export default defineConfig({
  resolve: {
    alias: [
      { find: /^reelflow$/, replacement: new URL('./src/index.ts', import.meta.url).pathname },
      { find: /^reelflow\/(.*)$/, replacement: new URL('./src/entries/$1.ts', import.meta.url).pathname },
    ],
  },
  test: {
    setupFiles: ['test/setup/end-children.ts'],
    // Weights that somebody keeps on this machine must not change what tests see.
    env: { REELFLOW_WEIGHTS_DIR: join(tmpdir(), 'reelflow-tests-no-models') },
    pool: 'forks',
    maxWorkers: 2,
    // A limit for what hangs, not a measure of speed: a busy machine takes ten times as long as a
    // quiet one.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    projects: [
      { extends: true, test: { name: 'fast', include: fast } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: fast,
          globalSetup: ['test/build.ts'],
          // What is built runs as Node runs it.
          server: { deps: { external: [/\/dist\//] } },
        },
      },
    ],
  },
});
