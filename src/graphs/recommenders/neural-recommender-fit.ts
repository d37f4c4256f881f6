import { sha256 } from '../../core/hash.ts';
import { joinRows } from '../../io/ratings/subset.ts';
import type { EpochRecord } from '../../models/autodiff/checkpoint.ts';
import type { EpochProgress } from '../../models/autodiff/trainer-options.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import { readsFeatures } from '../../models/recommenders/neural/architectures.ts';
import { type NeuralOptions, NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import { judgedWithNegatives } from '../../models/recommenders/neural/sampled-negatives.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import {
  type FitData,
  type FitOptions,
  type FitProgress,
  type FittedRecommender,
  trainingRatings,
} from './fit-data.ts';
import { implicitOptions } from './implicit-options.ts';
import { neuralOptions } from './neural-options.ts';
import { openNewUsers } from './new-user-network.ts';
import { pretrainedBranches } from './pretrained-branches.ts';
import { requiredFeatures } from './required-features.ts';
import type { StoreFeatures } from './store-features.ts';
import { TrainingLog } from './training-log.ts';
import { validationFigures } from './validation-figures.ts';

/** Fits a neural recommender; with `pretrained: true` its branches first, and their time counts. */
export async function fitNeuralRecommender(
  model: NeuralRecommenderName,
  given: Readonly<Record<string, Json>>,
  data: FitData,
  run: FitOptions,
): Promise<FittedRecommender> {
  const features = readsFeatures(model) ? requiredFeatures(model, data) : undefined;
  const learnt = rowsOf(data, run.refit !== undefined);
  const training = trainingRatings(learnt, learnt.train);
  const options = implicitOptions(model, given, training.values, data.scale);
  const validation = judgedRatings(training, trainingRatings(learnt, learnt.validation), options, run.seed);
  features?.check(itemsOf(data));
  const own = neuralOptions(options, features?.modalities ?? []);
  const started = performance.now();
  const pretrained = await pretrainedBranches(model, options, data, run, fitNeuralRecommender);
  const log = run.logDirectory === undefined ? undefined : new TrainingLog(run.logDirectory);
  const recommender: NeuralRecommender = new NeuralRecommender(model, {
    ...own,
    ...run.refit,
    seed: run.seed,
    signal: run.signal,
    device: run.device,
    onMessage: (sentence) => run.onMessage?.(sentence),
    pretrained,
    ...checkpointOf(options, run, identityOf(training, validation, run, features)),
    onProgress: insideEpochs(own, (progress) => run.onProgress?.(progress)),
    onEpoch: async (record) => {
      log?.add(record, await recommender.weights());
      run.onProgress?.(progressOf(record, own));
    },
  });
  try {
    const { history, bestEpoch, bestLoss, resumedFrom } = await recommender.fit(training, validation, features);
    const trainSeconds = (performance.now() - started) / 1000;
    const folded: NeuralRecommender[] = [];
    return {
      name: model,
      predicts: recommender.predicts,
      trainSeconds,
      validation: await validationFigures(training, validation, recommender.predicts, (users, items) =>
        recommender.predict(users, items),
      ),
      history,
      best: { epoch: bestEpoch, loss: bestLoss },
      resumed: resumedFrom !== undefined,
      predict: (users, items) => recommender.predict(users, items),
      score: (users, items) => recommender.score(users, items),
      weights: () => recommender.weights(),
      foldIn: async (rows) => {
        const shown = trainingRatings(data, rows);
        const places = new Map([...new Set(shown.users)].map((user, place) => [user, place]));
        const placesOf = (users: Int32Array) => users.map((user) => places.get(user) as number);
        const learntNetwork = {
          recommender: model,
          options,
          seed: run.seed,
          training,
          weights: await recommender.weights(),
        };
        const others = await openNewUsers(
          learntNetwork,
          features,
          { ...shown, users: placesOf(shown.users) },
          places.size,
        );
        folded.push(others);
        return (users, items) => others.score(placesOf(users), items);
      },
      close: async () => {
        for (const each of [recommender, ...folded]) await each.close();
      },
    };
  } catch (error) {
    await recommender.close();
    throw error;
  } finally {
    log?.close();
  }
}

/** What is learnt from and judged by: of a refit all rows, and none. */
function rowsOf(data: FitData, refits: boolean): FitData {
  if (!refits) return data;
  return { ...data, train: joinRows([data.train, data.validation]), validation: new Int32Array(0) };
}

/** The items that are learnt or judged by, ascending. */
function itemsOf({ ratings, train, validation }: FitData): number[] {
  const used = new Uint8Array(ratings.itemIds.length);
  for (const rows of [train, validation]) for (const row of rows) used[ratings.items[row] as number] = 1;
  return ratings.itemIds.flatMap((_, item) => (used[item] === 1 ? [item] : []));
}

function progressOf(
  { epoch, trainingLoss, validationLoss }: EpochRecord,
  { epochs = 100 }: NeuralOptions,
): FitProgress {
  return {
    ...{ epoch: epoch + 1, epochs, loss: trainingLoss },
    validationLoss: validationLoss ?? undefined,
  };
}

/** Tells of the parts of epochs, with what an epoch takes at the pace of this one. */
function insideEpochs({ epochs = 100 }: NeuralOptions, tell: (progress: FitProgress) => void) {
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

function checkpointOf(
  { checkpointSteps }: Readonly<Record<string, Json>>,
  { checkpoint }: FitOptions,
  data: string,
): Pick<NeuralOptions, 'checkpoint'> {
  if (checkpoint === undefined) return {};
  return {
    checkpoint: { path: checkpoint, data, everySteps: checkpointSteps as number | undefined },
  };
}

/** What a checkpoint must be of: the ratings, row by row, and the form of the features. */
function identityOf(
  training: TrainingRatings,
  validation: TrainingRatings,
  { dataIdentity = '' }: FitOptions,
  features: StoreFeatures | undefined,
): string {
  const rows = [training, validation].flatMap(({ users, items, values }) => [`${users.length};`, users, items, values]);
  return sha256(...rows, JSON.stringify([dataIdentity, features?.modalities ?? []]));
}

/**
 * The ratings to be judged by; where ratings say what was chosen, with what was not beside them.
 */
function judgedRatings(
  training: TrainingRatings,
  judged: TrainingRatings,
  { negatives }: Readonly<Record<string, Json>>,
  seed: number,
): TrainingRatings {
  if (negatives === undefined || judged.values.length === 0) return judged;
  return { ...judged, ...judgedWithNegatives(training, judged, { count: negatives as number, seed }) };
}
