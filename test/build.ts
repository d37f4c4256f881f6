import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Builds `dist` once before the tests, so that those of the command line and of the examples run
 * what is in the tree.
 */
export default function build(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const step of [
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
    ['scripts/make-executable.mjs'],
  ]) {
    execFileSync(process.execPath, step, { cwd: root, stdio: 'inherit' });
  }
}
