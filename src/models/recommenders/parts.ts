import { UsageError } from '../../core/errors.ts';
import type { NewUserRatings, Recommender } from './recommender.ts';

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

/** What the recommender says before it is clipped. */
export async function scoresOf(part: Recommender, users: Int32Array, items: Int32Array): Promise<Float32Array> {
  return (part.score ?? part.predict).call(part, users, items);
}

/**
 * @throws UsageError `no-new-users` when the recommender cannot serve a user whom it has not seen.
 */
export async function newUserScores(part: Recommender, own: NewUserRatings, items: Int32Array): Promise<Float32Array> {
  if (part.scoreNewUser !== undefined) return part.scoreNewUser(own, items);
  throw cannotServe(part.name);
}

/** The error of a recommender that cannot serve a new user. */
export function cannotServe(name: string): UsageError {
  return new UsageError(`recommender ${name} cannot serve a user who was not there in training`, {
    code: 'no-new-users',
    remedy: 'Add the ratings to those of training and train again.',
  });
}
