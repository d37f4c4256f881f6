import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { temporaryPath } from '../../core/atomic-file.ts';
import { writeFailure } from '../../core/disk-full.ts';
import type { UsageError } from '../../core/errors.ts';
import { wordsOf } from '../../core/words-of.ts';
import { featureFault } from './feature-fault.ts';

/** Files may unpack to this size whatever their own size is. */
const FREE_BYTES = 64 * 2 ** 20;
/** Beyond it, to at most this many times their own size. */
const MOST_TIMES = 200;

/** An unpacked copy of a file. */
export interface UnpackedFile {
  readonly path: string;
  /** Removes the copy. */
  close(): Promise<void>;
}

/**
 * Unpacks a gzip file into a temporary file, so that it can be read more than once and at any
 * place. Memory is bounded by zlib's window.
 *
 * @param directory where the copy is written.
 * @param check is called between pieces; what it throws ends the unpacking.
 * @returns undefined if the file is not gzip.
 * @throws UsageError `features` when it is damaged, or grows to a size that no features have;
 * SystemError `disk-full`.
 */
export async function unpacked(path: string, directory: string, check: () => void): Promise<UnpackedFile | undefined> {
  const size = await gzipSize(path);
  if (size === undefined) return undefined;
  const copy = temporaryPath(directory);
  const close = () => rm(copy, { force: true });
  const most = Math.max(FREE_BYTES, MOST_TIMES * size);
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.byteLength;
      try {
        check();
        if (bytes > most) throw tooLarge(path, most);
        done(null, piece);
      } catch (error) {
        done(error as Error);
      }
    },
  });
  try {
    await pipeline(createReadStream(path), createGunzip(), counted, createWriteStream(copy, { flags: 'wx' }));
  } catch (error) {
    await close();
    const { code = '', syscall } = error as NodeJS.ErrnoException;
    if (code.startsWith('Z_')) {
      const fact = `is a damaged gzip file: ${(error as Error).message}`;
      throw featureFault(path, fact, 'Download it again; `gunzip -t FILE` says whether it is whole.', error);
    }
    if (syscall === 'read') throw featureFault(path, `cannot be read: ${wordsOf(error)}`, 'Check the disk.', error);
    throw syscall === undefined ? error : writeFailure(copy, error);
  }
  return { path: copy, close };
}

/** The bytes of a gzip file; undefined for anything else, and what cannot be opened. */
async function gzipSize(path: string): Promise<number | undefined> {
  // To open a pipe would wait for its writer.
  if ((await stat(path).catch(() => undefined))?.isFile() !== true) return undefined;
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    const head = Buffer.alloc(2);
    const { bytesRead } = await file.read(head, 0, 2, 0);
    return bytesRead === 2 && head.readUInt16BE(0) === 0x1f8b ? status.size : undefined;
  } finally {
    await file.close();
  }
}

function tooLarge(path: string, most: number): UsageError {
  return featureFault(
    path,
    `unpacks to more than ${Math.round(most / 2 ** 20)} MiB, over ${MOST_TIMES} times its size: it may be made to fill the disk`,
    'If you trust it, unpack it first: `gunzip -k FILE`.',
  );
}

/** An error about the copy, as one about the file itself. */
export function aboutFile(error: unknown, copy: string, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const renamed = error as { message: string; remedy?: string | undefined };
  renamed.message = renamed.message.replaceAll(copy, () => path);
  if (renamed.remedy !== undefined) renamed.remedy = renamed.remedy.replaceAll(copy, () => path);
  return error;
}
