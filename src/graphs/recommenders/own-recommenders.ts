import { shown } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { factOf } from '../../core/words-of.ts';
import type { GenreTable } from '../../models/genres.ts';
import type { Recommender } from '../../models/recommenders/recommender.ts';
import type { Json } from '../graph.ts';
import type { ClassicRecommender } from './classic-recommenders.ts';
import type { RecommenderOption } from './recommender-option.ts';

/** What is needed to make a recommender of your own. */
export interface OwnRecommenderSetting {
  /** By key, of the kinds that the definition states; options that were not given are absent. */
  readonly options: Readonly<Record<string, Json>>;
  /** Seeds all random draws: the same seed must give the same recommender. */
  readonly seed: number;
  /** Genres of the items, if they are known. */
  readonly genres: GenreTable | undefined;
}

/**
 * A recommender of your own, for `trainRecommender`, `runExperiment` and every other place that
 * takes a recommender's name.
 *
 * @example
 * // mine.ts
 * import type { Recommender, RecommenderDefinition } from 'reelflow/recommenders';
 *
 * declare class ShrunkMean implements Recommender {
 *   readonly name: string;
 *   constructor(shrinkage: number);
 *   fit: Recommender['fit'];
 *   predict: Recommender['predict'];
 * }
 *
 * export default {
 *   name: 'shrunk-mean',
 *   version: '1',
 *   options: [{ key: 'shrinkage', kind: 'number', default: '5', does: 'towards the mean of all' }],
 *   make: ({ options }) => new ShrunkMean(Number(options.shrinkage)),
 * } satisfies RecommenderDefinition;
 */
export interface RecommenderDefinition {
  /** Its name in tables and commands. Must not be one of `recommenderNames`. */
  readonly name: string;
  /**
   * Version of its code: results and saved recommenders of other versions are not used.
   */
  readonly version: string;
  /** Default: none. */
  readonly options?: readonly RecommenderOption[] | undefined;
  /**
   * Makes a recommender that has learnt nothing yet. When a saved one is loaded, it is made and
   * fitted again from the ratings and the seed.
   */
  readonly make: (setting: OwnRecommenderSetting) => Recommender;
}

/** What a result records about the code that made it. */
export interface RecommenderCode {
  readonly version: string;
  /** The module that it was loaded from, under the name given, and the SHA-256 of its file. */
  readonly module?: { readonly name: string; readonly sha256: string } | undefined;
}

/** A recommender of your own that this process knows. */
export interface OwnRecommender {
  readonly definition: RecommenderDefinition;
  readonly code: RecommenderCode;
}

const known = new Map<string, OwnRecommender>();

/**
 * Makes a recommender known to this process; a second one with the same name replaces the first.
 */
export function keepOwnRecommender(own: OwnRecommender): void {
  known.set(own.definition.name, own);
}

/** Your own recommender with that name, if any. */
export function ownRecommender(name: string): OwnRecommender | undefined {
  return known.get(name);
}

/** Names of all recommenders of your own. */
export function ownRecommenderNames(): readonly string[] {
  return [...known.keys()];
}

/** A recommender of your own, in the form of the built-in ones. */
export function recordOfOwn(own: OwnRecommender): ClassicRecommender {
  return {
    options: own.definition.options ?? [],
    make: ({ options, seed, knownGenres: genres }) => makeOwn(own, { options, seed, genres }),
  };
}

/** Number of pairs that a recommender must predict as soon as it has learnt, as a trial. */
const TRIED = 2;

/**
 * Makes the recommender of a definition and checks that it keeps the contract of a recommender.
 *
 * @throws UsageError `module` when what it makes is not a recommender, or as soon as it fails or
 * returns something invalid; at the latest when it has learnt, because it is then tried.
 */
function makeOwn({ definition, code }: OwnRecommender, setting: OwnRecommenderSetting): Recommender {
  const { make } = definition;
  const name = code.module === undefined ? definition.name : `${definition.name} (${code.module.name})`;
  const faultOf = (does: string, cause: unknown) =>
    refused(`\`${does}\` of recommender ${name} failed: ${factOf(cause)}`, {
      cause,
    });
  const guarded = async <Value>(does: string, call: () => Value | Promise<Value>): Promise<Value> => {
    try {
      return await call();
    } catch (cause) {
      throw faultOf(does, cause);
    }
  };
  let made: Partial<Recommender> | undefined;
  try {
    made = make(setting) as Partial<Recommender> | undefined;
  } catch (cause) {
    throw faultOf('make', cause);
  }
  if (typeof made?.fit !== 'function' || typeof made.predict !== 'function') {
    throw refused(
      `\`make\` of recommender ${name} must return an object with \`fit\` and \`predict\`, but returned ${shown(made)}`,
      {
        remedy: 'Implement `fit(ratings)` and `predict(users, items)`.',
      },
    );
  }
  const own = made as Recommender;
  const numbers = (does: 'predict' | 'score') => async (users: Int32Array, items: Int32Array) => {
    const values = await guarded(does, () => (own[does] ?? own.predict).call(own, users, items));
    checkNumbers(`\`${does}\` of recommender ${name}`, values, users.length, 'pair');
    return values;
  };
  const { scoreNewUser, itemFactors } = own;
  const recommender: Recommender = {
    name: definition.name,
    predicts: own.predicts,
    fit: async (ratings) => {
      await guarded('fit', () => own.fit(ratings));
      const [users, items] = [ratings.users.slice(0, TRIED), ratings.items.slice(0, TRIED)];
      await recommender.predict(users, items);
      await recommender.score?.(users, items);
    },
    predict: numbers('predict'),
    score: own.score && numbers('score'),
    scoreNewUser:
      scoreNewUser &&
      (async (ratings, items) => {
        const values = await guarded('scoreNewUser', () => scoreNewUser.call(own, ratings, items));
        checkNumbers(`\`scoreNewUser\` of recommender ${name}`, values, items.length, 'item');
        return values;
      }),
    itemFactors: itemFactors && (() => itemFactors.call(own)),
  };
  return recommender;
}

/** @throws UsageError `module` unless there is one finite float for each. */
function checkNumbers(what: string, values: unknown, count: number, each: 'pair' | 'item'): void {
  const refuse = (is: string) =>
    refused(`${what} must return a Float32Array of ${count} finite numbers, one for each ${each}, but returned ${is}`, {
      remedy: `Return, for instance, \`Float32Array.from(numbers)\` with a number for each ${each}.`,
    });
  if (!(values instanceof Float32Array)) throw refuse(shown(values));
  if (values.length !== count) throw refuse(`${values.length} numbers`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw refuse(`${values[bad]} for ${each} ${bad}`);
}

function refused(
  message: string,
  { remedy = 'Fix it.', cause }: { remedy?: string | undefined; cause?: unknown },
): UsageError {
  return new UsageError(message, { code: 'module', remedy, cause });
}
