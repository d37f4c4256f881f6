import { numbersOf } from '../../fixtures/movielens.ts';
import { training } from '../recommenders/support.ts';

/**
 * Users of two tastes, items of two kinds: half of the pairs is rated, a fifth held out. Cut, each
 * rating is drawn by itself.
 */
export function twoTastes(isCut = false, userCount = 800, itemCount = 16) {
  const next = numbersOf(3);
  const rows: [number, number, number][] = [];
  const heldOut: [number, number, number][] = [];
  for (let user = 0; user < userCount; user++) {
    const taste = next() < 0.5 ? 1 : -1;
    for (let item = 0; item < itemCount; item++) {
      const kind = isCut ? (next() < 0.5 ? 1 : -1) : item % 2 === 0 ? 1 : -1;
      const share = next();
      if (share < 0.7) (share < 0.5 ? rows : heldOut).push([user, item, taste * kind > 0 ? 4.5 : 1]);
    }
  }
  return { ratings: training(rows, userCount, itemCount), heldOut: training(heldOut, userCount, itemCount) };
}

/** Root mean squared error of what is predicted of the held-out ratings. */
export async function errorOf(
  recommender: { predict(users: Int32Array, items: Int32Array): Float32Array | Promise<Float32Array> },
  { heldOut: { users, items, values } }: ReturnType<typeof twoTastes>,
): Promise<number> {
  const found = await recommender.predict(users, items);
  return Math.sqrt(found.reduce((sum, value, row) => sum + (value - (values[row] as number)) ** 2, 0) / values.length);
}
