import { existsSync } from 'node:fs';
import { UsageError } from '../../core/errors.ts';
import { datasetFilePath, readDatasetFile } from '../../io/dataset/dataset-file.ts';
import type { Pca } from '../../models/pca/fitted-pca.ts';
import { type FittedPca, pcaDescription, pcaHash, readPca } from './pca-files.ts';
import type { ReduceOptions } from './reduce-options.ts';
import type { SourceDataset } from './source-dataset.ts';

/**
 * The PCA of an earlier reduction of the same vectors into the same directory. A dataset that has
 * grown is reduced with it, since another fit would make another dataset. Undefined if there is
 * none.
 *
 * @throws UsageError `dataset` when the requested components differ from its own, saying what to
 *   do.
 */
export async function earlierModel(
  { out, ...options }: ReduceOptions,
  source: SourceDataset,
  column: string,
): Promise<FittedPca | undefined> {
  if (!existsSync(datasetFilePath(out))) return undefined;
  const params = readDatasetFile(out).params as {
    readonly [Name in 'source' | 'column' | 'subclips' | 'aggregate' | 'pca']?: unknown;
  };
  const { subclips, statistic } = source.table;
  const now = { source: source.file.graphId, column, subclips, aggregate: statistic };
  const isSame = Object.entries(now).every(([name, value]) => params[name as keyof typeof params] === value);
  const file = pcaDescription(out, column);
  // In all other cases the directory is refused when it is opened, with the differences.
  if (!isSame || !existsSync(file)) return undefined;
  const fitted = await readPca(file, column);
  if ((params.pca as { readonly sha256?: unknown } | null)?.sha256 !== pcaHash(fitted)) return undefined;
  const { algorithm, components } = fitted.pca;
  if (isAskedFor(fitted.pca, options)) return fitted;
  throw new UsageError(
    `${out} holds a reduction to ${components} components (${algorithm}), but another was requested`,
    {
      code: 'dataset',
      remedy:
        'Name another directory (`out`), to fit again; or leave out `components`, `variance` and `algorithm` to reduce what is new with the existing PCA.',
    },
  );
}

function isAskedFor(model: Pca, { algorithm, components, variance }: Omit<ReduceOptions, 'out'>): boolean {
  if (algorithm !== undefined && algorithm !== model.algorithm) return false;
  if (components !== undefined) return components === model.components;
  if (variance === undefined) return true;
  const shares = Array.from(model.explainedVarianceRatio);
  const kept = shares.reduce((sum, share) => sum + share, 0);
  return kept >= variance && kept - (shares.at(-1) ?? 0) < variance;
}
