import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SystemError, UsageError } from '../../core/errors.ts';
import { renamedError } from '../../core/renamed-error.ts';
import { type TemporaryFolder, temporaryFolder } from '../../core/temporary-folder.ts';
import { formatBytes } from '../../operators/budget.ts';
import { CopyPart } from '../far/copy-part.ts';
import { scratchRoom } from '../far/input-copies.ts';
import { ObjectFile } from '../far/object-file.ts';
import { receiveWhole } from '../http/receive-whole.ts';
import { objectAddress } from '../objects/object-address.ts';
import type { ObjectStore, StoredObject } from '../objects/object-store.ts';
import { openS3Store } from '../objects/s3-store.ts';
import { isTablePart } from './table-files.ts';
import type { TableReader } from './table-reader.ts';

const PATIENCE = { answer: 60_000, idle: 60_000 };
const TRIES = { attempts: 6, firstPause: 0.5 };

/**
 * Opens a table that lies in an object store, by a copy of its parts in a temporary folder that
 * goes when the reader is closed. All parts together stay within the room for copies of inputs.
 *
 * @param signal aborted: no more is copied.
 * @throws UsageError `dataset` when there is none; SystemError `object-store`, `disk-full`;
 * FlowError `aborted`.
 */
export async function openFarTable(
  address: string,
  open: (path: string) => Promise<TableReader>,
  signal?: AbortSignal | undefined,
): Promise<TableReader> {
  const { bucket, prefix } = objectAddress(address);
  const named = address.replace(/\/+$/, '');
  const store = await openS3Store(`s3://${bucket}`);
  let folder: TemporaryFolder | undefined;
  let path = '';
  try {
    folder = await temporaryFolder('reelflow-table~');
    path = join(folder.path, 'table');
    const { remove } = folder;
    const parts = await partsOf(store, prefix, named, signal);
    let left = roomFor(parts, named);
    for (const { name } of parts) {
      const copy = join(path, name.slice(prefix.length));
      await mkdir(dirname(copy), { recursive: true });
      const part = await CopyPart.begin(copy);
      const object = new ObjectFile(store, name);
      const reading = { patience: PATIENCE, signal };
      try {
        await receiveWhole(part, () => object.transfer(part, left, reading), { ...TRIES, signal });
      } finally {
        await part.end();
      }
      left -= part.size;
    }
    const reader = await open(path);
    return {
      path: named,
      schema: reader.schema,
      metadata: reader.metadata,
      async *batches() {
        try {
          for await (const found of reader.batches()) yield { ...found, file: found.file.replace(path, named) };
        } catch (error) {
          throw renamedError(error, path, named);
        }
      },
      close: async () => {
        try {
          await reader.close();
        } finally {
          await remove();
        }
      },
    };
  } catch (error) {
    await folder?.remove();
    throw renamedError(error, path, named);
  } finally {
    store.close();
  }
}

/** The objects that are the table: the one that is named, or the parts below the prefix. */
async function partsOf(
  store: ObjectStore,
  prefix: string,
  named: string,
  signal: AbortSignal | undefined,
): Promise<StoredObject[]> {
  const wait = { signal, answer: PATIENCE.answer };
  const whole = prefix === '' ? undefined : await store.head(prefix, wait);
  if (whole !== undefined) return [whole];
  const parts: StoredObject[] = [];
  for await (const part of store.list(prefix === '' ? '' : `${prefix}/`, wait)) {
    if (isTablePart(part.name.slice(prefix.length).replace(/^\//, ''))) parts.push(part);
  }
  if (parts.length > 0) return parts;
  throw new UsageError(`${named} has no parts: no object below it is named *.parquet or *.arrow`, {
    code: 'dataset',
    remedy: 'Name a Parquet or Arrow object, or what the parts of a table lie below.',
  });
}

/** Bytes that copies of the parts may take together. @throws SystemError `disk-full`. */
function roomFor(parts: readonly StoredObject[], named: string): number {
  const { bytes, directory } = scratchRoom();
  const wanted = parts.reduce((sum, { size = 0 }) => sum + size, 0);
  if (wanted <= bytes) return bytes;
  throw new SystemError(
    'disk-full',
    `${named} has ${formatBytes(wanted)}, more than the ${formatBytes(bytes)} of ${directory} that copies may take`,
    { remedy: 'Set TMPDIR to a directory with more room.' },
  );
}
