import { existsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import { refuseOutputAddress } from '../../core/object-address.ts';
import { CommitStore } from '../../io/dataset/commit-store.ts';
import { datasetFilePath } from '../../io/dataset/dataset-file.ts';
import { tablePath } from '../../io/dataset/table-plan.ts';
import { TRAINING_STORE } from '../../io/dataset/training-store-path.ts';
import { unitKey } from '../graph.ts';
import { atInput } from './at-input.ts';
import { pcaFiles } from './pca-files.ts';
import { plannedDataset } from './reduce-dataset.ts';
import { checkReduceOptions, fitOf, type ReduceOptions } from './reduce-options.ts';
import { plannedTableFiles } from './reduce-table.ts';

/** What `reduce` would do. */
export interface PlannedReduction {
  readonly out: string;
  /** Whether a PCA would be fitted; if not, an existing one is used, or none is needed. */
  readonly fits: boolean;
  /** Items of a dataset whose units would be written, and those whose units already exist. */
  readonly items: number;
  readonly alreadyDone: number;
  /** Items of the reduced dataset that are no longer in the source: they would be removed. */
  readonly takenOut: readonly string[];
  /** Files and directories that would be written, relative to `out`. */
  readonly files: readonly string[];
}

/**
 * Reports what `reduce` would do with the same options, after all the checks that it makes before
 * it fits. Fits nothing and writes nothing.
 *
 * @throws as `reduce`.
 * @example
 * const { items, takenOut } = await plannedReduction({ input: 'features/', out: 'reduced/' });
 */
export async function plannedReduction(options: ReduceOptions): Promise<PlannedReduction> {
  checkReduceOptions(options);
  refuseOutputAddress(options.out);
  fitOf(options);
  return atInput(options.input, options.signal, (input) => plannedNear({ ...options, input }));
}

async function plannedNear(options: ReduceOptions): Promise<PlannedReduction> {
  const { input, out } = options;
  if (!existsSync(datasetFilePath(input))) {
    const files = await plannedTableFiles(options);
    return { out, fits: options.pca === undefined, items: 0, alreadyDone: 0, takenOut: [], files };
  }
  if (options.id !== undefined) throw new UsageError('`id` is for tables: a dataset knows the ids of its items');
  const { source, column, fitted, fits, graphId } = await plannedDataset(options);
  const items = source.units.map(({ facts }) => facts.itemId);
  const pca = column === 'none' ? [] : pcaFiles(column);
  const files = [...(fitted === undefined || fits ? pca : []), `${tablePath(source.table)}/`, TRAINING_STORE];
  if (!existsSync(datasetFilePath(out))) {
    return { out, fits, items: items.length, alreadyDone: 0, takenOut: [], files };
  }
  const store = await CommitStore.open(out, { readOnly: true });
  let alreadyDone = 0;
  for (const { key, facts } of source.units) {
    if (graphId !== undefined && (await store.has(unitKey(graphId, facts.itemId, key)))) alreadyDone += 1;
  }
  const there = new Set(items);
  const takenOut = (await store.currentUnits('aside')).flatMap(({ facts }) =>
    there.has(facts.itemId) ? [] : [facts.itemId],
  );
  return { out, fits, items: items.length - alreadyDone, alreadyDone, takenOut, files };
}
