import { UsageError } from '../../../core/errors.ts';
import { seededUniform } from '../../autodiff/initialisers.ts';
import { shuffle } from '../batching.ts';
import type { ItemVectors } from '../item-vectors.ts';
import type { TrainingRatings } from '../recommender.ts';
import type { PairSources } from './pair-network.ts';

/** A permutation: whose values each one gets, as the seed and the input's name decide. */
export function dealt(count: number, seed: number, input: string): Int32Array {
  const order = Int32Array.from({ length: count }, (_, at) => at);
  shuffle(order, seededUniform(seed, `shuffled ${input}`));
  return order;
}

/**
 * The sources with the values of some inputs exchanged at random, each as a whole: genres, years
 * and streams between items, fields between users. An item that lacks a stream still lacks it.
 *
 * @param names inputs that are sources: not those made from the ratings.
 * @throws UsageError for an input that is missing.
 */
export function shuffledSources(
  sources: PairSources,
  { itemCount, userCount }: Pick<TrainingRatings, 'itemCount' | 'userCount'>,
  names: readonly string[],
  seed: number,
): PairSources {
  let { streams, genres, years, userFields } = sources;
  for (const name of names) {
    const vectors = streams?.get(name);
    if (vectors !== undefined) {
      streams = new Map([...(streams ?? []), [name, shuffledVectors(vectors, seed, name)]]);
    } else if (name === 'genres' && genres !== undefined) {
      genres = { ...genres, flags: moved(genres.flags, genres.genreCount, dealt(itemCount, seed, name)) };
    } else if (name === 'year' && years !== undefined) {
      years = [...dealt(itemCount, seed, name)].map((item) => sources.years?.[item]);
    } else if (name === 'demographics' && userFields !== undefined) {
      const codes = moved(userFields.codes, userFields.names.length, dealt(userCount, seed, name));
      userFields = { ...userFields, codes };
    } else {
      throw new UsageError(`\`shuffled\` has '${name}', about which nothing is known`, { option: 'shuffled' });
    }
  }
  return { ...sources, streams, genres, years, userFields };
}

/** The rows of a matrix in another order: row n is what row `from[n]` was. */
function moved<Rows extends Uint8Array | Int32Array | Float32Array>(
  values: Rows,
  width: number,
  from: Int32Array,
): Rows {
  const all = values.slice() as Rows;
  for (const [to, row] of from.entries()) all.set(values.subarray(row * width, (row + 1) * width), to * width);
  return all;
}

/** Exchanges the vectors among the items that have the stream. */
function shuffledVectors({ vectors, dimension }: ItemVectors, seed: number, name: string): ItemVectors {
  const have = [...new Array(vectors.length / dimension).keys()].filter((item) =>
    vectors.subarray(item * dimension, (item + 1) * dimension).some((value) => value !== 0),
  );
  const from = Int32Array.from({ length: vectors.length / dimension }, (_, item) => item);
  for (const [at, place] of dealt(have.length, seed, name).entries()) from[have[at] as number] = have[place] as number;
  return { vectors: moved(vectors, dimension, from), dimension };
}
