import { closeAll } from '../../core/close-all.ts';
import { UsageError } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import type { RatingScale } from '../../core/rating-scale.ts';
import type { UserFacts } from '../../core/user-facts.ts';
import { contentFingerprint } from '../../io/dataset/content-fingerprint.ts';
import type { ItemStore } from '../../io/dataset/item-store.ts';
import { readDemographics } from '../../io/ratings/demographics.ts';
import { implicitScale } from '../../io/ratings/implicit.ts';
import { areInDirectory } from '../../io/ratings/in-directory.ts';
import { openMovieLens } from '../../io/ratings/movielens.ts';
import { type Movie, readMovies } from '../../io/ratings/movies.ts';
import { observedScale, type RatingTable } from '../../io/ratings/rating-table.ts';
import { type RatingReport, readRatings } from '../../io/ratings/read-ratings.ts';
import { scaleDoubts } from '../../io/ratings/scale-doubts.ts';
import { isTimed } from '../../io/ratings/scenario-kinds.ts';
import { moviesWithFeatures, readTrailers, type TrailerList } from '../../io/ratings/trailers.ts';
import { unmatched } from '../../io/ratings/unmatched.ts';
import { type OpenFeatures, openTrainingFeatures } from '../import/training-store.ts';
import { featureDoubts } from '../recommenders/feature-doubts.ts';
import { noneWithFeatures } from '../recommenders/none-with-features.ts';
import { readsTimes } from '../recommenders/recommender-names.ts';
import type { Experiment } from './experiment-config.ts';
import { withMinimumRatings } from './minimum-ratings.ts';
import { recommenderVariants } from './recommender-variants.ts';

/** The data from which the points of an experiment are computed. */
export interface ExperimentData {
  readonly ratings: RatingTable;
  /** Ratings in the file, before anything was left out. */
  readonly ratingsRead: number;
  readonly movies: ReadonlyMap<string, Movie> | undefined;
  readonly trailers: TrailerList | undefined;
  /** Facts about the users. */
  readonly userFacts: UserFacts | undefined;
  readonly scale: RatingScale;
  /** Training stores by name. */
  readonly features: ReadonlyMap<string, ItemStore>;
  /**
   * Movies that have features in every store or, without stores, a trailer in the given list.
   */
  readonly itemsWithFeatures: ReadonlySet<string> | undefined;
  /** What looks doubtful about the ratings and their ids, in sentences. */
  readonly warnings: readonly string[];
  readonly report: RatingReport;
  /** Bad lines that were skipped in all files. */
  readonly badLines: number;
  /**
   * SHA-256 of each thing that was read, by its name: two runs with equal hashes have equal data,
   * wherever the files are.
   */
  readonly hashes: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Opens everything that an experiment reads. Ratings are held in memory (12 bytes each); features
 * stay on disk.
 *
 * @throws UsageError `ratings` when a file is missing or of the wrong kind; what `ItemStore.open`
 * throws.
 */
export async function openExperimentData(
  experiment: Experiment,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onMessage?: ((line: string) => void) | undefined;
  } = {},
): Promise<ExperimentData> {
  const read = await readData(experiment);
  const opened: OpenFeatures[] = [];
  const close = () => closeAll(...opened.map((each) => () => each.close()));
  const features = new Map<string, ItemStore>();
  try {
    const hashes: Record<string, string> = {
      ratings: tableHash(read.ratings),
      movies: sha256(
        JSON.stringify([...(read.movies?.values() ?? [])].map(({ id, year, genres }) => [id, year ?? null, genres])),
      ),
      trailers: sha256(JSON.stringify([...(read.trailers?.moviesOf ?? [])])),
    };
    if (read.userFacts !== undefined) hashes.demographics = sha256(JSON.stringify([...read.userFacts]));
    for (const [name, path] of Object.entries(experiment.features)) {
      const { store, ...found } = await openTrainingFeatures(path, options);
      opened.push({ store, ...found });
      features.set(name, store);
      hashes[`features.${name}`] = await contentFingerprint(found.path);
    }
    const { minUserRatings: users, minItemRatings: items } = experiment;
    const withContent = itemsWithContent(features, read.trailers, experiment.trailers !== undefined);
    if (withContent !== undefined && !read.ratings.itemIds.some((id) => withContent.has(id))) {
      throw noneWithFeatures(
        read.ratings.itemIds.length,
        Object.values(experiment.features).join(', ') || 'the list of trailers',
      );
    }
    refuseEqual(read.ratings.values, read.scale);
    return {
      ...read,
      ratings: withMinimumRatings(read.ratings, { users, items }),
      ratingsRead: read.ratings.values.length,
      features,
      warnings: [
        ...scaleDoubts(read.ratings.values),
        ...[...features.values()].flatMap(featureDoubts),
        ...unmatchedItems(read, features),
      ],
      itemsWithFeatures: withContent,
      hashes,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws UsageError when all ratings are equal, but not the highest: those are choices. */
function refuseEqual(values: Float32Array, { minimum, maximum }: RatingScale): void {
  const [first] = values;
  if (!values.every((value) => value === first) || (minimum < maximum && first === maximum)) return;
  throw new UsageError(`all ${values.length} ratings are ${first}: they do not say what anybody prefers`, {
    code: 'ratings',
    remedy: "Read them as what was chosen, and rank all items: `implicit: 'any'`, `protocol: 'catalogue'`.",
  });
}

async function readData(experiment: Experiment) {
  const {
    ratings: path,
    movieList,
    trailers: trailerPath,
    demographics,
    scale,
    skipBadLines,
    columns,
    duplicateRatings,
    implicit,
  } = experiment;
  const given = demographics === undefined ? undefined : await readDemographics(demographics);
  const timed = experiment.scenarios.some((name) => name !== 'given' && isTimed(name));
  const timestamps =
    timed || recommenderVariants(experiment).some(({ recommender, options }) => readsTimes(recommender, options));
  const reading = { skipBadLines, timestamps, implicit, scale, duplicateRatings };
  if (await areInDirectory(path)) {
    if (columns !== undefined) {
      throw new UsageError('`columns` is for a file of ratings: a MovieLens directory has columns of its own', {
        option: 'columns',
      });
    }
    if (movieList !== undefined) {
      throw new UsageError('`movieList` is for a file of ratings: a MovieLens directory has its own list', {
        option: 'movieList',
      });
    }
    const trailersOption = trailerPath === undefined ? {} : { trailers: trailerPath };
    const { badLines: others, ...lens } = await openMovieLens(path, { ...reading, ...trailersOption });
    const badLines = lens.report.badLines.count + others.movies.count + (others.trailers?.count ?? 0);
    return { ...lens, userFacts: given ?? lens.userFacts, badLines };
  }
  const { ratings, report } = await readRatings(path, { ...reading, columns });
  const list = movieList === undefined ? undefined : await readMovies(movieList, { skipBadLines });
  const trailers = trailerPath === undefined ? undefined : await readTrailers(trailerPath, { skipBadLines });
  const badLines = report.badLines.count + (list?.badLines.count ?? 0) + (trailers?.badLines.count ?? 0);
  return {
    ratings,
    report,
    movies: list?.movies,
    userFacts: given,
    trailers,
    badLines,
    scale: implicit ? implicitScale : (scale ?? observedScale(ratings.values)),
  };
}

/** Items that have different ids in other files must not go unnoticed. */
function unmatchedItems(
  { ratings, movies, trailers }: Pick<ExperimentData, 'ratings' | 'movies' | 'trailers'>,
  features: ReadonlyMap<string, ItemStore>,
): string[] {
  const { itemIds } = ratings;
  const without = movies === undefined ? [] : itemIds.filter((id) => !movies.has(id));
  const lacking = [...features].flatMap(([name, store]) => {
    const known = moviesWithFeatures(store.itemIds, trailers);
    const missing = itemIds.filter((id) => !known.has(id));
    return missing.length === 0 ? [] : [`${unmatched(missing, itemIds.length)} without features in ${name}`];
  });
  return [
    ...(without.length === 0 ? [] : [`${unmatched(without, itemIds.length)} missing from the list of movies`]),
    ...lacking,
  ];
}

function itemsWithContent(
  features: ReadonlyMap<string, ItemStore>,
  trailers: TrailerList | undefined,
  onlyTrailers: boolean,
): ReadonlySet<string> | undefined {
  const sets = [...features.values()].map((store) => moviesWithFeatures(store.itemIds, trailers));
  if (sets.length === 0) return onlyTrailers && trailers ? new Set(trailers.trailersOf.keys()) : undefined;
  const [first = new Set<string>(), ...rest] = sets;
  return new Set([...first].filter((id) => rest.every((set) => set.has(id))));
}

function tableHash({ users, items, values, userIds, itemIds, timestamps }: RatingTable): string {
  return sha256(
    users,
    items,
    values,
    JSON.stringify(userIds),
    JSON.stringify(itemIds),
    ...(timestamps ? [timestamps] : []),
  );
}
