import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { renamedError } from '../../core/renamed-error.ts';
import { temporaryFolder } from '../../core/temporary-folder.ts';
import { CopyPart } from '../far/copy-part.ts';
import { ObjectFile } from '../far/object-file.ts';
import { receiveWhole } from '../http/receive-whole.ts';
import { objectAddress } from '../objects/object-address.ts';
import { openS3Store } from '../objects/s3-store.ts';
import { isTablePart } from './table-files.ts';
import type { TableReader } from './table-reader.ts';

const READING = { patience: { answer: 60_000, idle: 60_000 } };
const TRIES = { attempts: 6, firstPause: 0.5 };

/**
 * Opens a table that lies in an object store, by a copy of its parts in a temporary folder that
 * goes when the reader is closed.
 *
 * @throws UsageError `dataset` when there is none; SystemError `object-store`, `disk-full`.
 */
export async function openFarTable(
  address: string,
  open: (path: string) => Promise<TableReader>,
): Promise<TableReader> {
  const { bucket, prefix } = objectAddress(address);
  const named = address.replace(/\/+$/, '');
  const folder = await temporaryFolder('reelflow-table~');
  const path = join(folder.path, 'table');
  const store = await openS3Store(`s3://${bucket}`);
  try {
    const names: string[] = [];
    if (prefix !== '' && (await store.head(prefix)) !== undefined) names.push(prefix);
    else {
      for await (const { name } of store.list(prefix === '' ? '' : `${prefix}/`)) {
        if (isTablePart(name.slice(prefix.length).replace(/^\//, ''))) names.push(name);
      }
    }
    if (names.length === 0) {
      throw new UsageError(`${named} has no parts: no object below it is named *.parquet or *.arrow`, {
        code: 'dataset',
        remedy: 'Name a Parquet or Arrow object, or what the parts of a table lie below.',
      });
    }
    for (const name of names) {
      const copy = join(path, name.slice(prefix.length));
      await mkdir(dirname(copy), { recursive: true });
      const part = await CopyPart.begin(copy);
      const object = new ObjectFile(store, name);
      try {
        await receiveWhole(part, () => object.transfer(part, Number.MAX_SAFE_INTEGER, READING), TRIES);
      } finally {
        await part.end();
      }
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
        await reader.close();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw renamedError(error, path, named);
  } finally {
    store.close();
  }
}
