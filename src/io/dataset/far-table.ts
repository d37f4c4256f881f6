import { closeAll } from '../../core/close-all.ts';
import { UsageError } from '../../core/errors.ts';
import { isObjectAddress } from '../../core/object-address.ts';
import { copyFar, type FarCopy } from './far-copy.ts';
import { isTablePart } from './table-files.ts';
import type { TableReader } from './table-reader.ts';

/**
 * Copies the parts of a table in an object store into a temporary folder. Together they stay within
 * the disk space for copies of inputs.
 *
 * @param signal when aborted, copying stops.
 * @throws UsageError `dataset` when there is no table; SystemError `object-store`, `disk-full`;
 * FlowError `aborted`.
 */
async function copyTable(address: string, signal?: AbortSignal | undefined): Promise<FarCopy> {
  const copy = await copyFar(address, (names) => names.filter(isTablePart), signal);
  if (copy !== undefined) return copy;
  throw new UsageError(
    `${address.replace(/\/+$/, '')} has no parts: no object below it is named *.parquet or *.arrow`,
    { code: 'dataset', remedy: 'Name a Parquet or Arrow object, or the prefix of the parts of a table.' },
  );
}

/** A table by its path; one in an object store is copied once. @throws as `copyTable`. */
export async function nearTable(path: string, signal?: AbortSignal | undefined): Promise<FarCopy> {
  if (isObjectAddress(path)) return copyTable(path, signal);
  return { path, named: path, speaking: (error) => error, remove: async () => {} };
}

/** Opens such a table by a copy, which goes when the reader is closed. @throws as `copyTable`. */
export async function openFarTable(
  address: string,
  open: (path: string) => Promise<TableReader>,
  signal?: AbortSignal | undefined,
): Promise<TableReader> {
  const copy = await copyTable(address, signal);
  const { path, named } = copy;
  try {
    const reader = await open(path);
    return {
      path: named,
      schema: reader.schema,
      metadata: reader.metadata,
      async *batches() {
        try {
          for await (const found of reader.batches()) yield { ...found, file: found.file.replace(path, named) };
        } catch (error) {
          throw copy.speaking(error);
        }
      },
      close: () =>
        closeAll(
          () => reader.close(),
          () => copy.remove(),
        ),
    };
  } catch (error) {
    await copy.remove();
    throw copy.speaking(error);
  }
}
