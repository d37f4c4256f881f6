import { readFileSync } from 'node:fs';
import { afterEach, beforeEach } from 'vitest';
import { descendantsOf } from '../fixtures/process-tree.ts';

// A process that a test starts, be it itself or through what it tests, ends with it: also when the
// test fails, runs out of time, or the whole run is interrupted. Where there is no /proc, nothing
// is seen and nothing is ended.

/** Ends what runs below this process. @param kept what was there before, and stays. */
function endDescendants(kept: ReadonlySet<number> = new Set()): void {
  for (const pid of descendantsOf(process.pid)) {
    if (kept.has(pid)) continue;
    try {
      // What starts decoders serves all tests of a file, and ends with this process.
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('program-launcher.js')) continue;
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended on its own.
    }
  }
}

let before: ReadonlySet<number> = new Set();
beforeEach(() => {
  before = new Set(descendantsOf(process.pid));
});
afterEach(() => endDescendants(before));

process.on('exit', () => endDescendants());
// Vitest stops a worker by SIGTERM; a terminal's Ctrl-C reaches it too; and it loses its channel
// when Vitest itself was killed.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
process.once('disconnect', () => process.exit(1));
