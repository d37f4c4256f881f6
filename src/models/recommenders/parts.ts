import { UsageError } from '../../core/errors.ts';
import type { Reasons } from './reasons.ts';
import type { NewUserRatings, Recommender, TrainingRatings } from './recommender.ts';
import type { PairWork } from './work.ts';

/**
 * @throws UsageError when a part gives scores, which cannot be mixed with the ratings of others.
 */
export function checkParts(name: string, parts: readonly Recommender[]): void {
  const other = parts.find(({ predicts = 'ratings' }) => predicts !== 'ratings');
  if (other === undefined) return;
  throw new UsageError(`${name} is made of recommenders that predict ratings, but ${other.name} gives scores`, {
    remedy: `Take another recommender than ${other.name}.`,
  });
}

/** Predictions of the recommender before they are clipped. */
export async function scoresOf(part: Recommender, users: Int32Array, items: Int32Array): Promise<Float32Array> {
  return (part.score ?? part.predict).call(part, users, items);
}

/** A part, and the pairs that it predicts: their places, or all of them. */
export interface PartOfPairs {
  readonly part: Recommender;
  readonly rows?: Int32Array | undefined;
}

/**
 * The work of a recommender's parts for pairs. If some parts work by user and others by item, it is
 * attributed by the more expensive kind.
 *
 * @throws UsageError `too-many-steps` as `workOf` of a part.
 */
export function workOfParts(
  parts: readonly PartOfPairs[],
  users: Int32Array,
  items: Int32Array,
  { userCount, itemCount }: Pick<TrainingRatings, 'userCount' | 'itemCount'>,
  times?: number,
): PairWork {
  const ofUsers = new Float64Array(userCount);
  const ofItems = new Float64Array(itemCount);
  let isOfPairs = false;
  for (const { part, rows } of parts) {
    const own = rows ? pick(items, rows) : items;
    const work = part.workOf?.(rows ? pick(users, rows) : users, own, times);
    if (work === undefined) continue;
    isOfPairs ||= work.by === 'pair';
    const into = work.by === 'item' ? ofItems : ofUsers;
    for (const [owner, steps] of work.steps.entries()) into[owner] = (into[owner] as number) + steps;
  }
  const sum = (steps: Float64Array) => steps.reduce((total, each) => total + each, 0);
  if (sum(ofItems) > sum(ofUsers)) return { by: 'item', steps: ofItems };
  return { by: isOfPairs ? 'pair' : 'user', steps: ofUsers };
}

/** The numbers at these places. */
export function pick(numbers: Int32Array, rows: Int32Array): Int32Array {
  return Int32Array.from(rows, (row) => numbers[row] as number);
}

/**
 * @throws UsageError `no-new-users` when the recommender cannot serve a user whom it has not seen.
 */
export async function newUserScores(part: Recommender, own: NewUserRatings, items: Int32Array): Promise<Float32Array> {
  if (part.scoreNewUser !== undefined) return part.scoreNewUser(own, items);
  throw cannotServe(part.name);
}

/**
 * The reasons of a part for a user's items, whose number or ratings are given; where it has none,
 * its score.
 */
export async function reasonsOfPart(
  part: Recommender,
  whose: Int32Array | NewUserRatings,
  items: Int32Array,
): Promise<Reasons[]> {
  const isNew = !(whose instanceof Int32Array);
  const found = isNew ? await part.reasonsForNewUser?.(whose, items) : await part.reasons?.(whose, items);
  const scores = isNew ? await newUserScores(part, whose, items) : await scoresOf(part, whose, items);
  return Array.from(items, (_, row) => ({
    ...(found?.[row] ?? { base: scores[row] as number, ratings: [] }),
    by: part.name,
  }));
}

/** The error of a recommender that cannot serve a new user. */
export function cannotServe(name: string): UsageError {
  return new UsageError(`recommender ${name} cannot serve a user who was not there in training`, {
    code: 'no-new-users',
    remedy: 'Add the ratings to those of training and train again.',
  });
}
