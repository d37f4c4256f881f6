import { open } from 'node:fs/promises';
import { fileFault } from './bad-lines.ts';

const PACKED: readonly { readonly magic: string; readonly name: string }[] = [
  { magic: '\x1f\x8b', name: 'gzip' },
  { magic: 'PK\x03\x04', name: 'zip' },
  { magic: 'BZh', name: 'bzip2' },
  { magic: '\x28\xb5\x2f\xfd', name: 'Zstandard' },
];

/**
 * Whether a path is a table (a Parquet or Arrow file, or a directory of parts) or a text file, told by its first bytes.
 *
 * @throws UsageError `ratings` when it is not there, empty, packed, or UTF-16.
 */
export async function fileKind(path: string): Promise<'table' | 'text'> {
  let head: Buffer;
  try {
    const file = await open(path, 'r');
    try {
      if ((await file.stat()).isDirectory()) return 'table';
      head = Buffer.alloc(8);
      head = head.subarray(0, (await file.read(head, 0, head.length, 0)).bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileFault(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (head.length === 0) throw fileFault(path, 'is empty');
  const magic = head.toString('latin1');
  const packed = PACKED.find((each) => magic.startsWith(each.magic));
  if (packed !== undefined) throw fileFault(path, `is packed with ${packed.name}`, 'Unpack it first.');
  if (magic.startsWith('\xff\xfe') || magic.startsWith('\xfe\xff')) {
    throw fileFault(path, 'is UTF-16 text', 'Save it as UTF-8.');
  }
  return magic.startsWith('PAR1') || magic.startsWith('ARROW1') || magic.startsWith('\xff\xff\xff\xff')
    ? 'table'
    : 'text';
}
