import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import { readsFeatures } from '../../models/recommenders/neural/architectures.ts';
import { NeuralRecommender } from '../../models/recommenders/neural/neural-recommender.ts';
import { judgedWithNegatives } from '../../models/recommenders/neural/sampled-negatives.ts';
import type { TrainingRatings } from '../../models/recommenders/recommender.ts';
import { stepsText } from '../../models/recommenders/work.ts';
import type { Json } from '../graph.ts';
import { fitInEpochs, rowsOf } from './epoch-training.ts';
import {
  type FitInputs,
  type FitOptions,
  type FitProgress,
  type FittedRecommender,
  trainingRatings,
} from './fit-data.ts';
import { implicitOptions } from './implicit-options.ts';
import { worthSaying } from './in-parts.ts';
import { neuralOptions } from './neural-options.ts';
import { checkNewUsersOfNetwork, type NewUsersAsked, newUsersAsked, openNewUsers } from './new-user-network.ts';
import { pretrainedBranches } from './pretrained-branches.ts';
import { privacyOptions } from './private-options.ts';
import { requiredFeatures } from './required-features.ts';

/** How to fit a neural recommender, which may be part of another one. */
export type NeuralFitOptions = FitOptions & Pick<FitProgress, 'part'>;

/**
 * Fits a neural recommender; with `pretrained: true` its branches are trained first, and their time
 * is included.
 */
export async function fitNeuralRecommender(
  model: NeuralRecommenderName,
  given: Readonly<Record<string, Json>>,
  data: FitInputs,
  run: NeuralFitOptions,
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
  const { recommender, fitted } = await fitInEpochs<NeuralRecommender>(
    {
      ...{ name: model, options, training, validation, features, started },
      make: (told) => new NeuralRecommender(model, { ...own, ...told, pretrained }),
      train: (made) => made.fit(training, privacyOptions(options) ? undefined : validation, features),
    },
    run,
  );
  const folded: NeuralRecommender[] = [];
  const checkNewUsers = (asked: NewUsersAsked) =>
    checkNewUsersOfNetwork({ recommender: model, options, training }, features?.modalities ?? [], asked);
  return {
    ...fitted,
    checkNewUsers: (asked) => {
      const steps = checkNewUsers(newUsersAsked(asked, true));
      if (steps >= worthSaying) run.onMessage?.(`${model}: ${stepsText(steps)} to learn ${asked.length} new users`);
    },
    foldIn: async (rows) => {
      const shown = trainingRatings(data, rows);
      const places = new Map([...new Set(shown.users)].map((user, place) => [user, place]));
      checkNewUsers({ users: places.size, ratings: rows.length, pairs: 0, networks: 1 });
      const placesOf = (users: Int32Array) => users.map((user) => places.get(user) as number);
      const weights = await recommender.weights();
      const others = await openNewUsers(
        { recommender: model, options, seed: run.seed, training, weights },
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
}

/** The items of the training and validation rows, ascending. */
function itemsOf({ ratings, train, validation }: FitInputs): number[] {
  const used = new Uint8Array(ratings.itemIds.length);
  for (const rows of [train, validation]) for (const row of rows) used[ratings.items[row] as number] = 1;
  return ratings.itemIds.flatMap((_, item) => (used[item] === 1 ? [item] : []));
}

/**
 * The ratings to validate on; if ratings only say what was chosen, together with items that were
 * not.
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
