import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Draws, orderOfDraws } from '../../../src/io/ratings/draws.ts';
import { filterRatings } from '../../../src/io/ratings/filters.ts';
import { compareIdentifiers, identifierRanks } from '../../../src/io/ratings/identifiers.ts';
import type { Movie } from '../../../src/io/ratings/movies.ts';
import { ratingsPerUser, startingSubset } from '../../../src/io/ratings/subset.ts';
import { anyRatings, type Rating, ratingsOf, tableOf } from './fixtures.ts';

const movie = (id: string, year: number | undefined, ...genres: string[]): [string, Movie] => [
  id,
  { id, title: id, year, genres },
];
const movies = new Map([movie('1', 1969, 'Drama'), movie('2', 1970, 'Drama', 'War'), movie('3', undefined, 'War')]);
const table = tableOf(['1', '2', '3', '4'].map((item): Rating => ['u', item, 3]));

describe('ratings are filtered', () => {
  const items = (filter: Parameters<typeof filterRatings>[1]) =>
    ratingsOf(table, filterRatings(table, filter, movies).rows).map(([, item]) => item);

  test('by years, genres and features, an item without a year passing no year', () => {
    expect(items({})).toEqual(['1', '2', '3', '4']);
    expect(items({ years: { from: 1970, to: 2015 } })).toEqual(['2']);
    expect(items({ years: { to: 1970 } })).toEqual(['1', '2']);
    expect(items({ genres: ['war'] })).toEqual(['2', '3']);
    expect(items({ itemsWithFeatures: new Set(['1', '4']) })).toEqual(['1', '4']);
    expect(items({ genres: ['Drama'], years: { from: 1970 }, itemsWithFeatures: new Set(['2']) })).toEqual(['2']);
    expect(filterRatings(table, {}, movies)).toMatchObject({ items: 4, unknownItems: 1 });
  });

  test('and conditions that cannot be judged are refused', () => {
    expect(() => filterRatings(table, { genres: ['War'] })).toThrow('need a list of movies');
    expect(() => items({ genres: ['Wra'] })).toThrow("'Wra' is not one");
    expect(() => items({ years: { from: 2000, to: 1990 } })).toThrow('2000 to 1990');
  });
});

test('the starting subset has the items and users with most ratings, ties by ascending id', () => {
  const ratings: Rating[] = [];
  for (const [user, items] of [
    ['10', '2 3 4'],
    ['9', '2 10'],
    ['100', '10 3'],
    ['1', '4'],
  ] as const) {
    for (const item of items.split(' ')) ratings.push([user, item, 3]);
  }
  const given = tableOf(ratings);
  // All items have two ratings: 2 and 3 come first. Users 10 has three, 9 and 100 two.
  const subset = startingSubset(given, { items: 2, users: 2 });
  expect(ratingsOf(given, subset.rows)).toEqual([
    ['10', '2', 3],
    ['10', '3', 3],
    ['9', '2', 3],
  ]);
  // Numbers of ratings are counted among the filtered ones only.
  const filtered = filterRatings(given, { itemsWithFeatures: new Set(['10', '4']) }).rows;
  expect(ratingsOf(given, startingSubset(given, { items: 1, users: 1 }, filtered).rows)).toEqual([['1', '4', 3]]);
  expect(startingSubset(given, { items: 99, users: 99 })).toMatchObject({ items: 4, users: 4 });
  expect(() => startingSubset(given, { items: 0, users: 1 })).toThrow('`items` must be an integer');
});

test('a user keeps the stated number of ratings; those with fewer keep all, or are left out', () => {
  fc.assert(
    fc.property(anyRatings, fc.integer({ min: 1, max: 8 }), fc.nat(), (ratings, count, seed) => {
      const given = tableOf(ratings);
      const own = (rows: Int32Array, user: string) => ratingsOf(given, rows).filter(([rater]) => rater === user).length;
      const keep = ratingsPerUser(given, { count, seed });
      const drop = ratingsPerUser(given, { count, seed, fewer: 'drop' });
      let few = 0;
      for (const user of given.userIds) {
        const all = ratings.filter(([rater]) => rater === user).length;
        expect(own(keep.rows, user)).toBe(Math.min(count, all));
        expect(own(drop.rows, user)).toBe(all < count ? 0 : count);
        few += all < count ? 1 : 0;
      }
      expect([keep.usersWithFewer, drop.usersWithFewer]).toEqual([few, few]);
    }),
  );
});

test('a smaller sample of a user is part of a larger one', () => {
  const given = tableOf(Array.from({ length: 50 }, (_, item): Rating => ['u', String(item), 3]));
  const [small, large] = [10, 20].map((count) => new Set(ratingsPerUser(given, { count, seed: 5 }).rows));
  expect([...(small as Set<number>)].every((row) => large?.has(row))).toBe(true);
});

describe('draws', () => {
  test('are the same on every machine: as computed by the formula in Python', () => {
    const draws = new Draws(7, 'test');
    expect([...draws.ofIds(['1', 'caf\u00e9'])]).toEqual([0.2581078207339722, 0.0038216283895946557]);
    expect([...draws.ofRatings(tableOf([['1', '2', 3]]))]).toEqual([0.03621863708170514]);
  });

  test('are even and independent of each other: mean, variance, ten bins, correlation of two purposes', () => {
    const ids = Array.from({ length: 300 }, (_, index) => String(index));
    const pairs = tableOf(ids.flatMap((user) => ids.map((item): Rating => [user, item, 1])));
    const [one, two] = ['a', 'b'].map((purpose) => new Draws(1, purpose).ofRatings(pairs)) as [
      Float64Array,
      Float64Array,
    ];
    const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean(one) - 0.5)).toBeLessThan(0.005);
    expect(Math.abs(mean(one.map((value) => (value - 0.5) ** 2)) - 1 / 12)).toBeLessThan(0.002);
    for (let bin = 0; bin < 10; bin += 1) {
      const count = one.filter((value) => Math.floor(value * 10) === bin).length;
      expect(Math.abs(count - 9000)).toBeLessThan(400);
    }
    expect(Math.abs(mean(one.map((value, index) => (value - 0.5) * ((two[index] as number) - 0.5))))).toBeLessThan(
      0.002,
    );
    expect(orderOfDraws(Float64Array.of(0.5, 0.1, 0.5, 0.3))).toEqual(Int32Array.of(1, 3, 0, 2));
  });
});

test('ids ascend as numbers first, then as texts, and their ranks say so', () => {
  const ids = ['b', '10', '9', 'a', '007', '7', '100000000000000000000', '-1'];
  const sorted = ['7', '9', '10', '100000000000000000000', '-1', '007', 'a', 'b'];
  expect([...ids].sort(compareIdentifiers)).toEqual(sorted);
  expect(ids.map((id, index) => sorted[identifierRanks(ids)[index] as number] === id)).toEqual(ids.map(() => true));
});
