import { UsageError } from '../../core/errors.ts';
import type { NeuralRecommenderName } from '../../models/recommenders/neural/architectures.ts';
import type { WeightsByName } from '../../models/recommenders/neural/pretrained.ts';
import { readSavedRecommender } from './saved-recommender.ts';

/** Ids in the order of the embedding rows. */
export interface EmbeddingIds {
  readonly userIds: readonly string[];
  readonly itemIds: readonly string[];
}

/**
 * The weights of a saved network, for other lists of ids: its embedding rows move to the new places
 * of their users and items, and users and items that it did not know get the mean of its rows.
 *
 * @throws UsageError when the directory holds another recommender than `recommender`; what
 * `readSavedRecommender` throws.
 */
export async function savedBranch(
  directory: string,
  model: NeuralRecommenderName,
  ids: EmbeddingIds,
): Promise<WeightsByName> {
  const { facts, userIds, catalogue, weights } = await readSavedRecommender(directory);
  if (facts.recommender !== model) {
    throw new UsageError(`${directory} holds ${facts.recommender}, but the branch must be a ${model}`, {
      remedy: `Train one with the same widths and join: \`trainRecommender({ recommender: '${model}', out: 'DIR' })\`.`,
    });
  }
  const places = {
    users: placesOf(userIds, ids.userIds),
    items: placesOf(
      catalogue.map(({ id }) => id),
      ids.itemIds,
    ),
  };
  return new Map(
    [...(weights ?? [])].map(([name, { values, shape }]) => {
      const kind = /^(?:collaborative|content)\/(users|items)$/.exec(name)?.[1] as keyof typeof places | undefined;
      return [name, kind === undefined ? values : rowsAt(values, shape[1] as number, places[kind])];
    }),
  );
}

/** The old place of each id; -1 if it had none. */
function placesOf(from: readonly string[], to: readonly string[]): Int32Array {
  const known = new Map(from.map((id, place) => [id, place]));
  return Int32Array.from(to, (id) => known.get(id) ?? -1);
}

function rowsAt(values: Float32Array, width: number, places: Int32Array): Float32Array {
  const mean = new Float64Array(width);
  const count = values.length / width;
  for (const [at, value] of values.entries()) mean[at % width] = (mean[at % width] as number) + value / count;
  const rows = new Float32Array(places.length * width);
  for (const [row, place] of places.entries()) {
    rows.set(place < 0 ? mean : values.subarray(place * width, (place + 1) * width), row * width);
  }
  return rows;
}
