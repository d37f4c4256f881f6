import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { fill } from '../../core/whole-io.ts';
import { wordsOf } from '../../core/words-of.ts';
import { damagedTable, unreadableTable } from './table-error.ts';

/** How a file stores a table. */
export type TableFormat = 'parquet' | 'arrow-file' | 'arrow-stream';

/** A file of a table, and its format. */
export interface TableFile {
  readonly path: string;
  readonly format: TableFormat;
  readonly bytes: number;
}

const PART = /\.(parquet|pq|arrow|arrows|feather|ipc)$/;
const PARTITION = /^[^=./][^=/]*=[^/]*$/;
/** Hive's name for the directory of rows whose key is null. */
const NULL_PARTITION = '__HIVE_DEFAULT_PARTITION__';

/**
 * A part of a table and the keys of its hive partitions; null if a key has no value.
 */
export interface PartFile {
  readonly path: string;
  readonly keys: ReadonlyMap<string, string | null>;
}

/**
 * Whether a name below a table's directory, with slashes, is one of its parts.
 */
export function isTablePart(name: string): boolean {
  const parts = name.split('/');
  const file = parts.pop() ?? '';
  return PART.test(file) && !/^[._]/.test(file) && parts.every((part) => PARTITION.test(part) && !part.startsWith('_'));
}

/**
 * The files of a table in the order of their rows: the file itself, or the parts in a directory and
 * its hive partitions (`key=value`), sorted by name, files before partitions. Names that start with
 * `.` or `_` are skipped, as Spark and DuckDB do.
 *
 * @throws UsageError `dataset` when there is no such path, or a directory without parts.
 */
export async function tableFiles(path: string): Promise<PartFile[]> {
  let isDirectory: boolean;
  try {
    const found = await stat(path);
    isDirectory = found.isDirectory();
    if (!isDirectory && !found.isFile()) {
      throw new UsageError(`${path} must be a file or a directory, but is neither`, { code: 'dataset' });
    }
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`${path} cannot be read: ${wordsOf(cause)}`, {
      code: 'dataset',
      remedy: 'Name a Parquet or Arrow file, or a directory of parts.',
      cause,
    });
  }
  if (!isDirectory) return [{ path, keys: new Map() }];
  const files = await partsOf(path, new Map());
  if (files.length === 0) {
    throw new UsageError(
      `${path} has no parts: no file in it, or in a key=value directory, is named *.parquet or *.arrow`,
      {
        code: 'dataset',
        remedy: 'Name a table of a dataset (features/subclips=10/aggregate=mean); `compact` writes them.',
      },
    );
  }
  return files;
}

async function partsOf(directory: string, keys: PartFile['keys']): Promise<PartFile[]> {
  const entries = (await readdir(directory, { withFileTypes: true }))
    .filter(({ name }) => !name.startsWith('.') && !name.startsWith('_'))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const files = entries.filter((entry) => !entry.isDirectory() && PART.test(entry.name));
  const partitions = entries.filter((entry) => entry.isDirectory() && PARTITION.test(entry.name));
  const nested: PartFile[] = [];
  for (const { name } of partitions) {
    nested.push(...(await partsOf(join(directory, name), new Map([...keys, partitionKey(name)]))));
  }
  return [...files.map(({ name }) => ({ path: join(directory, name), keys })), ...nested];
}

/** The key and the value in the name of a partition's directory. */
function partitionKey(name: string): readonly [string, string | null] {
  const at = name.indexOf('=');
  const value = name.slice(at + 1);
  return [unescaped(name.slice(0, at)), value === NULL_PARTITION ? null : unescaped(value)];
}

/** Writers escape what a path cannot contain, as in URLs. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that escapes nothing: the text is taken literally.
    return text;
  }
}

/**
 * Detects a file's format by its first and last bytes, whatever its name.
 *
 * @throws UsageError `dataset` when it is cut off, or neither Parquet nor Arrow IPC.
 */
export async function detectFormat(path: string): Promise<TableFile> {
  const handle = await open(path, 'r').catch((cause: Error) => {
    throw new UsageError(`${path} cannot be read: ${wordsOf(cause)}`, { code: 'dataset', cause });
  });
  try {
    const { size: bytes } = await handle.stat();
    const first = await readAt(handle, 0, Math.min(8, bytes), path);
    const last = await readAt(handle, Math.max(0, bytes - 10), Math.min(10, bytes), path);
    const format = formatOf(first, last, bytes, path);
    return { path, format, bytes };
  } finally {
    await handle.close();
  }
}

function formatOf(first: Buffer, last: Buffer, bytes: number, path: string): TableFormat {
  const begins = (magic: string) => first.toString('latin1', 0, magic.length) === magic;
  const ends = (magic: string) => last.toString('latin1', last.length - magic.length) === magic;
  if (bytes === 0) throw damagedTable(path, 'it is empty');
  if (begins('PAR1')) {
    if (ends('PARE')) throw unreadableTable(path, 'its footer is encrypted');
    if (bytes < 12 || !ends('PAR1')) throw damagedTable(path, "it begins as Parquet, but does not end with 'PAR1'");
    const footer = last.readUInt32LE(last.length - 8);
    if (footer === 0 || footer > bytes - 12) {
      throw damagedTable(path, `its footer claims to be ${footer} bytes long, in a file of ${bytes}`);
    }
    return 'parquet';
  }
  if (begins('PARE')) throw unreadableTable(path, 'it is an encrypted Parquet file');
  if (begins('ARROW1')) {
    if (bytes < 22 || !ends('ARROW1')) throw damagedTable(path, "it begins as Arrow, but does not end with 'ARROW1'");
    const footer = last.readInt32LE(0);
    if (footer <= 0 || footer > bytes - 18) {
      throw damagedTable(path, `its footer claims to be ${footer} bytes long, in a file of ${bytes}`);
    }
    return 'arrow-file';
  }
  if (bytes >= 8 && first.readUInt32LE(0) === 0xffffffff) return 'arrow-stream';
  if (begins('FEA1')) throw unreadableTable(path, 'it is a Feather file of version 1');
  throw unreadableTable(path, 'it starts like neither a Parquet nor an Arrow IPC file');
}

/** Reads exactly `length` bytes. @throws UsageError `dataset` when the file ends before. */
export async function readAt(handle: FileHandle, position: number, length: number, path: string): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  await readInto(handle, position, buffer, path);
  return buffer;
}

/**
 * Fills a buffer from a position of a file.
 * @throws UsageError `dataset` when the file ends before.
 */
export async function readInto(handle: FileHandle, position: number, into: Uint8Array, path: string): Promise<void> {
  const filled = await fill(handle, into, position);
  if (filled < into.length) throw damagedTable(path, `it ends at byte ${position + filled}`);
}
