import { numbersOf } from '../../../fixtures/movielens.ts';
import { training } from '../support.ts';

/**
 * Users of two tastes, items of two kinds: a user rates items of the own kind 5 and others 1, half
 * of all. After one answer the best policy knows the taste, and is never wrong again while there
 * are items of that kind. Cut, each rating is drawn by lot.
 */
export function plantedBandit(isCut = false, userCount = 80, itemCount = 40) {
  const next = numbersOf(13);
  const rows: [number, number, number][] = [];
  for (let user = 0; user < userCount; user++) {
    const taste = next() < 0.5 ? 1 : -1;
    for (let item = 0; item < itemCount; item++) {
      const kind = isCut ? (next() < 0.5 ? 1 : -1) : item % 2 === 0 ? 1 : -1;
      if (next() < 0.5) rows.push([user, item, taste * kind > 0 ? 5 : 1]);
    }
  }
  const part = (isLearnt: boolean) => ({
    ...training(
      rows.filter(([user]) => (user % 4 !== 0) === isLearnt),
      userCount,
      itemCount,
    ),
    scale: { minimum: 1, maximum: 5 },
  });
  const learnt = part(true);
  return { learnt: { ...learnt, times: Float64Array.from(learnt.values.keys()) }, others: part(false) };
}
