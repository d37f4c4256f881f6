import { readFileSync } from 'node:fs';
import type { ItemVectors } from '../../../src/models/recommenders/item-vectors.ts';
import type { Recommender, TrainingRatings } from '../../../src/models/recommenders/recommender.ts';
import { numbersOf } from '../../fixtures/movielens.ts';
import { training } from './support.ts';

/** Weights that NumPy found. */
export const reference = JSON.parse(readFileSync(new URL('ease-reference.json', import.meta.url), 'utf8')) as {
  readonly ease: readonly number[][];
  readonly content: readonly number[][];
  readonly rows: number;
};

/** The ratings and vectors of ease-reference.py. */
export function referenceData(): { ratings: TrainingRatings; content: ItemVectors } {
  const next = numbersOf(11);
  const rows: [number, number, number][] = [];
  for (let user = 0; user < 30; user++) {
    for (let item = 0; item < 14; item++) {
      if (next() < 0.5) rows.push([user, item, [1, 2, 3, 4, 5][Math.floor(next() * 5)] as number]);
    }
  }
  const other = numbersOf(5);
  const vectors = Float32Array.from({ length: 14 * 3 }, () => 2 * other() - 1);
  return {
    ratings: { ...training(rows, 30, 14), scale: { minimum: 1, maximum: 5 } },
    content: { vectors, dimension: 3 },
  };
}

/**
 * Users of two tastes, items of two kinds, told by their vectors: each likes one kind. The last
 * items have no ratings. With `linked` false the vectors are those of other items.
 */
export function planted(linked = true) {
  const [users, items, cold] = [60, 40, 10];
  const next = numbersOf(3);
  const kind = Array.from({ length: items + cold }, () => (next() < 0.5 ? 1 : -1));
  const rows: [number, number, number][] = [];
  const truth: { user: number; item: number; likes: boolean }[] = [];
  for (let user = 0; user < users; user++) {
    const taste = user % 2 === 0 ? 1 : -1;
    for (let item = 0; item < items + cold; item++) {
      const likes = taste * (kind[item] as number) > 0;
      if (item >= items) truth.push({ user, item, likes });
      else if (next() < 0.4) rows.push([user, item, likes ? (next() < 0.8 ? 4.5 : 3) : next() < 0.8 ? 2 : 3.5]);
    }
  }
  const shown = linked ? kind : kind.map((_, item) => ((item * 7) % 5 < 2 ? 1 : -1));
  const vectors = Float32Array.from({ length: 2 * kind.length }, (_, at) =>
    at % 2 === 0 ? (shown[at >> 1] as number) : 0.3 * (next() - 0.5),
  );
  return { ratings: training(rows, users, items + cold), content: { vectors, dimension: 2 }, truth };
}

/** Share of the pairs of one user's new items that are ranked rightly; ties count half. */
export async function areaOf(
  recommender: Recommender,
  { ratings, truth }: ReturnType<typeof planted>,
): Promise<number> {
  await recommender.fit(ratings);
  const users = Int32Array.from(truth, ({ user }) => user);
  const scores = await (recommender.score ?? recommender.predict).call(
    recommender,
    users,
    Int32Array.from(truth, ({ item }) => item),
  );
  let [right, pairs] = [0, 0];
  for (const [one, better] of truth.entries()) {
    for (const [two, worse] of truth.entries()) {
      if (better.user !== worse.user || !better.likes || worse.likes) continue;
      pairs++;
      right += (scores[one] as number) > (scores[two] as number) ? 1 : scores[one] === scores[two] ? 0.5 : 0;
    }
  }
  return right / pairs;
}
