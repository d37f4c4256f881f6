import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BaselineRecommender } from '../src/models/recommenders/baseline.ts';
import { KnnRecommender, knnPredictions } from '../src/models/recommenders/knn.ts';
import type { Recommender, TrainingRatings } from '../src/models/recommenders/recommender.ts';
import { similarityNames } from '../src/models/recommenders/similarity.ts';
import { SvdRecommender } from '../src/models/recommenders/svd.ts';

/** One setting as the reference file describes it, and what Surprise computed. */
export interface Setting {
  readonly model: string;
  readonly options: string;
  readonly rmse: number;
  readonly mae: number;
  readonly fitCpuSeconds: number;
  readonly testCpuSeconds: number;
}

/** The settings, and the ratings on which they were computed: every fifth row is a test row. */
export function readReference(data: string): {
  settings: readonly Setting[];
  train: TrainingRatings;
  test: TrainingRatings;
} {
  const { results } = JSON.parse(readFileSync(join(data, 'reference/surprise_ml_latest_small.json'), 'utf8'));
  const lines = readFileSync(join(data, 'ml-latest-small/ratings.csv'), 'utf8').trim().split('\n').slice(1);
  const userNumbers = new Map<string, number>();
  const itemNumbers = new Map<string, number>();
  const rows = lines.map((line) => {
    const [user = '', item = '', value = ''] = line.split(',');
    return { user: numberOf(userNumbers, user), item: numberOf(itemNumbers, item), value: Number(value) };
  });
  const ratings = (kept: typeof rows): TrainingRatings => ({
    users: Int32Array.from(kept, ({ user }) => user),
    items: Int32Array.from(kept, ({ item }) => item),
    values: Float32Array.from(kept, ({ value }) => value),
    userCount: userNumbers.size,
    itemCount: itemNumbers.size,
    scale: { minimum: 0.5, maximum: 5 },
  });
  return {
    settings: results,
    train: ratings(rows.filter((_row, index) => index % 5 !== 0)),
    test: ratings(rows.filter((_row, index) => index % 5 === 0)),
  };
}

/** The model that a setting of the file names. */
export function settingOf({ model, options }: Pick<Setting, 'model' | 'options'>): Recommender {
  if (model === 'baseline') return new BaselineRecommender({ method: options.startsWith('sgd') ? 'sgd' : 'als' });
  if (model === 'svd') {
    const seed = Number(/seed (\d+)/.exec(options)?.[1]);
    return new SvdRecommender({ biased: !options.includes('unbiased'), seed });
  }
  const [neighbours = '', similarity = '', prediction = ''] = options.split(', ');
  return new KnnRecommender({
    between: model === 'user-knn' ? 'users' : 'items',
    neighbours: Number(neighbours.replace('k ', '')),
    similarity: found(similarityNames, similarity),
    prediction: found(knnPredictions, prediction),
  });
}

function found<T extends string>(names: readonly T[], name: string): T {
  const match = names.find((it) => it === name);
  if (match === undefined) throw new Error(`the reference file names ${name}, which is not one of ${names.join(', ')}`);
  return match;
}

function numberOf(numbers: Map<string, number>, id: string): number {
  const known = numbers.get(id);
  if (known !== undefined) return known;
  numbers.set(id, numbers.size);
  return numbers.size - 1;
}
