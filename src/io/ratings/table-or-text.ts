import { open } from 'node:fs/promises';
import { checkString } from '../../core/check.ts';
import { fileKind } from '../../core/file-kind.ts';
import { isTableAddress, refuseAddress } from '../../core/object-address.ts';
import { wordsOf } from '../../core/words-of.ts';
import { fileFault } from './bad-lines.ts';

/** The first bytes of Parquet files, Arrow files and Arrow streams. */
const TABLES = ['PAR1', 'ARROW1', '\xff\xff\xff\xff'];
const HEAD_BYTES = 64;

/**
 * Whether a path is a table (a Parquet or Arrow file, or a directory of parts) or a text file,
 * recognised by its first bytes. In an object store, only tables can be read.
 *
 * @throws UsageError `ratings` when it does not exist, is empty, compressed, UTF-16, or a file of
 * another known kind; `object-store` for a text file there.
 */
export async function tableOrText(path: string): Promise<'table' | 'text'> {
  if (isTableAddress(checkString('file', path))) return 'table';
  refuseAddress(path);
  let head: Buffer;
  try {
    const file = await open(path, 'r');
    try {
      if ((await file.stat()).isDirectory()) return 'table';
      head = Buffer.alloc(HEAD_BYTES);
      head = head.subarray(0, (await file.read(head, 0, head.length, 0)).bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileFault(path, `cannot be read: ${wordsOf(error)}`);
  }
  const start = head.toString('latin1');
  if (TABLES.some((magic) => start.startsWith(magic))) return 'table';
  const known = fileKind(head);
  if (known !== undefined) throw fileFault(path, known.is, known.remedy ?? 'Give a CSV, Parquet or Arrow file.');
  return 'text';
}
