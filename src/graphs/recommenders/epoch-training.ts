import { sha256 } from '../../core/hash.ts';
import { joinRows } from '../../io/ratings/subset.ts';
import type { TrainerOptions } from '../../models/autodiff/trainer-options.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import type { FitInputs, FitOptions } from './fit-data.ts';
import type { StoreFeatures } from './store-features.ts';

/** The rows to learn from and the rows to validate on; for a refit, all rows and none. */
export function rowsOf<Data extends FitInputs>(data: Data, refits: boolean): Data {
  if (!refits) return data;
  return { ...data, train: joinRows([data.train, data.validation]), validation: new Int32Array(0) };
}

/** Where the training saves its state, if it does. */
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
 * What a checkpoint must match: the ratings, row by row, with their times if they are used, and the
 * form of the features.
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
