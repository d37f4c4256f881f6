import type { ItemStore } from '../../../io/dataset/item-store.ts';
import { identifierRanks } from '../../../io/ratings/identifiers.ts';
import type { MovieLens } from '../../../io/ratings/movielens.ts';
import { makeScenario, type ScenarioParameters } from '../../../io/ratings/scenarios.ts';
import type { Split } from '../../../io/ratings/split.ts';
import type { TrailerList } from '../../../io/ratings/trailers.ts';
import { evaluate } from '../../../models/metrics/evaluate.ts';
import { meanOfFolds } from '../../../models/metrics/mean-of-folds.ts';
import { ContentRidgeRecommender } from '../../../models/recommenders/content-ridge.ts';
import type { Json } from '../../graph.ts';
import type { ItemMeans } from '../item-means.ts';
import { type FitData, type FittedModel, trainingRatings } from '../../recommenders/fit-data.ts';
import { fitModel } from '../../recommenders/fit-model.ts';
import { isDeepModel, type ModelName, modelReadsFeatures } from '../../recommenders/model-names.ts';

/** Figures of one model in one scenario and seed, means of the folds. */
export interface StudyRow {
  readonly model: string;
  readonly scenario: 'non-cold' | 'hard-cold';
  readonly seed: number;
  /** NaN when no user has both kinds. */
  readonly auc: number;
  /** NDCG@4, exponential gain. */
  readonly ndcg: number;
  readonly rmse: number;
}

/** What a study compares, on what. */
export interface StudyOptions {
  readonly movieLens: MovieLens;
  /** Training store of the clips' features. */
  readonly features: ItemStore;
  /** Which clip shows which movie: the true list, or the shuffled one. */
  readonly trailers: TrailerList;
  /** `mean-colour` is the ridge regression on `colours`. */
  readonly models: readonly (ModelName | 'mean-colour')[];
  /** Mean red, green and blue of each clip, by its id. */
  readonly colours: ItemMeans;
  readonly scenario: 'non-cold' | 'hard-cold';
  readonly seed: number;
  /** Options of the networks. */
  readonly options: Readonly<Record<string, Json>>;
}

/** Fits and scores each model in one scenario. */
export async function studyPlanted(study: StudyOptions): Promise<StudyRow[]> {
  const { movieLens, scenario: kind, seed } = study;
  const parameters: ScenarioParameters = { kind, seed, validation: { kind: (process.env.VAL ?? 'ratings') as 'ratings' } };
  const scenario = makeScenario(movieLens.ratings, parameters, movieLens.movies);
  const itemOrder = identifierRanks(scenario.ratings.itemIds);
  const rows: StudyRow[] = [];
  for (const model of study.models) {
    const folds = [];
    for (const split of scenario.splits) {
      const { ratings } = scenario;
      const { features, trailers } = study;
      const data = { ratings, ...split, scale: movieLens.scale, features, trailers };
      const fitted = await fit(model, data, study);
      const users = Int32Array.from(split.test, (row) => ratings.users[row] as number);
      const items = Int32Array.from(split.test, (row) => ratings.items[row] as number);
      const values = Float32Array.from(split.test, (row) => ratings.values[row] as number);
      const predictions = await fitted.predict(users, items);
      await fitted.close?.();
      folds.push(evaluate({ users, items, ratings: values, predictions }, { scale: movieLens.scale, itemOrder, ks: [4] }));
      if (process.env.V) console.log(model, fitted.history.length, fitted.best, fitted.trainSeconds);
    }
    const { auc, ranking, rmse } = meanOfFolds(folds);
    rows.push({ model, scenario: kind, seed, auc, ndcg: ranking['4']?.ndcg ?? Number.NaN, rmse });
  }
  return rows;
}

async function fit(model: ModelName | 'mean-colour', data: FitData & Split, study: StudyOptions): Promise<FittedModel> {
  if (model !== 'mean-colour') {
    const { lstm, ...others } = study.options;
    const options = !isDeepModel(model)
      ? {}
      : modelReadsFeatures(model)
        ? { ...others, ...(lstm === undefined ? {} : { lstm }) }
        : others;
    return fitModel(data, { model, options, seed: study.seed });
  }
  const vectors = new Float32Array(3 * data.ratings.itemIds.length);
  for (const [item, id] of data.ratings.itemIds.entries()) {
    const clip = study.trailers.trailersOf.get(id)?.[0] ?? id;
    const m = study.colours.get(clip) as Float32Array;
    for (let c = 0; c < 3; c++) for (let k = 0; k < 4; k++) vectors[3 * item + c] = (vectors[3 * item + c] as number) + (m[4 * c + k] as number) / 4;
  }
  const ridge = new ContentRidgeRecommender({ name: model, vectors, dimension: 3 });
  ridge.fit(trainingRatings(data, data.train));
  return { name: model, trainSeconds: 0, history: [], predict: async (users, items) => ridge.predict(users, items) };
}
