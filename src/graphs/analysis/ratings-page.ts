import { basename, resolve } from 'node:path';
import { barFigure, lineFigure, matrixFigure, pictureFigure } from '../../io/report/figures.ts';
import { type Html, html } from '../../io/report/html.ts';
import { pageHtml } from '../../io/report/page.ts';
import { bandFigure, boxesFigure } from '../../io/report/series-figures.ts';
import { counted, figureHtml, tableHtml } from '../../io/report/table.ts';
import { type LongTail, type RatingAnalysis, type RatingGroup, SPARSITY_CELLS } from './analyse-ratings.ts';
import { type RatingPart, THRESHOLDS } from './rating-parts.ts';

/** The page that shows an analysis of ratings. */
export function ratingsPage(analysis: RatingAnalysis): string {
  const { path, ratings, users, movies, mean, scale } = analysis;
  return pageHtml({
    title: 'What is in the ratings',
    warnings: [],
    summary: `${basename(resolve(path))}: ${counted(ratings, 'rating')} of ${counted(movies, 'movie')} by ${counted(users, 'user')}, from ${scale.minimum} to ${scale.maximum}, ${mean.toFixed(3)} on average.`,
    sections: [
      { id: 'size', heading: 'Size', body: sizeBody(analysis) },
      { id: 'values', heading: 'Values, and thresholds of relevance', body: valuesBody(analysis) },
      { id: 'decades', heading: 'By decade and year', body: yearsBody(analysis) },
      { id: 'genres', heading: 'By genre', body: genresBody(analysis) },
      { id: 'tails', heading: 'Long tails', body: tailsBody(analysis) },
      { id: 'sparsity', heading: 'Who rated what', body: sparsityBody(analysis) },
    ],
  });
}

function sizeBody({ parts, listed, movies, withoutMovie }: RatingAnalysis): Html {
  const row = (name: string, value: (part: RatingPart) => string) => [name, ...parts.map(value)];
  return html`${tableHtml(
    'The ratings in numbers',
    ['what', ...parts.map(({ name }) => name)],
    [
      row('Ratings', (part) => counted(part.ratings)),
      row('Users', (part) => counted(part.users)),
      row('Movies', (part) => counted(part.movies)),
      row('Ratings per movie', ({ perMovie }) => perMovie.toFixed(1)),
      row('Ratings per user', ({ perUser }) => perUser.toFixed(1)),
      row('Pairs of user and movie that are rated', (part) => percent(part.ratings / (part.users * part.movies))),
      row('Years', ({ years }) => (years === undefined ? '-' : `${years.from} to ${years.to}`)),
      row('Genres', ({ genres }) => String(genres)),
      row('Ratings from, to', ({ scale }) => `${scale.minimum} to ${scale.maximum}`),
      row('Mean', ({ mean }) => mean.toFixed(3)),
    ],
    { captioned: false },
  )}<p>${counted(movies)} of ${counted(listed, 'listed movie')} are rated.${
    withoutMovie > 0 ? ` Movies that are not listed have ${counted(withoutMovie, 'rating')}.` : ''
  }</p>`;
}

function valuesBody({ byValue, parts, mean, median }: RatingAnalysis): Html {
  const bars = byValue.map(({ value, ratings }) => ({ name: String(value), value: ratings }));
  return html`${figureHtml(barFigure(bars, { figure: 'Ratings by value', x: 'rating', y: 'ratings' }), `The mean is ${mean.toFixed(3)}, the median ${median}.`)}
<p>A recommender that predicts the mean recommends everything if the mean lies above the threshold, and nothing if it lies below. This alone decides whole rows of a table of precision.</p>
${tableHtml(
  'Shares of relevant ratings',
  [
    'ratings',
    'mean',
    ...THRESHOLDS.flatMap((threshold) => [`above ${threshold}`, `at least ${threshold}`]),
    'the mean is above',
  ],
  parts.map(({ name, thresholds, mean: own }) => [
    ...[name, own.toFixed(3)],
    ...thresholds.flatMap(({ above, atLeast }) => [percent(above), percent(atLeast)]),
    THRESHOLDS.filter((threshold) => own > threshold).join(' and ') || '-',
  ]),
)}`;
}

function yearsBody({ byDecade, byYear, withoutYear }: RatingAnalysis): Html {
  const known = byYear.filter(({ ratings }) => ratings >= LEAST_OF_YEAR);
  const spread = known.map(({ name, lowerQuartile, upperQuartile, mean }) => ({
    ...{ x: Number(name), low: lowerQuartile, high: upperQuartile, y: mean },
  }));
  if (byYear.length === 0) return html`<p>No movie has a year in its title.</p>`;
  return html`<div class="pair">${boxes(byDecade, 'Ratings by decade of the movie')}${tableHtml('Ratings by decade', HEAD, byDecade.map(line))}</div>
<div class="pair">${figureHtml(
    lineFigure(
      byYear.map(({ name, ratings }) => ({ x: Number(name), y: ratings })),
      { figure: 'Ratings by year of the movie', x: 'year', y: 'ratings' },
      { counts: true },
    ),
    `Ratings by the year of the movie${withoutYear > 0 ? `; movies without a year have ${counted(withoutYear, 'rating')}` : ''}.`,
  )}
${
  spread.length === 0
    ? html`<p>No year has ${LEAST_OF_YEAR} ratings, so their spread by year is not shown.</p>`
    : figureHtml(
        bandFigure(spread, { figure: 'Ratings by year of the movie, mean and middle half', x: 'year', y: 'rating' }),
        `The mean rating of the movies of each year, and the middle half of their ratings, for years with at least ${LEAST_OF_YEAR} ratings: old movies that are still watched tend to be liked.`,
      )
}</div>`;
}

/** Quartiles of fewer ratings are meaningless. */
const LEAST_OF_YEAR = 50;

function boxes(groups: readonly RatingGroup[], figure: string): Html | undefined {
  return groups.length === 0
    ? undefined
    : figureHtml(
        boxesFigure(groups, { figure, x: 'rating', y: '' }),
        'A box holds the middle half of the ratings, its line is the median, the dot the mean; nine tenths lie within the whiskers.',
      );
}

function genresBody({ byGenre, genres, genrePairs, halfDecades, genreShares }: RatingAnalysis): Html {
  if (genres.length === 0) return html`<p>No movie has a genre.</p>`;
  const shares = Float64Array.from(genrePairs, (pairs, at) => {
    const row = Math.floor(at / genres.length);
    const own = genrePairs[row * genres.length + row] as number;
    return own === 0 ? Number.NaN : pairs / own;
  });
  const falling = [...byGenre].sort((a, b) => b.ratings - a.ratings);
  return html`<div class="pair">${boxes(falling, 'Ratings by genre')}${tableHtml('Ratings by genre; a movie counts for each of its genres', HEAD, falling.map(line))}</div>
${figureHtml(matrixFigure(genres, shares, 'Genres that come together'), "The share of the movies with the row's genre that also have the column's genre.")}
<details><summary>How many movies have both genres</summary>${tableHtml(
    'Movies with both genres',
    ['genre', ...genres],
    genres.map((genre, row) => [
      genre,
      ...genres.map((_, column) => counted(genrePairs[row * genres.length + column] as number)),
    ]),
  )}</details>
${
  halfDecades.length === 0
    ? undefined
    : figureHtml(
        matrixFigure(genres, genreShares, 'Share of each genre by half decade', halfDecades),
        "The share of the ratings of movies from the column's half decade that goes to movies of the genre; a movie counts for each of its genres.",
      )
}`;
}

function tailsBody({ items, raters }: RatingAnalysis): Html {
  const tail = ({ counts, shareOfHead }: LongTail, of: string) => {
    const head = Math.ceil(0.3 * counts.length);
    const rest = head >= counts.length ? [] : thinned(counts.subarray(head)).map(({ x, y }) => ({ x: x + head, y }));
    return html`<div class="pair">${figureHtml(
      lineFigure(
        thinned(counts),
        { figure: `Ratings of each ${of}, by rank`, x: `rank of the ${of}`, y: 'ratings' },
        { logX: true, logY: true },
      ),
      `Ratings of each ${of}, the most rated first.${
        rest.length === 0
          ? ''
          : ` 30 % of them have ${percent(shareOfHead)} of all ratings; the other 70 % have ${percent(1 - shareOfHead)}.`
      }`,
    )}${
      rest.length === 0
        ? undefined
        : figureHtml(
            lineFigure(
              rest,
              { figure: `Ratings of each ${of}, the 70 % with the fewest`, x: `rank of the ${of}`, y: 'ratings' },
              { logY: true },
            ),
            `The same for the 70 % with the fewest, on a linear axis of ranks.`,
          )
    }</div>`;
  };
  return html`${tail(items, 'movie')}${tail(raters, 'user')}`;
}

function sparsityBody({ sparsity, sparsityUsers, sparsityMovies, density }: RatingAnalysis): Html {
  return figureHtml(
    pictureFigure(sparsity, SPARSITY_CELLS, sparsityMovies, sparsityUsers, 'Which users rated which movies'),
    `${counted(sparsityUsers, 'user')} (down) and ${counted(sparsityMovies, 'movie')} (across), a regular sample, in the order in which the file first names them, so later movies have no ratings by the first users. A dot is a rating. ${percent(density)} of all pairs are rated.`,
  );
}

/** Quartiles, named by the share of ratings below them. */
const HEAD = ['group', 'movies', 'ratings', 'mean', '25 %', 'median', '75 %'] as const;

function line({ name, movies, ratings, mean, lowerQuartile, median, upperQuartile }: RatingGroup): string[] {
  return [
    name,
    counted(movies),
    counted(ratings),
    mean.toFixed(3),
    ...[lowerQuartile, median, upperQuartile].map((value) => value.toFixed(2)),
  ];
}

/** A falling curve, sampled at about two hundred ranks evenly spaced on a logarithmic axis. */
function thinned(counts: Int32Array): { x: number; y: number }[] {
  const ranks = new Set(Array.from({ length: 200 }, (_, at) => Math.max(1, Math.round(counts.length ** (at / 199)))));
  return [...ranks].map((rank) => ({ x: rank, y: counts[rank - 1] as number }));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}
