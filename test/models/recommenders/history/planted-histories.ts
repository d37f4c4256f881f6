import type { ItemVectors } from '../../../../src/models/recommenders/item-vectors.ts';
import type { TrainingRatings } from '../../../../src/models/recommenders/recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';

/** Pairs that were held out, and what should be found. */
export interface HeldOut {
  readonly user: number;
  readonly item: number;
}

/** Numbers in a random order. */
function shuffled(values: readonly number[], next: () => number): number[] {
  const order = [...values];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [order[last], order[other]] = [order[other] as number, order[last] as number];
  }
  return order;
}

/**
 * Users who walk along a hidden circle of items from some place on, seven steps each; the step
 * after them is held out. Cut, the same items come in another order for each user.
 */
export function chain(isCut = false) {
  const [userCount, itemCount, steps] = [60, 12, 7];
  const next = numbersOf(3);
  const circle = shuffled([...new Array(itemCount).keys()], next);
  const columns = { users: [] as number[], items: [] as number[], times: [] as number[] };
  const heldOut: HeldOut[] = [];
  for (let user = 0; user < userCount; user++) {
    const from = Math.floor(next() * itemCount);
    const walked = Array.from({ length: steps }, (_, step) => circle[(from + step) % itemCount] as number);
    for (const [step, item] of (isCut ? shuffled(walked, next) : walked).entries()) {
      columns.users.push(user);
      columns.items.push(item);
      columns.times.push(step);
    }
    heldOut.push({ user, item: circle[(from + steps) % itemCount] as number });
  }
  return { ratings: ratingsOf(columns, userCount, itemCount), heldOut };
}

/**
 * Items of three kinds in turn, of which the vectors tell the kind; the last nine items have no
 * ratings. Cut, the vectors tell of each kind the same.
 */
export function kindsInTurn(isCut = false) {
  const [userCount, itemCount, cold, steps] = [60, 24, 9, 8];
  const next = numbersOf(7);
  const columns = { users: [] as number[], items: [] as number[], times: [] as number[] };
  const lastKind: number[] = [];
  for (let user = 0; user < userCount; user++) {
    const first = Math.floor(next() * 3);
    const met = new Set<number>();
    for (let step = 0; step < steps; step++) {
      const kind = (first + step) % 3;
      const free = [...new Array(itemCount).keys()].filter((item) => item % 3 === kind && !met.has(item));
      const item = free[Math.floor(next() * free.length)] as number;
      met.add(item);
      columns.users.push(user);
      columns.items.push(item);
      columns.times.push(step);
    }
    lastKind.push((first + steps - 1) % 3);
  }
  const order = [...new Array(itemCount + cold).keys()];
  const shown = order.map((item) => (isCut ? Math.floor(item / 3) % 3 : item % 3));
  const vectors = Float32Array.from(
    shown.flatMap((own) => [0, 1, 2].map((kind) => (own === kind ? 1 : -0.5) + 0.2 * (next() - 0.5))),
  );
  const content: ItemVectors = { vectors, dimension: 3 };
  const coldItems = order.slice(itemCount);
  return { ratings: ratingsOf(columns, userCount, itemCount + cold), content, coldItems, lastKind };
}

function ratingsOf(
  { users, items, times }: { users: number[]; items: number[]; times: number[] },
  userCount: number,
  itemCount: number,
): TrainingRatings {
  // The rows are in no order of time.
  const order = shuffled([...users.keys()], numbersOf(19));
  const pick = (of: readonly number[]) => order.map((row) => of[row] as number);
  return {
    ...{ users: Int32Array.from(pick(users)), items: Int32Array.from(pick(items)) },
    values: new Float32Array(users.length).fill(4),
    times: Float64Array.from(pick(times)),
    ...{ userCount, itemCount, scale: { minimum: 0.5, maximum: 5 } },
  };
}

/**
 * Ratings 3 + 1.5 taste x look, half of the pairs, a tenth of those held out. Cut, each user's
 * ratings are given to other items of the user.
 */
export function tastes(isCut = false) {
  const [userCount, itemCount] = [60, 40];
  const next = numbersOf(5);
  const taste = Array.from({ length: userCount }, () => (next() < 0.5 ? 1 : -1));
  const look = Array.from({ length: itemCount }, () => (next() < 0.5 ? 1 : -1));
  const rows: { user: number; item: number; value: number; isHeldOut: boolean }[] = [];
  for (let user = 0; user < userCount; user++) {
    const items = [...new Array(itemCount).keys()].filter(() => next() < 0.5);
    const rated = items.map(
      (item) => 3 + 1.5 * (taste[user] as number) * (look[item] as number) + 0.4 * (next() - 0.5),
    );
    const given = isCut ? shuffled(rated, next) : rated;
    for (const [at, item] of items.entries()) {
      rows.push({ user, item, value: given[at] as number, isHeldOut: next() < 0.1 });
    }
  }
  const part = (isHeldOut: boolean): TrainingRatings => {
    const own = rows.filter((row) => row.isHeldOut === isHeldOut);
    return {
      users: Int32Array.from(own, ({ user }) => user),
      items: Int32Array.from(own, ({ item }) => item),
      values: Float32Array.from(own, ({ value }) => value),
      ...{ userCount, itemCount, scale: { minimum: 0.5, maximum: 5 } },
    };
  };
  return { ratings: part(false), heldOut: part(true) };
}
