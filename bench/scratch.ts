import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descendantsOf } from '../test/fixtures/process-tree.ts';

/**
 * A directory for all temporary files of a benchmark and of the processes it starts. However the
 * benchmark ends (done, by an error, interrupted), the directory is removed, and every process that
 * was started ends.
 */
export function scratchDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `reelflow-bench-${name}-`));
  // A database that runs as another user has a directory in it.
  chmodSync(directory, 0o711);
  process.env.TMPDIR = directory;
  process.on('exit', () => {
    for (const pid of descendantsOf(process.pid)) end(pid);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
  return directory;
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * A file name for any text: readable, and different for different texts, even on file systems that
 * ignore case.
 */
export function fileNameOf(text: string): string {
  const readable = text.replaceAll(/[^\w.=-]+/g, '_').slice(0, 80);
  return `${readable}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}
