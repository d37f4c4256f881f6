import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openMovieLens } from '../../../src/io/ratings/movielens.ts';
import { readMovies, yearOf } from '../../../src/io/ratings/movies.ts';
import { moviesWithFeatures, readTrailers } from '../../../src/io/ratings/trailers.ts';
import { fileOf, movieLensSmall, temporaryDirectory } from './fixtures.ts';

const flags = (...set: number[]) => Array.from({ length: 19 }, (_, index) => (set.includes(index) ? 1 : 0)).join('|');

async function directoryOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const directory = join(await temporaryDirectory(), 'ml');
  await mkdir(directory);
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return directory;
}

describe('a MovieLens directory is told by its files:', () => {
  test('100K', async () => {
    const items = [
      `1|Toy Story (1995)|01-Jan-1995||http://x|${flags(3, 4, 5)}`,
      `2|Mis\u00e9rables, Les (1995)|01-Jan-1995||http://x|${flags(8)}`,
      `267|unknown||||${flags(0)}`,
    ];
    const directory = await directoryOf({
      'u.data': '196\t2\t3\t881250949\n',
      'u.item': Buffer.from(items.join('\n'), 'latin1'),
    });
    const { ratings, movies, scale, trailers } = await openMovieLens(directory);
    expect(ratings.userIds).toEqual(['196']);
    expect(movies.get('1')?.genres).toEqual(['Animation', "Children's", 'Comedy']);
    expect(movies.get('2')).toEqual({ id: '2', title: 'Mis\u00e9rables, Les (1995)', year: 1995, genres: ['Drama'] });
    expect(movies.get('267')).toEqual({ id: '267', title: 'unknown', year: undefined, genres: [] });
    expect(scale).toEqual({ minimum: 1, maximum: 5 });
    expect(trailers).toBeUndefined();
  });

  test.each([
    ['1M', { 'users.dat': '1::F::1::10::48067\n' }, 'latin1', 1],
    ['10M', { 'tags.dat': '15::4973::excellent!::1215184630\n' }, 'utf8', 0.5],
  ] as const)('%s', async (_, extra, encoding, minimum) => {
    const movies = Buffer.from(
      '1::Caf\u00e9: a::b (1994)::Drama|Romance\r\n2::Nothing (1990)::(no genres listed)\r\n',
      encoding,
    );
    const directory = await directoryOf({ 'ratings.dat': '1::2::5::978300760\n', 'movies.dat': movies, ...extra });
    const opened = await openMovieLens(directory);
    expect(opened.movies.get('1')).toMatchObject({ title: 'Caf\u00e9: a::b (1994)', genres: ['Drama', 'Romance'] });
    expect(opened.movies.get('2')?.genres).toEqual([]);
    expect(opened.scale.minimum).toBe(minimum);
  });

  test('20M and later', async () => {
    const directory = await directoryOf({
      'ratings.csv': 'userId,movieId,rating,timestamp\n1,3,0.5,1\n',
      'movies.csv': 'movieId,title,genres\n3,"Usual ""S"", The (1995)",Crime|Mystery\n',
      'ml-youtube.csv': 'youtubeId,movieId,title\nK26_sDKnvMU,3,x\n',
    });
    const { movies, trailers } = await openMovieLens(directory);
    expect(movies.get('3')).toMatchObject({ title: 'Usual "S", The (1995)', year: 1995 });
    expect(trailers?.moviesOf.get('K26_sDKnvMU')).toEqual(['3']);
  });

  test('anything else is refused', async () => {
    await expect(openMovieLens(await directoryOf({ 'ratings.csv': 'x' }))).rejects.toThrow(
      /must have ratings.csv and movies.csv, or/,
    );
    await expect(openMovieLens('/nowhere/at/all')).rejects.toThrow('cannot be opened');
  });

  test('a rating off the scale is a bad line', async () => {
    const directory = await directoryOf({ 'u.data': '1\t2\t0.5\t8\n', 'u.item': `1|T (1995)|||u|${flags(1)}\n` });
    await expect(openMovieLens(directory)).rejects.toMatchObject({ line: 1, code: 'bad-line' });
  });
});

test.each([
  ['Toy Story (1995)', 1995],
  ['Assembly (Ji jie hao) (2007) ', 2007],
  ['Fawlty Towers (1975-1979)', 1975],
  ['Doctor Who (2005\u2013 )', 2005],
  ['2001: A Space Odyssey (1968)', 1968],
  ['"11\'09""01 - September 11 (2002)"', 2002],
  ['Babylon 5', undefined],
  ['(1995) backwards', undefined],
])('the year of %j is %s', (title, year) => {
  expect(yearOf(title)).toBe(year);
});

test('a list of movies with a bad line is refused, or the line passed over and counted', async () => {
  const path = await fileOf(
    'movieId,title,genres\n1,A (1990),Drama\n1,B,Drama\n,C,Drama\n2,D\n"3","E\nF",x\n',
    'movies.csv',
  );
  await expect(readMovies(path)).rejects.toMatchObject({ line: 3, reason: "movie '1' is in the list already" });
  const { movies, badLines } = await readMovies(path, { skipBadLines: true });
  expect([...movies.keys()]).toEqual(['1', '3']);
  expect(badLines.count).toBe(3);
});

test('one trailer may serve several movies, and features reach movies through it', async () => {
  const path = await fileOf('youtubeId,movieId,title\nabc,10,x\nabc,9,y\nabc,9,y\nxyz,9,z\n', 'ml-youtube.csv');
  const trailers = await readTrailers(path);
  expect(trailers.moviesOf.get('abc')).toEqual(['9', '10']);
  expect(trailers.trailersOf.get('9')).toEqual(['abc', 'xyz']);
  expect([...moviesWithFeatures(['abc', '77'], trailers)]).toEqual(['9', '10', '77']);
  expect([...moviesWithFeatures(['abc'])]).toEqual(['abc']);
});

test.skipIf(movieLensSmall === undefined)(
  'MovieLens latest-small has its 100,836 ratings and 9,742 movies (skipped where the data are absent)',
  async () => {
    const { ratings, movies, trailers, report } = await openMovieLens(movieLensSmall as string);
    expect(ratings.values.length).toBe(100_836);
    expect(ratings.userIds.length).toBe(610);
    expect(ratings.itemIds.length).toBe(9_724);
    expect(report).toMatchObject({ lines: 100_837, duplicates: 0, badLines: { count: 0 } });
    expect(movies.size).toBe(9_742);
    expect(movies.get('7789')?.title).toBe('"11\'09""01 - September 11 (2002)"');
    expect([...movies.values()].filter(({ year }) => year === undefined)).toHaveLength(13);
    expect(trailers?.moviesOf.get('K26_sDKnvMU')).toEqual(['1']);
  },
);
