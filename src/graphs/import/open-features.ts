import { open, stat } from 'node:fs/promises';
import { fileKind } from '../../core/file-kind.ts';
import { isTableAddress, refuseAddress } from '../../core/object-address.ts';
import { fill } from '../../core/whole-io.ts';
import { wordsOf } from '../../core/words-of.ts';
import { plainId } from '../../io/ratings/identifiers.ts';
import { listItemIds } from '../../io/ratings/read-item-ids.ts';
import { directoryFormat, openArrayDirectory } from './array-directory.ts';
import { arrayIds, openArrayFeatures } from './array-features.ts';
import { openCsvFeatures } from './csv-features.ts';
import { featureFault } from './feature-fault.ts';
import type { FeatureFile, FeatureFileOptions } from './feature-file.ts';
import { openJsonFeatures } from './json-features.ts';
import { hdf5Remedy, pickleRemedy } from './other-formats.ts';
import { openTableFeatures } from './table-features.ts';
import { aboutFile, unpacked } from './unpacked.ts';

type Format = 'csv' | 'json' | 'table' | 'arrays' | 'array-directory';

/** Where temporary files are written, and what is called meanwhile. */
interface Unpacking {
  readonly directory: string;
  readonly check: () => void;
}

const HEAD_BYTES = 64;
const KNOWN = 'Give CSV, JSON lines, NumPy (.npy, .npz), Parquet or Arrow.';
/** The bytes with which files of each format begin. */
const STARTS: readonly (readonly [start: string, format: Format])[] = [
  ['PAR1', 'table'],
  ['ARROW1', 'table'],
  ['\xff\xff\xff\xff', 'table'],
  ['\x93NUMPY', 'arrays'],
  ['PK\x03\x04', 'arrays'],
];

/**
 * Opens a file of features, whose format is recognised by its first bytes: CSV, JSON lines, NumPy,
 * Parquet or Arrow; compressed with gzip, it is unpacked into a temporary file. Also opens a
 * directory of Parquet parts, or of NumPy files with one for each item.
 *
 * @param unpack - the directory of temporary files, and what is called while one is written.
 * @throws UsageError `features` when it is missing, of the wrong kind, or does not have the
 * requested columns; what its format's reader, and `unpacked`, throw.
 */
export async function openFeatures(path: string, options: FeatureFileOptions, unpack: Unpacking): Promise<FeatureFile> {
  const copy = await unpacked(path, unpack.directory, unpack.check);
  if (copy === undefined) return openPlain(path, options, unpack);
  const about = async <Result>(asked: () => Promise<Result>): Promise<Result> => {
    try {
      return await asked();
    } catch (error) {
      throw aboutFile(error, copy.path, path);
    }
  };
  try {
    const file = await about(() => openPlain(copy.path, options, unpack));
    return { ...file, path, read: (take) => about(() => file.read(take)), close: () => copy.close() };
  } catch (error) {
    await copy.close();
    throw error;
  }
}

async function openPlain(path: string, options: FeatureFileOptions, unpack: Unpacking): Promise<FeatureFile> {
  const format = await formatOf(path);
  if (format === 'array-directory') return openArrayDirectory(path, options);
  const ids = options.ids === undefined ? undefined : await unpackedIds(options.ids, unpack);
  const openers = { csv: openCsvFeatures, json: openJsonFeatures, table: openTableFeatures, arrays: openArrayFeatures };
  return openers[format](path, options, ids);
}

async function unpackedIds(path: string, unpack: Unpacking): Promise<string[]> {
  const copy = await unpacked(path, unpack.directory, unpack.check);
  try {
    return await readIds(copy?.path ?? path);
  } catch (error) {
    throw copy === undefined ? error : aboutFile(error, copy.path, path);
  } finally {
    await copy?.close();
  }
}

/** The ids of a list, in its order. */
async function readIds(path: string): Promise<string[]> {
  const format = await formatOf(path);
  if (format === 'arrays') return arrayIds(path);
  if (format === 'csv') return (await listItemIds(path)).map(plainId);
  throw featureFault(
    path,
    'is not a list of ids',
    'Give a text file with one id per line, a CSV file, or a NumPy array (.npy).',
  );
}

async function formatOf(path: string): Promise<Format> {
  if (isTableAddress(path)) return 'table';
  refuseAddress(path);
  let head: Buffer;
  try {
    const status = await stat(path);
    if (status.isDirectory()) return directoryFormat(path);
    if (!status.isFile()) throw featureFault(path, 'is not a file: it must be read more than once', KNOWN);
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(HEAD_BYTES);
      head = bytes.subarray(0, await fill(file, bytes, 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw featureFault(
      path,
      code === 'ENOENT' ? 'does not exist' : `cannot be read: ${wordsOf(error)}`,
      'Check the path.',
      error,
    );
  }
  const text = head.toString('latin1');
  const [, known] = STARTS.find(([start]) => text.startsWith(start)) ?? [];
  if (known !== undefined) return known;
  if (text.startsWith('\x89HDF')) throw featureFault(path, 'is an HDF5 file', hdf5Remedy(path));
  if (text.startsWith('\x80')) throw featureFault(path, 'is a pickle', pickleRemedy(path));
  const kind = fileKind(head);
  if (kind !== undefined) throw featureFault(path, kind.is, kind.remedy ?? KNOWN);
  if (head.includes(0)) throw featureFault(path, 'is not in a supported format', KNOWN);
  const first = text.replace(/^\xef\xbb\xbf/, '').trimStart()[0];
  if (first === '[') {
    const lines = 'Write one object {"id": ..., ...} in each line (pandas: to_json(orient="records", lines=True)).';
    throw featureFault(path, 'is one JSON array, not JSON lines', lines);
  }
  return first === '{' ? 'json' : 'csv';
}
