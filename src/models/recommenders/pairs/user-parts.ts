import { UsageError } from '../../../core/errors.ts';
import type { Tensor } from '../../autodiff/emitter.ts';
import { filled, uniformWithin } from '../../autodiff/initialisers.ts';
import { rows } from '../../autodiff/operations/rows.ts';
import type { Tape } from '../../autodiff/tape.ts';
import type { PairSpace } from './pair-network.ts';

/** Width of the embedding of a field. */
export const fieldWidth = 16;
const codesName = 'users/fields';
const embeddingName = (field: number) => `users/field-${field + 1}/embedding`;

/** What a network reads about users: the number of values of each field, with the unknown one. */
export interface UserParts {
  readonly counts: readonly number[];
  /** Constant values by name of the weights. */
  readonly facts: ReadonlyMap<string, Float32Array>;
}

/**
 * The fields of users as a network reads them; one more user, with unknown fields, stands for users
 * who were not in the training data.
 *
 * @param wanted undefined: if there are any.
 * @throws UsageError if they are requested and there are none.
 */
export function userParts({ sources, saved, training }: PairSpace, wanted: boolean | undefined): UserParts {
  const codes = saved?.get(codesName);
  if (saved !== undefined) {
    if (codes === undefined) return { counts: [], facts: new Map() };
    const fields = codes.length / (training.userCount + 1);
    const counts = Array.from(
      { length: fields },
      (_, field) => (saved.get(embeddingName(field))?.length ?? 0) / fieldWidth,
    );
    return { counts, facts: new Map([[codesName, codes]]) };
  }
  const { userFields } = sources;
  if (wanted === true && (userFields?.names.length ?? 0) === 0) {
    throw new UsageError('a recommender that reads what is known of users needs it, but there is nothing', {
      option: 'userFields',
      remedy: 'Give a list of users, or `userFields: false`.',
    });
  }
  if (wanted === false || userFields === undefined || userFields.names.length === 0)
    return { counts: [], facts: new Map() };
  const all = new Float32Array((training.userCount + 1) * userFields.names.length);
  all.set(userFields.codes);
  return { counts: userFields.counts.map((count) => count + 1), facts: new Map([[codesName, all]]) };
}

/** The embedding of each field of these users: [pairs, fieldWidth] each. */
export function fieldParts(tape: Tape, { counts }: UserParts, users: Tensor, userCount: number): Tensor[] {
  if (counts.length === 0) return [];
  const { graph } = tape;
  const codes = tape.statistic(codesName, [userCount + 1, counts.length], filled(0));
  const own = graph.emit('Gather', [codes, users], ['pairs', counts.length]);
  const columns = graph.split(
    own,
    1,
    counts.map(() => 1),
  );
  return counts.map((count, field) => {
    const numbers = graph.cast(graph.reshape(columns[field] as Tensor, ['pairs']), 'int64');
    return rows(tape, tape.weight(embeddingName(field), [count, fieldWidth], uniformWithin(0.05)), numbers);
  });
}
