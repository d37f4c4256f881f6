import { seededUniform } from '../../autodiff/initialisers.ts';
import { ItemDraws } from '../item-draws.ts';
import type { RatingPairs } from './rating-batches.ts';
import { knownItems, type TrainingSet } from './training-set.ts';

/** Pairs whose ratings are known. */
type RatedPairs = RatingPairs & { readonly values: Float32Array };

/** How negatives are drawn. */
export interface NegativesOptions {
  /** Number of negatives per rating. */
  readonly count: number;
  readonly seed: number;
}

/**
 * Adds negatives to each chosen item: drawn among everything that somebody has chosen in training,
 * except by the user. The draws depend only on the seed and a name, so that a resumed training gets
 * the same ones.
 */
export class SampledNegatives {
  readonly #set: TrainingSet;
  readonly #options: NegativesOptions;
  readonly #draws: ItemDraws;

  /** @param known for each item 1 where it may be drawn. */
  constructor(set: TrainingSet, known: Uint8Array, options: NegativesOptions) {
    const candidates = Int32Array.from(known.keys()).filter((item) => known[item] === 1);
    this.#set = set;
    this.#options = options;
    this.#draws = new ItemDraws(candidates, set, set);
  }

  /** These rows of the ratings, then their negatives, with the lowest rating. */
  beside(rows: Int32Array, name: string): RatedPairs {
    const uniform = seededUniform(this.#options.seed, `negatives ${name}`);
    return joined(this.#set, rows, this.#options.count, (user) => this.#draws.of(user, uniform));
  }
}

/**
 * Validation ratings, each with negatives: that of an item with training ratings beside other such
 * items, that of a new item beside other new items of these ratings, so that telling new items from
 * known ones gains nothing. A negative is never one that the user has chosen, nor twice in a user's
 * list, so there may be fewer.
 */
export function judgedWithNegatives(
  training: TrainingSet,
  judged: RatedPairs,
  { count, seed }: NegativesOptions,
): RatedPairs {
  const known = knownItems(training);
  const met = joinedPairs(training, judged);
  const items = (of: Iterable<number>) => Int32Array.from(new Set(of)).sort();
  const learnt = new ItemDraws(items(training.items), met, training);
  const fresh = new ItemDraws(items(judged.items.filter((item) => known[item] === 0)), met, training);
  const uniform = seededUniform(seed, 'negatives of validation');
  const rows = Int32Array.from(judged.users.keys());
  const drawn = new Set<number>();
  return joined({ ...judged, scale: training.scale }, rows, count, (user, item) => {
    const other = (known[item] === 1 ? learnt : fresh).of(user, uniform);
    const pair = user * training.itemCount + (other ?? 0);
    // Nothing is judged twice.
    if (other === undefined || drawn.has(pair)) return undefined;
    drawn.add(pair);
    return other;
  });
}

function joinedPairs(one: RatingPairs, other: RatingPairs) {
  const users = new Int32Array(one.users.length + other.users.length);
  const items = new Int32Array(users.length);
  for (const [from, at] of [
    [one, 0],
    [other, one.users.length],
  ] as const) {
    users.set(from.users, at);
    items.set(from.items, at);
  }
  return { users, items };
}

function joined(
  { users, items, values, scale }: RatedPairs & Pick<TrainingSet, 'scale'>,
  rows: Int32Array,
  count: number,
  draw: (user: number, item: number) => number | undefined,
): RatedPairs {
  const found = { users: [] as number[], items: [] as number[], values: [] as number[] };
  for (const row of rows) {
    found.users.push(users[row] as number);
    found.items.push(items[row] as number);
    found.values.push(values[row] as number);
  }
  for (const row of rows) {
    const user = users[row] as number;
    for (let each = 0; each < count; each++) {
      const item = draw(user, items[row] as number);
      if (item === undefined) continue;
      found.users.push(user);
      found.items.push(item);
      found.values.push(scale.minimum);
    }
  }
  return {
    users: Int32Array.from(found.users),
    items: Int32Array.from(found.items),
    values: Float32Array.from(found.values),
  };
}
