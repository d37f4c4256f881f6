import { canonicalJson } from '../../core/canonical-json.ts';
import { UsageError } from '../../core/errors.ts';
import type { RecommenderFacts, TrainingCounts } from './saved-recommender.ts';

/** What distinguishes a training from an earlier one. */
type Compared = Pick<RecommenderFacts, 'recommender' | 'options' | 'seed' | 'code' | 'features' | 'counts'>;

/**
 * What differs between a saved recommender and the one to be trained, in words: recommender,
 * options, seed, code, features, and the numbers of ratings, users and items.
 */
export function trainingChanges(before: Compared, now: Compared): string[] {
  const changes: string[] = [];
  const compare = (name: string, was: unknown, is: unknown): void => {
    if (textOf(was) !== textOf(is)) changes.push(`${name} is ${textOf(was)} there and ${textOf(is)} now`);
  };
  compare('recommender', before.recommender, now.recommender);
  for (const key of new Set([...Object.keys(before.options), ...Object.keys(now.options)])) {
    compare(key, before.options[key], now.options[key]);
  }
  compare('seed', before.seed, now.seed);
  if (textOf(before.code) !== textOf(now.code)) changes.push('its code has changed');
  if (before.features?.sha256 !== now.features?.sha256) {
    changes.push(before.features && now.features ? 'the features have changed' : 'only one of them has features');
  }
  if (before.counts !== undefined && now.counts !== undefined) {
    compare('the number of ratings', before.counts.ratings, now.counts.ratings);
    compare('of users', before.counts.users, now.counts.users);
    compare('of rated items', before.counts.ratedItems, now.counts.ratedItems);
    compare('of unrated items', before.counts.unratedItems, now.counts.unratedItems);
  }
  if (changes.length === 0) changes.push('the ratings, or what is known about their items, have changed');
  return changes;
}

/** The error for a directory that holds a recommender of another training. */
export function otherTraining(out: string, before: Compared, now: Compared): UsageError {
  return new UsageError(`${out} holds a recommender of another training: ${trainingChanges(before, now).join('; ')}`, {
    code: 'output',
    remedy:
      'To replace it with one trained on the current data, give `refit: true`; to keep it, name another directory as `out`.',
  });
}

/** What has changed since the last training into a directory. */
export interface NewSince extends TrainingCounts {
  /** Whether the features differ. */
  readonly features: boolean;
}

/**
 * How many more ratings, users and items there are than last time (negative if there are fewer),
 * and whether the features differ.
 */
export function newSince(
  earlier: Pick<RecommenderFacts, 'counts' | 'features'> | undefined,
  { counts: now, features }: Pick<RecommenderFacts, 'counts' | 'features'>,
): NewSince | undefined {
  const before = earlier?.counts;
  if (before === undefined || now === undefined) return undefined;
  return {
    features: earlier?.features?.sha256 !== features?.sha256,
    ratings: now.ratings - before.ratings,
    users: now.users - before.users,
    ratedItems: now.ratedItems - before.ratedItems,
    unratedItems: now.unratedItems - before.unratedItems,
  };
}

function textOf(value: unknown): string {
  return value === undefined ? 'not given' : canonicalJson(value);
}
