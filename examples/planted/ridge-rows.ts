import { decimalRatings } from '../../src/graphs/decimal-ratings.ts';
import type { ExperimentConfig } from '../../src/graphs/experiment/experiment-config.ts';
import { openExperimentData } from '../../src/graphs/experiment/experiment-data.ts';
import { ExperimentScenarios, type ScenarioData } from '../../src/graphs/experiment/experiment-scenarios.ts';
import { resolveConfig } from '../../src/graphs/experiment/resolve-config.ts';
import { trainingRatings } from '../../src/graphs/recommenders/fit-data.ts';
import { identifierRanks } from '../../src/io/ratings/identifiers.ts';
import { joinRows } from '../../src/io/ratings/subset.ts';
import { evaluate } from '../../src/models/metrics/evaluate.ts';
import { meanOfFolds } from '../../src/models/metrics/mean-of-folds.ts';
import { ContentRidgeRecommender } from '../../src/models/recommenders/content-ridge.ts';

/** Strong enough for the ten or so training ratings of a user. */
const LAMBDA = 10;

/** A vector for each movie's clip, as input of a regression. */
export interface RidgeInput {
  readonly name: string;
  /** By clip id; all of the same length. */
  readonly vectors: ReadonlyMap<string, Float32Array>;
}

/** Figures of one regression in one scenario and seed, means of the folds. */
export interface RidgeFigures {
  readonly scenario: 'non-cold' | 'hard-cold';
  readonly label: string;
  readonly seed: number;
  readonly auc: number;
  readonly ndcg: number;
  readonly rmse: number;
}

/**
 * Scores ridge regressions on exactly the folds of an experiment, to compare with its recommenders.
 * They learn from training and validation ratings, as all recommenders do.
 *
 * @throws whatever `runExperiment` throws about its configuration and data.
 */
export async function ridgeFigures(config: ExperimentConfig, inputs: readonly RidgeInput[]): Promise<RidgeFigures[]> {
  const experiment = resolveConfig(config);
  const data = await openExperimentData(experiment);
  try {
    const scenarios = new ExperimentScenarios(experiment, data);
    const clipOf = (movie: string) => data.trailers?.trailersOf.get(movie)?.[0] ?? movie;
    const kinds = experiment.scenarios.filter((kind) => kind === 'non-cold' || kind === 'hard-cold');
    const figures: RidgeFigures[] = [];
    for (const scenario of kinds) {
      for (const seed of experiment.seeds) {
        const made = await scenarios.of(scenario, seed);
        for (const { name, vectors } of inputs) {
          const stacked = stack(made.scenario.ratings.itemIds.map((id) => vectors.get(clipOf(id)) ?? []));
          const { auc, rmse, ranking } = meanOfFolds(foldsOf(made, data.scale, stacked, name));
          figures.push({ scenario, label: name, seed, auc, rmse, ndcg: ranking['4']?.ndcg ?? Number.NaN });
        }
      }
    }
    return figures;
  } finally {
    await data.close();
  }
}

function foldsOf(
  { scenario: { ratings, splits } }: ScenarioData,
  scale: { minimum: number; maximum: number },
  input: { vectors: Float32Array; dimension: number },
  name: string,
) {
  return splits.map(({ train, validation, test }) => {
    const ridge = new ContentRidgeRecommender({ ...input, name, regularisation: LAMBDA });
    const rows = joinRows([train, validation]);
    ridge.fit(trainingRatings({ ratings, train: rows, validation: new Int32Array(0), scale }, rows));
    const users = Int32Array.from(test, (row) => ratings.users[row] as number);
    const items = Int32Array.from(test, (row) => ratings.items[row] as number);
    const values = Float32Array.from(test, (row) => ratings.values[row] as number);
    const predictions = ridge.predict(users, items);
    const itemOrder = identifierRanks(ratings.itemIds);
    return evaluate({ users, items, ratings: decimalRatings(values), predictions }, { scale, ks: [4], itemOrder });
  });
}

function stack(rows: readonly ArrayLike<number>[]): { vectors: Float32Array; dimension: number } {
  const dimension = rows[0]?.length ?? 0;
  const vectors = new Float32Array(rows.length * dimension);
  for (const [index, row] of rows.entries()) vectors.set(row, index * dimension);
  return { vectors, dimension };
}
