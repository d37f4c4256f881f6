import { resolve } from 'node:path';
import { UsageError } from '../../core/errors.ts';
import { hashFile } from '../../core/hash.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import type { UserFacts } from '../../core/user-facts.ts';
import type { ItemStore } from '../../io/dataset/item-store.ts';
import { readDemographics } from '../../io/ratings/demographics.ts';
import { filterRatings } from '../../io/ratings/filters.ts';
import { implicitScale } from '../../io/ratings/implicit.ts';
import { areInDirectory } from '../../io/ratings/in-directory.ts';
import { openMovieLens } from '../../io/ratings/movielens.ts';
import { type Movie, readMovies } from '../../io/ratings/movies.ts';
import { observedScale, type RatingTable } from '../../io/ratings/rating-table.ts';
import { type ReadRatingsOptions, readRatings } from '../../io/ratings/read-ratings.ts';
import { selectRatings } from '../../io/ratings/select-ratings.ts';
import { moviesWithFeatures, readTrailers, type TrailerList } from '../../io/ratings/trailers.ts';
import type { GenreTable } from '../../models/genres.ts';
import type { Json } from '../graph.ts';
import { openTrainingFeatures } from '../import/training-store.ts';
import { type CatalogueItem, catalogueOf, genresOf, withUnratedItems } from './catalogue.ts';
import { noneWithFeatures } from './none-with-features.ts';
import { contentOf, type RecommenderName, readsTimes } from './recommender-names.ts';

/** Where a training reads its data. */
export interface TrainingSources {
  /** A MovieLens directory, or a file of ratings. */
  readonly ratings: string;
  /** A list of movies, if the ratings are a file. */
  readonly movies?: string | undefined;
  /** A directory that `reduce` wrote, a training store, or a file that `importFeatures` reads. */
  readonly features?: string | undefined;
  /** Which trailers belong to which items, if the features have trailer ids. */
  readonly trailers?: string | undefined;
  /** Facts about the users. Default: the list in a MovieLens directory. */
  readonly demographics?: string | undefined;
  readonly reading?: ReadRatingsOptions | undefined;
}

/** What a training has read. */
export interface TrainingInputs {
  /**
   * Sorted by user id and item id, ascending. The rated items are followed by those that nobody has
   * rated but the recommender can judge.
   */
  readonly ratings: RatingTable;
  readonly scale: RatingScale;
  readonly catalogue: readonly CatalogueItem[];
  readonly genres: GenreTable | undefined;
  readonly userFacts: UserFacts | undefined;
  readonly features: ItemStore | undefined;
  /**
   * Whether the training store was made from another file; if so, it is removed when the inputs are
   * closed.
   */
  readonly isImported: boolean;
  close(): Promise<void>;
  /** The file of the features, with its hash. */
  readonly featureFile: FeatureFile | undefined;
  readonly trailers: TrailerList | undefined;
  /** Ratings left out because their items have no features, and the number of these items. */
  readonly leftOut: { readonly ratings: number; readonly items: number };
  readonly badLines: number;
}

/** The training store that a recommender was trained with. */
export interface FeatureFile {
  readonly path: string;
  readonly sha256: string;
}

/**
 * Reads the data to train a recommender with. A recommender that learns from features only gets the
 * ratings of items that have features.
 *
 * @throws UsageError when a file is missing or wrong, or there is nothing to learn from; the caller
 * closes the result.
 */
export async function readTrainingInputs(
  model: RecommenderName,
  options: Readonly<Record<string, Json>>,
  sources: TrainingSources,
  onMessage?: (text: string) => void,
): Promise<TrainingInputs> {
  const {
    ratings: read,
    movies,
    trailers,
    scale,
    badLines,
    userFacts,
  } = await readLists({
    ...sources,
    reading: { ...sources.reading, timestamps: readsTimes(model, options) || sources.reading?.timestamps },
  });
  const { signal } = sources.reading ?? {};
  const opened =
    sources.features === undefined ? undefined : await openTrainingFeatures(sources.features, { signal, onMessage });
  const features = opened?.store;
  try {
    const withFeatures = features && moviesWithFeatures(features.itemIds, trailers);
    const content = contentOf(model, options);
    const needed = content === 'features' ? withFeatures : undefined;
    const rows = needed && filterRatings(read, { itemsWithFeatures: needed }).rows;
    if (rows?.length === 0) throw noneWithFeatures(read.itemIds.length, sources.features ?? '');
    const rated = selectRatings(read, rows);
    const ratings = withUnratedItems(rated, unratedItems(content, withFeatures, movies));
    const catalogue = catalogueOf(ratings.itemIds, movies);
    return {
      ...{ ratings, scale, catalogue, genres: genresOf(catalogue), features, trailers, badLines },
      userFacts,
      featureFile: opened && (await featureFileOf(opened.path)),
      isImported: opened?.isTemporary ?? false,
      close: async () => opened?.close(),
      leftOut: {
        ratings: read.values.length - rated.values.length,
        items: rows === undefined ? 0 : selectRatings(read).itemIds.length - rated.itemIds.length,
      },
    };
  } catch (error) {
    await opened?.close();
    throw error;
  }
}

/** The SHA-256 of a file, read as a stream. */
export async function featureFileOf(path: string): Promise<FeatureFile> {
  const { sha256 } = await hashFile(path);
  return { path: resolve(path), sha256 };
}

function unratedItems(
  content: ReturnType<typeof contentOf>,
  withFeatures: ReadonlySet<string> | undefined,
  movies: ReadonlyMap<string, Movie> | undefined,
): Iterable<string> {
  if (content === 'features') return withFeatures ?? [];
  if (content !== 'genres' || movies === undefined) return [];
  return [...movies.values()].filter(({ genres }) => genres.length > 0).map(({ id }) => id);
}

async function readLists({
  ratings: path,
  movies: moviesPath,
  trailers: trailersPath,
  demographics,
  reading = {},
}: TrainingSources) {
  const isDirectory = await areInDirectory(path);
  const skipping = { skipBadLines: reading.skipBadLines ?? false };
  const userFacts = demographics === undefined ? undefined : await readDemographics(demographics);
  const named = moviesPath === undefined ? undefined : (await readMovies(moviesPath, skipping)).movies;
  if (isDirectory) {
    const { columns: _columns, ...options } = reading;
    const lens = await openMovieLens(path, { ...options, trailers: trailersPath });
    return {
      ...lens,
      ...{ movies: named ?? lens.movies, userFacts: userFacts ?? lens.userFacts },
      badLines: lens.report.badLines.count,
    };
  }
  const trailers = trailersPath === undefined ? undefined : await readTrailers(trailersPath, skipping);
  const { ratings, report } = await readRatings(path, reading);
  const scale = reading.implicit === undefined ? (reading.scale ?? observedScale(ratings.values)) : implicitScale;
  if (!(scale.minimum < scale.maximum)) {
    throw new UsageError(`all ratings of ${path} are ${scale.minimum}: they have no scale`, {
      code: 'ratings',
      remedy:
        "Give the lowest and highest possible rating as `scale`, or read them as what was chosen: `implicit: 'any'`.",
    });
  }
  return { ratings, movies: named, userFacts, trailers, scale, badLines: report.badLines.count };
}
