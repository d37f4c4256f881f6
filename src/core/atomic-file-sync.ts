import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { temporaryPath } from './atomic-file.ts';
import { writeAllSync } from './whole-io.ts';

/**
 * Like `replaceFile`, blocking the thread, for a file that only the user may read: a step of a
 * training or the opening of a network must not go on before it is on disk.
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
