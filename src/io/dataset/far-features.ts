import { UsageError } from '../../core/errors.ts';
import { copyFar, type FarCopy } from './far-copy.ts';
import { partName } from './layout.ts';
import { isTablePart } from './table-files.ts';
import { TRAINING_STORE } from './training-store-path.ts';

/**
 * Copies features from an object store: a single object, the training store in a directory that
 * `reduce` wrote, or else the parts of a table together with the description of how they were made.
 *
 * @param signal when aborted, copying stops.
 * @throws UsageError `dataset` when there are none; SystemError `object-store`, `disk-full`.
 */
export async function copyFeatures(address: string, signal?: AbortSignal | undefined): Promise<FarCopy> {
  const copy = await copyFar(
    address,
    (names) => {
      if (names.includes(TRAINING_STORE)) return [TRAINING_STORE];
      const parts = names.filter(isTablePart);
      return parts.length === 0 ? [] : [...parts, ...names.filter((name) => name === partName('description'))];
    },
    signal,
  );
  if (copy !== undefined) return copy;
  throw new UsageError(
    `${address.replace(/\/+$/, '')} has no features: there is no object of that name, and no training store or table below it`,
    {
      code: 'dataset',
      remedy: 'Name a training store, a Parquet or Arrow object, or the prefix of the parts of a table.',
    },
  );
}
