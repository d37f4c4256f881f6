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
  return parts(rows, userCount, itemCount);
}

/**
 * Users of two tastes, and items of three kinds: one that everybody likes somewhat, which says
 * nothing about a user, and one for each taste, which users of that taste rate 5 and the others 1.
 * Before any answer, an item of a taste is worth nothing on average, and the harmless ones more;
 * but one answer to it makes all that follows worth 1. Whoever looks at the next reward alone
 * recommends harmless items for ever.
 */
export function plantedProbe(userCount = 80, itemCount = 45) {
  const next = numbersOf(29);
  const rows: [number, number, number][] = [];
  for (let user = 0; user < userCount; user++) {
    // As many of one taste as of the other, in training and outside it.
    const taste = (user + Math.floor(user / 4)) % 2 === 0 ? 1 : -1;
    for (let item = 0; item < itemCount; item++) {
      const kind = (item % 3) - 1;
      if (next() < 0.6) rows.push([user, item, kind === 0 ? harmless : taste * kind > 0 ? 5 : 1]);
    }
  }
  return parts(rows, userCount, itemCount);
}

/** The rating of a harmless item; its reward on the scale from 1 to 5 is 0.6. */
const harmless = 4.2;

/** Every fourth user is one whom training does not meet. */
function parts(rows: readonly [number, number, number][], userCount: number, itemCount: number) {
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
