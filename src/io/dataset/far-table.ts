import { closeAll } from '../../core/close-all.ts';
import { UsageError } from '../../core/errors.ts';
import { copyFar } from './far-copy.ts';
import { isTablePart } from './table-files.ts';
import type { TableReader } from './table-reader.ts';

/**
 * Opens a table in an object store by copying its parts into a temporary folder, which is removed
 * when the reader is closed. Together the parts stay within the disk space for copies of inputs.
 *
 * @param signal when aborted, copying stops.
 * @throws UsageError `dataset` when there is no table; SystemError `object-store`, `disk-full`;
 * FlowError `aborted`.
 */
export async function openFarTable(
  address: string,
  open: (path: string) => Promise<TableReader>,
  signal?: AbortSignal | undefined,
): Promise<TableReader> {
  const copy = await copyFar(address, (names) => names.filter(isTablePart), signal);
  if (copy === undefined) {
    throw new UsageError(
      `${address.replace(/\/+$/, '')} has no parts: no object below it is named *.parquet or *.arrow`,
      { code: 'dataset', remedy: 'Name a Parquet or Arrow object, or what the parts of a table lie below.' },
    );
  }
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
