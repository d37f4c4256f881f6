import type { PairSources } from '../../../../src/models/recommenders/pairs/pair-network.ts';
import type { Recommender, TrainingRatings } from '../../../../src/models/recommenders/recommender.ts';
import { numbersOf } from '../../../fixtures/movielens.ts';

/**
 * Ratings 3 + 1.5 taste x look, half of the pairs; nobody has rated the last ten items in training,
 * and their ratings are held out. The vectors tell the look; cut, they tell nothing.
 */
export function looks(isCut = false) {
  const [userCount, itemCount, cold] = [50, 40, 10];
  const next = numbersOf(5);
  const sign = () => (next() < 0.5 ? 1 : -1);
  const [taste, look] = [Array.from({ length: userCount }, sign), Array.from({ length: itemCount }, sign)];
  const shown = isCut ? look.map(sign) : look;
  const rows: [number, number, number][] = [];
  for (let user = 0; user < userCount; user++) {
    for (let item = 0; item < itemCount; item++) {
      if (next() < 0.5) continue;
      const value = 3 + 1.5 * (taste[user] as number) * (look[item] as number) + 0.4 * (next() - 0.5);
      rows.push([user, item, value]);
    }
  }
  const part = (isHeldOut: boolean): TrainingRatings => {
    const own = rows.filter(([, item]) => item >= itemCount - cold === isHeldOut);
    return {
      users: Int32Array.from(own, ([user]) => user),
      items: Int32Array.from(own, ([, item]) => item),
      values: Float32Array.from(own, ([, , value]) => value),
      times: Float64Array.from(own.keys()),
      ...{ userCount, itemCount, scale: { minimum: 0.5, maximum: 5 } },
    };
  };
  const vectors = Float32Array.from(shown.flatMap((own) => [own + 0.2 * (next() - 0.5), next() - 0.5, next() - 0.5]));
  const sources: PairSources = {
    streams: new Map([['visual', { vectors, dimension: 3 }]]),
    genres: { genreCount: 2, flags: Uint8Array.from(shown.flatMap((own) => (own > 0 ? [1, 0] : [0, 1]))) },
    titles: shown.map((own, item) => `${own > 0 ? 'Bright' : 'Dark'} ${item} (1999)`),
  };
  return { ratings: part(false), heldOut: part(true), sources };
}

/** Root of the mean squared error of predictions. */
export async function errorOf(
  recommender: Pick<Recommender, 'predict'>,
  { users, items, values }: TrainingRatings,
): Promise<number> {
  const found = await recommender.predict(users, items);
  return Math.sqrt(found.reduce((sum, value, row) => sum + (value - (values[row] as number)) ** 2, 0) / values.length);
}

/**
 * Ratings 3 + 1.5 x look of the item x look of the item rated just before; the last one of each
 * user is held out. Cut, the times are in no order.
 */
export function moods(isCut = false) {
  const [userCount, itemCount, steps] = [80, 12, 10];
  const next = numbersOf(9);
  const look = Array.from({ length: itemCount }, (_, item) => (item % 2 === 0 ? 1 : -1));
  const parts = { learnt: [] as Row[], heldOut: [] as Row[] };
  for (let user = 0; user < userCount; user++) {
    const left = [...new Array(itemCount).keys()];
    let before = 1;
    for (let step = 0; step < steps; step++) {
      const [item = 0] = left.splice(Math.floor(next() * left.length), 1);
      const own = look[item] as number;
      const row = { user, item, value: 3 + 1.5 * own * before, time: isCut ? next() : step };
      parts[step === steps - 1 ? 'heldOut' : 'learnt'].push(row);
      before = own;
    }
  }
  const ratingsOf = (rows: readonly Row[]): TrainingRatings => ({
    users: Int32Array.from(rows, ({ user }) => user),
    items: Int32Array.from(rows, ({ item }) => item),
    values: Float32Array.from(rows, ({ value }) => value),
    times: Float64Array.from(rows, ({ time }) => time),
    ...{ userCount, itemCount, scale: { minimum: 0.5, maximum: 5 } },
  });
  return { ratings: ratingsOf(parts.learnt), heldOut: ratingsOf(parts.heldOut) };
}

interface Row {
  readonly user: number;
  readonly item: number;
  readonly value: number;
  readonly time: number;
}
