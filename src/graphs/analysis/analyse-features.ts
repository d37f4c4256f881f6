import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { nameOfFeatures } from '../../io/dataset/training-store-path.ts';
import { openMovieLens } from '../../io/ratings/movielens.ts';
import { readMovies } from '../../io/ratings/movies.ts';
import { readTrailers } from '../../io/ratings/trailers.ts';
import { type TableChoice, tableChoice } from '../table-choice.ts';
import { analyseStream, type StreamAnalysis, type StreamAnalysisOptions } from './analyse-stream.ts';
import { dimensionOf, type FeatureRows, openFeatureTable } from './feature-rows.ts';

/** Which features to analyse, and how. */
export interface AnalyseFeaturesOptions extends StreamAnalysisOptions, TableChoice {
  /** Streams to analyse. Default: all. */
  readonly streams?: readonly string[] | undefined;
  /** A list of movies: titles for the page, and genres. */
  readonly movies?: string | undefined;
  /** Which trailers show which movies, if the ids of the features are those of trailers. */
  readonly trailers?: string | undefined;
  /** A MovieLens directory, whose mean ratings are probed; its list of movies is also used. */
  readonly ratings?: string | undefined;
  /** Skips bad lines of ratings and lists. */
  readonly skipBadLines?: boolean | undefined;
}

const known: KnownOptions<AnalyseFeaturesOptions> = {
  ...tableChoice,
  streams: true,
  ...{ movies: true, trailers: true, ratings: true, skipBadLines: true },
  ...{ neighbours: true, minDistance: true, innerRule: true, seed: true, signal: true, onMessage: true },
  onProgress: true,
};

/** Those of the options that decide what an analysis finds. */
export function optionsOfAnalysis(options: AnalyseFeaturesOptions): Omit<AnalyseFeaturesOptions, 'signal'> {
  const { signal: _, onMessage: __, onProgress: ___, ...rest } = options;
  return rest;
}

/**
 * A layout needs at least this many rows; a stream with fewer, such as the sound of silent films,
 * is left out.
 */
const LEAST_ROWS = 5;

/** An item's title and genres. */
export interface ItemLabel {
  readonly title?: string | undefined;
  readonly genres: readonly string[];
}

/** The result of analysing features. */
export interface FeatureAnalysis {
  readonly path: string;
  readonly name: string;
  readonly statistic: string | undefined;
  readonly streams: readonly StreamAnalysis[];
  /** The rows of each stream. */
  readonly of: ReadonlyMap<string, FeatureRows>;
  /** The items that are in the list of movies. */
  readonly items: ReadonlyMap<string, ItemLabel>;
}

/**
 * Analyses features of a dataset or a training store: every stream is laid out in the plane, and
 * its subclips and genres are compared. Holds the rows of one stream at a time, plus what `umap`
 * holds.
 *
 * @throws UsageError when the path, a list or an option is wrong; FlowError `aborted`.
 * @example
 * const { streams } = await analyseFeatures('reduced/', { movies: 'ml-latest-small/movies.csv' });
 * streams[0].genrePrediction?.macroAuc;
 */
export async function analyseFeatures(path: string, options: AnalyseFeaturesOptions = {}): Promise<FeatureAnalysis> {
  checkKnownOptions('analyseFeatures', options, known);
  const table = await openFeatureTable(path, options);
  try {
    const { labelOf, meanRatingOf } = await readLabels(options);
    const streams: StreamAnalysis[] = [];
    const of = new Map<string, FeatureRows>();
    const items = new Map<string, ItemLabel>();
    for (const name of options.streams ?? table.streams.map((stream) => stream.name)) {
      const rows = await table.read(name);
      const { count } = rows.points;
      if (count < LEAST_ROWS) {
        options.onMessage?.(`${name} is left out: a layout needs at least ${LEAST_ROWS} rows, but it has ${count}`);
        continue;
      }
      for (const id of rows.itemIds) {
        const label = labelOf?.(id);
        if (label !== undefined) items.set(id, label);
      }
      const labelled = rows.itemIds.filter((id) => items.has(id)).length;
      if (labelOf !== undefined && labelled < rows.itemIds.length) {
        const remedy =
          labelled === 0 ? '; if their ids are those of trailers, give the list that maps them as `trailers`' : '';
        options.onMessage?.(`${labelled} of ${rows.itemIds.length} items are in the list of movies${remedy}`);
      }
      // Without labels, there is nothing to say about genres.
      const genresOf = labelOf && labelled > 0 ? (id: string) => items.get(id)?.genres : undefined;
      streams.push(await analyseStream(rows, table.random.includes(name), { ...options, genresOf, meanRatingOf }));
      of.set(name, { ...rows, points: { ...rows.points, values: new Float32Array(0) } });
    }
    if (streams.length === 0) {
      throw new UsageError(`${path} has no stream of at least ${LEAST_ROWS} rows to lay out`, { code: 'dataset' });
    }
    return { path, name: nameOfFeatures(path), statistic: table.statistic, streams, of, items };
  } catch (error) {
    throw table.speaking(error);
  } finally {
    await table.close();
  }
}

/** What `analyseFeatures` would analyse. */
export interface PlannedAnalysis {
  readonly path: string;
  readonly statistic: string | undefined;
  readonly streams: readonly { readonly name: string; readonly dimension: number }[];
}

/**
 * Reports what `analyseFeatures` would analyse with the same options. Opens the features and reads
 * the lists, but no vectors.
 *
 * @throws as `analyseFeatures`.
 * @example
 * const { streams } = await plannedAnalysis('reduced/', { subclips: 10 });
 */
export async function plannedAnalysis(path: string, options: AnalyseFeaturesOptions = {}): Promise<PlannedAnalysis> {
  checkKnownOptions('plannedAnalysis', options, known);
  const table = await openFeatureTable(path, options);
  try {
    await readLabels(options);
    const names = options.streams ?? table.streams.map(({ name }) => name);
    const streams = names.map((name) => ({ name, dimension: dimensionOf(table.streams, name, path) }));
    return { path, statistic: table.statistic, streams };
  } finally {
    await table.close();
  }
}

interface Labels {
  readonly labelOf: ((itemId: string) => ItemLabel | undefined) | undefined;
  readonly meanRatingOf: ((itemId: string) => number | undefined) | undefined;
}

async function readLabels(options: AnalyseFeaturesOptions): Promise<Labels> {
  const reading = { skipBadLines: options.skipBadLines };
  const movieLens = options.ratings === undefined ? undefined : await openMovieLens(options.ratings, reading);
  const movies = options.movies === undefined ? movieLens?.movies : (await readMovies(options.movies, reading)).movies;
  const trailers = options.trailers === undefined ? movieLens?.trailers : await readTrailers(options.trailers, reading);
  const moviesOf = (itemId: string) => trailers?.moviesOf.get(itemId) ?? [itemId];
  const means = movieLens && meanRatings(movieLens.ratings);
  return {
    labelOf:
      movies &&
      ((itemId) => {
        const own = moviesOf(itemId).flatMap((id) => movies.get(id) ?? []);
        const [first] = own;
        return first && { title: first.title, genres: [...new Set(own.flatMap(({ genres }) => genres))] };
      }),
    meanRatingOf:
      means &&
      ((itemId) =>
        moviesOf(itemId)
          .map((id) => means.get(id))
          .find((mean) => mean !== undefined)),
  };
}

function meanRatings(ratings: Awaited<ReturnType<typeof openMovieLens>>['ratings']): Map<string, number> {
  const sums = new Float64Array(ratings.itemIds.length);
  const counts = new Int32Array(ratings.itemIds.length);
  for (const [row, item] of ratings.items.entries()) {
    sums[item] = (sums[item] as number) + (ratings.values[row] as number);
    counts[item] = (counts[item] as number) + 1;
  }
  return new Map(ratings.itemIds.map((id, item) => [id, (sums[item] as number) / (counts[item] as number)]));
}
