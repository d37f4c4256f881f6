import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { temporaryPath } from './atomic-file.ts';
import { writeAllSync } from './whole-io.ts';

/**
 * Like `replaceFile`, but blocks the thread, and only the user may read the file: for what must be
 * on disk before a training step or the opening of a network continues.
 *
 * @throws the file system's own error; until the last step, which flushes the directory, the old
 * file stays.
 */
export function replaceFileSync(path: string, ...pieces: readonly Uint8Array[]): void {
  const temporary = temporaryPath(dirname(path));
  try {
    writeFlushed(openSync(temporary, 'wx', 0o600), pieces);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  writeFlushed(openSync(dirname(path), 'r'), []);
}

function writeFlushed(descriptor: number, pieces: readonly Uint8Array[]): void {
  try {
    for (const piece of pieces) writeAllSync(descriptor, piece);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
