import { sha256 } from '../../core/hash.ts';
import { joinRows } from '../../io/ratings/subset.ts';
import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { EpochProgress, TrainerOptions } from '../../models/autodiff/trainer-options.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import type { FitInputs, FitOptions, FitProgress } from './fit-data.ts';
import type { StoreFeatures } from './store-features.ts';

/** What is learnt from and judged by: for a refit all rows, and none. */
export function rowsOf<Data extends FitInputs>(data: Data, refits: boolean): Data {
  if (!refits) return data;
  return { ...data, train: joinRows([data.train, data.validation]), validation: new Int32Array(0) };
}

/** The end of an epoch, as it is reported. */
export function progressOf(
  { epoch, trainingLoss, validationLoss }: EpochRecord,
  { epochs = 100 }: Pick<TrainerOptions, 'epochs'>,
): FitProgress {
  return {
    ...{ epoch: epoch + 1, epochs, loss: trainingLoss },
    validationLoss: validationLoss ?? undefined,
  };
}

/** Reports progress inside epochs, with the time that an epoch takes at the current pace. */
export function insideEpochs({ epochs = 100 }: Pick<TrainerOptions, 'epochs'>, tell: (progress: FitProgress) => void) {
  let first: EpochProgress & { readonly at: number } = { epoch: -1, rows: 0, of: undefined, loss: 0, at: 0 };
  return (progress: EpochProgress): void => {
    const { epoch, rows, of, loss } = progress;
    const at = performance.now();
    if (first.epoch !== epoch) first = { ...progress, at };
    if (of === undefined || rows === of || rows === first.rows) return;
    const epochSeconds = ((at - first.at) / 1000 / (rows - first.rows)) * of;
    tell({ epoch: epoch + 1, epochs, loss, share: rows / of, epochSeconds });
  };
}

/** Where the training saves its state, if anywhere. */
export function checkpointOf(
  { checkpointSteps }: Readonly<Record<string, Json>>,
  { checkpoint }: FitOptions,
  data: string,
): Pick<TrainerOptions, 'checkpoint'> {
  if (checkpoint === undefined) return {};
  return {
    checkpoint: { path: checkpoint, data, everySteps: checkpointSteps as number | undefined },
  };
}

/**
 * What a checkpoint must match: the ratings, row by row, with their times where these are read, and
 * the form of the features.
 */
export function identityOf(
  training: TrainingRatings,
  validation: TrainingRatings,
  { dataIdentity = '' }: FitOptions,
  features: StoreFeatures | undefined,
): string {
  const rows = [training, validation].flatMap(({ users, items, values, times }) => [
    ...[`${users.length};`, users, items, values],
    ...(times ? [times] : []),
  ]);
  return sha256(...rows, JSON.stringify([dataIdentity, features?.modalities ?? []]));
}
