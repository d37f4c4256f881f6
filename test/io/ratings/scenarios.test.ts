import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FOLD_KINDS, type FoldKind, makeFolds } from '../../../src/io/ratings/folds.ts';
import { openMovieLens } from '../../../src/io/ratings/movielens.ts';
import { makeScenarioBeside } from '../../../src/io/ratings/scenario-thread.ts';
import { makeScenario, type Scenario } from '../../../src/io/ratings/scenarios.ts';
import type { Split } from '../../../src/io/ratings/split.ts';
import { withValidation } from '../../../src/io/ratings/validation.ts';
import { anyRatings, movieLensSmall, type Rating, ratingsOf, setOf, shuffledRatings, tableOf } from './fixtures.ts';

const anySeed = fc.integer({ min: 0, max: 0xffffffff });
const anyFolds = fc.integer({ min: 2, max: 3 });

/** The splits as sets of ratings, whatever the numbers of rows. */
const asSets = ({ ratings, splits }: Scenario) =>
  splits.map(({ train, validation, test }) => [train, validation, test].map((rows) => setOf(ratingsOf(ratings, rows))));

const itemsOf = ({ items, itemIds }: Scenario['ratings'], rows: Int32Array) =>
  new Set([...rows].map((row) => itemIds[items[row] as number]));

/** Enough items for the folds. */
const scenarioOf = (ratings: readonly Rating[], kind: FoldKind, folds: number, seed: number, cold = false) => {
  fc.pre(new Set(ratings.map(([, item]) => item)).size >= 3 * folds);
  return makeScenario(tableOf(ratings), {
    kind,
    folds,
    seed,
    validation: cold ? { kind: 'item-cold', share: 0.05 } : { share: 0.1 },
  });
};

describe('of any ratings, folds and seed', () => {
  test.each(FOLD_KINDS)('the parts of a %s split have no rating in common, and their rows ascend', (kind) => {
    fc.assert(
      fc.property(anyRatings, anyFolds, anySeed, (ratings, folds, seed) => {
        for (const { train, validation, test } of scenarioOf(ratings, kind, folds, seed).splits) {
          const all = [...train, ...validation, ...test];
          expect(new Set(all).size).toBe(all.length);
          for (const rows of [train, validation, test]) expect(rows).toEqual(rows.slice().sort());
          expect(train.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('of the test items of a fold half of each user\u2019s ratings are tested, rounded down, and every item belongs to one fold', () => {
    fc.assert(
      fc.property(anyRatings, anyFolds, anySeed, (ratings, folds, seed) => {
        const table = tableOf(ratings);
        fc.pre(table.itemIds.length >= folds);
        const cold = makeFolds(table, { kind: 'hard-cold', folds, seed });
        const testItems = cold.map(({ train }) => {
          const trained = itemsOf(table, train);
          return new Set(table.itemIds.filter((id) => !trained.has(id)));
        });
        for (const id of table.itemIds) expect(testItems.filter((items) => items.has(id))).toHaveLength(1);
        const sizes = testItems.map((items) => items.size);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        for (const [fold, { test }] of cold.entries()) {
          const tested = ratingsOf(table, test);
          for (const user of table.userIds) {
            const own = ratings.filter(([rater, item]) => rater === user && testItems[fold]?.has(item));
            expect(tested.filter(([rater]) => rater === user)).toHaveLength(Math.floor(own.length / 2));
          }
          expect(tested.every(([, item]) => testItems[fold]?.has(item))).toBe(true);
        }
      }),
    );
  });

  test.each([false, true])(
    'in hard-cold start nothing of a test item is in training or validation (item-cold: %s)',
    (cold) => {
      fc.assert(
        fc.property(anyRatings, anyFolds, anySeed, (ratings, folds, seed) => {
          const scenario = scenarioOf(ratings, 'hard-cold', folds, seed, cold);
          for (const { train, validation, test } of scenario.splits) {
            const tested = itemsOf(scenario.ratings, test);
            for (const item of itemsOf(scenario.ratings, train)) expect(tested.has(item)).toBe(false);
            for (const item of itemsOf(scenario.ratings, validation)) expect(tested.has(item)).toBe(false);
          }
        }),
      );
    },
  );

  test('non-cold and hard-cold start have identical test sets, and non-cold trains on all the rest', () => {
    fc.assert(
      fc.property(anyRatings, anyFolds, anySeed, (ratings, folds, seed) => {
        const [warm, cold] = [
          scenarioOf(ratings, 'non-cold', folds, seed),
          scenarioOf(ratings, 'hard-cold', folds, seed),
        ];
        expect(cold.ratings).toEqual(warm.ratings);
        for (const [fold, split] of warm.splits.entries()) {
          expect(split.test).toEqual((cold.splits[fold] as Split).test);
          expect(split.train.length + split.validation.length + split.test.length).toBe(ratings.length);
        }
      }),
    );
  });

  test.each(['leave-items-out', 'random'] as const)(
    '%s folds test every rating exactly once and train on the others',
    (kind) => {
      fc.assert(
        fc.property(anyRatings, anyFolds, anySeed, (ratings, folds, seed) => {
          const table = tableOf(ratings);
          fc.pre(table.itemIds.length >= folds);
          const splits = makeFolds(table, { kind, folds, seed });
          expect(splits.flatMap(({ test }) => [...test]).sort((left, right) => left - right)).toEqual([
            ...ratings.keys(),
          ]);
          for (const { train, test } of splits) {
            expect(train.length + test.length).toBe(ratings.length);
            if (kind === 'random') expect(Math.abs(test.length - ratings.length / folds)).toBeLessThan(1);
            else expect([...itemsOf(table, test)].some((item) => itemsOf(table, train).has(item))).toBe(false);
          }
        }),
      );
    },
  );

  test.each(FOLD_KINDS)('a %s scenario does not depend on the order of the ratings\u2019 lines', (kind) => {
    fc.assert(
      fc.property(shuffledRatings, anySeed, ([ratings, shuffled], seed) => {
        const parameters = { kind, seed, items: 9, users: 8, ratingsPerUser: 6, validation: { share: 0.2 } } as const;
        fc.pre(new Set(ratings.map(([, item]) => item)).size >= 9);
        const scenario = makeScenario(tableOf(ratings), parameters);
        expect(makeScenario(tableOf(shuffled), parameters)).toEqual(scenario);
      }),
    );
  });

  test('item-cold validation shares no item with training', () => {
    fc.assert(
      fc.property(anyRatings, anySeed, (ratings, seed) => {
        const { ratings: table, splits } = scenarioOf(ratings, 'hard-cold', 2, seed, true);
        for (const { train, validation } of splits) {
          expect([...itemsOf(table, validation)].some((item) => itemsOf(table, train).has(item))).toBe(false);
          expect(validation.length).toBeGreaterThanOrEqual(Math.round(0.05 * (train.length + validation.length)));
        }
      }),
    );
  });
});

test('the validation part is the stated share of the training ratings, and the test part stays', () => {
  const ratings = Array.from({ length: 200 }, (_, row): Rating => [String(row % 20), String(Math.floor(row / 20)), 3]);
  const table = tableOf(ratings);
  const [split] = makeFolds(table, { kind: 'random', folds: 2, seed: 3 }) as [Split, Split];
  const withTenth = withValidation(table, split, {}, 3);
  expect([withTenth.train.length, withTenth.validation.length]).toEqual([90, 10]);
  expect(withTenth.test).toEqual(split.test);
  expect(withValidation(table, withTenth, { kind: 'none' }, 3).train).toEqual(split.train);
  expect(() => withValidation(table, split, { share: 1 }, 3)).toThrow('validation.share');
});

test('another seed gives other splits', () => {
  const ratings = Array.from({ length: 300 }, (_, row): Rating => [String(row % 15), String(Math.floor(row / 15)), 4]);
  const sets = [1, 2].map((seed) => asSets(scenarioOf(ratings, 'non-cold', 2, seed)));
  expect(sets[0]).not.toEqual(sets[1]);
});

test('fewer items than folds, and unknown kinds, are refused', () => {
  const table = tableOf([['1', '2', 3]]);
  expect(() => makeFolds(table, { kind: 'non-cold', folds: 2, seed: 1 })).toThrow('2 folds need at least 2 items');
  expect(() => makeScenario(table, { kind: 'warm' as FoldKind })).toThrow('`kind` must be one of');
  expect(() => makeScenario(table, { kind: 'random', seed: -1 })).toThrow('`seed` must be an integer from 0');
});

test.skipIf(movieLensSmall === undefined)(
  'MovieLens latest-small, 400 items x 300 users, 20 ratings each, is split as stated (skipped where the data are absent)',
  async () => {
    const { ratings, movies } = await openMovieLens(movieLensSmall as string);
    const parameters = {
      items: 400,
      users: 300,
      ratingsPerUser: 20,
      seed: 1,
      filter: { years: { from: 1970, to: 2015 } },
    };
    const warm = makeScenario(ratings, { kind: 'non-cold', ...parameters }, movies);
    expect(warm.counts).toMatchObject({ users: 300, unknownItems: 0 });
    expect(warm.counts.ratings).toBeLessThanOrEqual(6000);
    expect(warm.counts.ratings).toBeGreaterThan(5500);
    const tests = warm.splits.map(({ test }) => test.length / warm.ratings.userIds.length);
    for (const each of tests) expect(each).toBeGreaterThan(4);
    for (const each of tests) expect(each).toBeLessThan(5.5);
  },
);

describe('a scenario of few ratings that is made beside other work', () => {
  const table = tableOf(
    Array.from({ length: 60 }, (_, at): Rating => [`u${at % 6}`, `i${Math.floor(at / 6)}`, 1 + (at % 5)]),
  );
  const parameters = { kind: 'non-cold', ratingsPerUser: 8, seed: 3 } as const;

  test('is the one that is made at once, and each stage is named', async () => {
    const stages: string[] = [];
    const made = await makeScenarioBeside(table, parameters, undefined, { onStage: (stage) => stages.push(stage) });
    expect(made).toEqual(makeScenario(table, parameters));
    expect(stages).toEqual([
      ...['filtering', 'choosing items and users', 'ordering', 'drawing ratings of each user', 'dividing into folds'],
      ...['validation part of fold-1', 'validation part of fold-2'],
    ]);
  });

  test('lets timers run between its stages, and hears an interrupt there', async () => {
    const stop = new AbortController();
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(makeScenarioBeside(table, parameters, undefined, { signal: stop.signal })).rejects.toThrow('enough');
  });
});
