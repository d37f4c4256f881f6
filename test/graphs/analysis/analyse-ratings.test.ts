import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyseRatings } from '../../../src/graphs/analysis/analyse-ratings.ts';
import { ratingsPage } from '../../../src/graphs/analysis/ratings-page.ts';

const directory = mkdtempSync(join(tmpdir(), 'reelflow-ratings-'));
afterAll(() => rmSync(directory, { recursive: true }));

writeFileSync(
  join(directory, 'movies.csv'),
  'movieId,title,genres\n1,One (1994),Comedy|Drama\n2,Two (1999),Drama\n3,"Three, <b>bold</b>",Comedy\n4,Four (2001),War\n',
);
writeFileSync(
  join(directory, 'ratings.csv'),
  'userId,movieId,rating,timestamp\n1,1,4,0\n1,2,3,0\n2,1,5,0\n2,3,2,0\n3,1,3.5,0\n3,9,1,0\n',
);

describe('an analysis of ratings', () => {
  it('counts what is there, by value, decade, year and genre', async () => {
    const found = await analyseRatings(directory);
    expect(found).toMatchObject({
      ...{ ratings: 6, users: 3, movies: 4, listed: 4, perMovie: 1.5, perUser: 2, density: 0.5 },
      ...{ mean: 18.5 / 6, median: 3.25, withoutMovie: 1, withoutYear: 2 },
    });
    expect(found.byValue).toEqual([1, 2, 3, 3.5, 4, 5].map((value) => ({ value, ratings: 1 })));
    expect(found.byDecade).toEqual([
      {
        ...{ name: '1990s', movies: 2, ratings: 4, mean: 15.5 / 4, lowerQuartile: 3.375, median: 3.75 },
        // Of 3, 3.5, 4, 5 as numpy has them: percentiles 5 and 95.
        ...{ upperQuartile: 4.25, lowest: expect.closeTo(3.075, 12), highest: expect.closeTo(4.85, 12) },
      },
    ]);
    expect(found.byYear.map(({ name, ratings }) => [name, ratings])).toEqual([
      ['1994', 3],
      ['1999', 1],
    ]);
    expect(found.byGenre.map(({ name, movies, ratings }) => [name, movies, ratings])).toEqual([
      ['Comedy', 2, 4],
      ['Drama', 2, 4],
    ]);
    expect(found.halfDecades).toEqual(['1990 to 1994', '1995 to 1999']);
    // Rows: Comedy, Drama, War.
    expect([...found.genreShares]).toEqual([1, 0, 1, 1, 0, 0]);
    expect(found.parts).toEqual([
      {
        ...{ name: 'in the file', ratings: 6, users: 3, movies: 4, perMovie: 1.5, perUser: 2, genres: 2 },
        ...{ years: { from: 1994, to: 1999 }, scale: { minimum: 1, maximum: 5 }, mean: 18.5 / 6 },
        thresholds: [
          { threshold: 3, above: 3 / 6, atLeast: 4 / 6 },
          { threshold: 3.5, above: 2 / 6, atLeast: 3 / 6 },
          { threshold: 4, above: 1 / 6, atLeast: 2 / 6 },
        ],
      },
    ]);
  });

  it('counts what a selection leaves beside the file, and what each scenario trains on', async () => {
    const place = join(directory, 'many');
    mkdirSync(place);
    const movies = Array.from({ length: 8 }, (_, at) => `${at + 1},Movie ${at + 1} (${1990 + at}),Drama`);
    writeFileSync(join(place, 'movies.csv'), `movieId,title,genres\n${movies.join('\n')}\n`);
    // Each of ten users has rated all of eight movies.
    const lines = Array.from({ length: 80 }, (_, at) => `${1 + Math.floor(at / 8)},${1 + (at % 8)},${1 + (at % 5)},0`);
    writeFileSync(join(place, 'ratings.csv'), `userId,movieId,rating,timestamp\n${lines.join('\n')}\n`);
    const { parts } = await analyseRatings(place, { years: { from: 1994 }, scenarios: ['non-cold', 'hard-cold'] });
    expect(parts.map(({ name, ratings, movies: count, users }) => [name, ratings, count, users])).toEqual([
      ['in the file', 80, 8, 10],
      ['selected', 40, 4, 10],
      ['non-cold, training', expect.any(Number), 4, 10],
      // Half of the movies are new in the test set of a fold, and some of the others in validation.
      ['hard-cold, training', expect.any(Number), expect.any(Number), 10],
    ]);
    const [, selected, warm, cold] = parts;
    expect(selected?.years).toEqual({ from: 1994, to: 1997 });
    expect(warm?.ratings).toBeLessThan(40);
    expect(cold?.movies).toBeLessThanOrEqual(2);
    expect(ratingsPage(await analyseRatings(place, { perUser: 4 }))).toContain('selected');
  });

  it('ranks movies and users by their ratings, and pairs the genres of rated movies', async () => {
    const { items, raters, genres, genrePairs, sparsity } = await analyseRatings(directory);
    expect([...items.counts]).toEqual([3, 1, 1, 1]);
    expect(items.shareOfHead).toBeCloseTo(4 / 6, 12);
    expect([...raters.counts]).toEqual([2, 2, 2]);
    expect(genres).toEqual(['Comedy', 'Drama', 'War']);
    expect([...genrePairs]).toEqual([2, 1, 0, 1, 2, 0, 0, 0, 0]);
    expect(sparsity.reduce((sum, dot) => sum + dot, 0)).toBe(6);
  });

  it('is shown on a page that needs no script', async () => {
    const page = ratingsPage(await analyseRatings(directory));
    expect(page).not.toContain('<script');
    expect(page).toContain('By genre');
    expect(page).not.toMatch(/<th[^>]*><\/th>/);
    expect(page).not.toContain(tmpdir());
    const quartiles = [...page.matchAll(/<th scope="row">1990s<\/th>.*?<\/tr>/g)][0]?.[0].match(/\d\.\d+(?=<)/g);
    expect(quartiles).toEqual(['3.875', '3.38', '3.75', '4.25']);
  });
});
