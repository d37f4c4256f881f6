import { describe, expect, it } from 'vitest';
import { costText, experimentCost } from '../../../src/graphs/experiment/announce.ts';
import type { ExperimentConfig } from '../../../src/graphs/experiment/experiment-config.ts';
import type { ScenarioData } from '../../../src/graphs/experiment/experiment-scenarios.ts';
import { experimentEntries } from '../../../src/graphs/experiment/recommender-entries.ts';
import { resolveConfig } from '../../../src/graphs/experiment/resolve-config.ts';

const [users, items] = [30, 10];
const count = users * items;
const all = Int32Array.from({ length: count }, (_, row) => row);
const ratings = {
  users: all.map((row) => row % users),
  items: all.map((row) => Math.floor(row / users)),
  values: Float32Array.from(all, (row) => 1 + (row % 5)),
  timestamps: Float64Array.from(all),
  userIds: Array.from({ length: users }, (_, user) => String(user)),
  itemIds: Array.from({ length: items }, (_, item) => String(item)),
};
const turn = (row: number) => ((ratings.users[row] as number) + (ratings.items[row] as number)) % 10;
const part = (from: number, to: number) => all.filter((row) => turn(row) >= from && turn(row) < to);
const split = { name: 'fold', train: part(0, 7), validation: part(7, 8), test: part(8, 10) };
const scenario = { ratings, splits: [split] } as unknown as ScenarioData['scenario'];

function cost(config: Partial<ExperimentConfig>) {
  const { recommenders: [...names] = [], set = {} } = config;
  const own = Object.fromEntries(Object.entries(set).filter(([name]) => names.includes(name)));
  const given = { ratings: 'ml', scenarios: ['non-cold'], folds: 2, seeds: [1], concurrency: 1, ...config, set: own };
  const experiment = resolveConfig(given as ExperimentConfig);
  const data = { features: new Map(), scale: { minimum: 1, maximum: 5 } };
  return experimentCost(experiment, experimentEntries(experiment), { scenario }, data);
}

describe('what an experiment says that it will take', () => {
  it('counts the steps of histories of items, of users, and of ratings', () => {
    const set = {
      autorec: { epochs: 2, batch: 4 },
      sasrec: { epochs: 2, batch: 8 },
      gmf: { epochs: 2, batch: 100 },
    };
    // In each of two folds each is judged, then learns again: 10 items are 3 steps, 30 users 4, 240
    // ratings 3.
    expect(cost({ recommenders: ['autorec'], set })).toMatchObject({ fits: 0, trainings: 4, steps: 24 });
    expect(cost({ recommenders: ['sasrec'], set })).toMatchObject({ fits: 0, trainings: 4, steps: 32 });
    expect(cost({ recommenders: ['gmf'], set })).toMatchObject({ fits: 0, trainings: 4, steps: 24 });
    const both = cost({ recommenders: ['gmf', 'user-mean'], set });
    expect(both).toMatchObject({ fits: 4, trainings: 4, steps: 24 });
    expect(costText(both)).toContain(
      'all points take 4 fits of recommenders that do not train in epochs themselves, 4 trainings in epochs, 24 steps at most',
    );
  });

  it('counts the trainings of the neural parts of others', () => {
    const gmf = { recommender: 'gmf', options: { epochs: 2, batch: 100 } };
    // In each of two folds the whole is judged, then learns again; so does its part each time.
    const either = cost({ recommenders: ['switch'], set: { switch: { cold: 'user-mean', warm: gmf } } });
    expect(either).toMatchObject({ fits: 4, trainings: 8, steps: 48 });
    // Once more to find the weights.
    const parts = { parts: [gmf, 'user-mean'] };
    expect(cost({ recommenders: ['blend'], set: { blend: parts } })).toMatchObject({
      fits: 4,
      trainings: 16,
      steps: 96,
    });
    const weighted = cost({ recommenders: ['blend'], set: { blend: { ...parts, weights: [0.5, 0.5] } } });
    expect(weighted).toMatchObject({ trainings: 8, steps: 48 });
    expect(weighted.bytes).toBeGreaterThan(cost({ recommenders: ['blend'] }).bytes);
  });

  it('counts the weights of any of them', () => {
    const bytes = (recommender: string, options: object) =>
      cost({ recommenders: [recommender], set: { [recommender]: options } } as Partial<ExperimentConfig>).bytes;
    // A unit more has a weight to and from each of 30 users and a bias, and six numbers a row.
    const ofUnits = bytes('autorec', { hidden: 200, batch: 4 }) - bytes('autorec', { hidden: 100, batch: 4 });
    expect(ofUnits).toBe(4 * (18 * 61 * 100 + 4 * 6 * 100));
    // A number more in an embedding of each user and item, and one behind their product.
    const ofEmbedding = bytes('gmf', { embedding: 200 }) - bytes('gmf', { embedding: 100 });
    expect(ofEmbedding).toBe(4 * 18 * 100 * (users + items + 1));
  });

  it('counts one fold of a scenario that time divides', () => {
    expect(cost({ recommenders: ['user-mean'], scenarios: ['time'], folds: 5, refit: false })).toMatchObject({
      fits: 1,
    });
  });
});
