import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import type { GenreTable } from '../../models/genres.ts';
import type { Recommender } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import type { ClassicRecommender } from './classic-recommenders.ts';
import type { RecommenderOption } from './recommender-option.ts';

/** What a recommender of one's own is made with. */
export interface OwnRecommenderSetting {
  /** By key, of the kinds that the definition says; those that were not given are not there. */
  readonly options: Readonly<Record<string, Json>>;
  /** Decides all draws: the same seed must give the same recommender. */
  readonly seed: number;
  /** Genres of the items, where they are known. */
  readonly genres: GenreTable | undefined;
}

/**
 * A recommender of one's own, for `trainRecommender`, `runExperiment` and every other place that
 * takes a recommender's name.
 *
 * @example
 * // mine.js
 * export default {
 *   name: 'user-mean',
 *   version: '1',
 *   options: [{ key: 'shrinkage', kind: 'number', default: '5', does: 'towards the mean of all' }],
 *   make: ({ options }) => new UserMean(options.shrinkage ?? 5),
 * };
 */
export interface RecommenderDefinition {
  /** How tables and commands call it. None of `recommenderNames`. */
  readonly name: string;
  /**
   * Version of its code: of another one, results and saved recommenders are not taken for its own.
   */
  readonly version: string;
  /** Default: none. */
  readonly options?: readonly RecommenderOption[] | undefined;
  /**
   * Makes one that has learnt nothing yet. It is made and fitted again, from the ratings and the
   * seed, when it is loaded.
   */
  readonly make: (setting: OwnRecommenderSetting) => Recommender;
}

/** What a result says of the code that it was made by. */
export interface RecommenderCode {
  readonly version: string;
  /** The module that it was loaded from, as it was named, and SHA-256 of its file. */
  readonly module?: { readonly name: string; readonly sha256: string };
}

/** A recommender of one's own that this process knows. */
export interface OwnRecommender {
  readonly definition: RecommenderDefinition;
  readonly code: RecommenderCode;
}

const known = new Map<string, OwnRecommender>();

/** Makes a recommender known to this process; the same name again is the newer one. */
export function keepOwnRecommender(own: OwnRecommender): void {
  known.set(own.definition.name, own);
}

/** The recommender of one's own that has a name. */
export function ownRecommender(name: string): OwnRecommender | undefined {
  return known.get(name);
}

/** Names of all recommenders of one's own. */
export function ownRecommenderNames(): readonly string[] {
  return [...known.keys()];
}

/** A recommender of one's own as those that are here are known. */
export function recordOfOwn(own: OwnRecommender): ClassicRecommender {
  return {
    options: own.definition.options ?? [],
    make: ({ options, seed, knownGenres: genres }) => makeOwn(own, { options, seed, genres }),
  };
}

/** Makes the recommender of a definition. @throws UsageError when what it makes is none. */
function makeOwn({ definition }: OwnRecommender, setting: OwnRecommenderSetting): Recommender {
  const made = definition.make(setting) as Partial<Recommender> | undefined;
  if (typeof made?.fit === 'function' && typeof made.predict === 'function') return made as Recommender;
  throw new UsageError(`\`make\` of recommender ${definition.name} must give a recommender, but gave ${shown(made)}`, {
    remedy: 'Give an object with `fit(ratings)` and `predict(users, items)`.',
  });
}
