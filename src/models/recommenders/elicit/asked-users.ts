import { Breather } from '../../../core/breather.ts';
import type { RatingScale } from '../../../core/rating-scale.ts';
import { evaluate } from '../../metrics/evaluate.ts';
import { clip, type NewUserRatings } from '../recommender.ts';
import type { AskedQuestion, NextQuestion } from './next-question.ts';

/** The ratings of a user who is asked: possible answers, and test ratings. */
export interface AskedUser {
  /** The ratings that the user can answer with; the user does not know any other item. */
  readonly pool: ReadonlyMap<number, number>;
  readonly test: NewUserRatings;
}

/** How well new users are predicted after a number of questions. */
export interface AskedPoint {
  readonly questions: number;
  /** Share of the questions that were answered; NaN before the first. */
  readonly answered: number;
  /** Mean over users of each user's RMSE: every new user counts once, however much is tested. */
  readonly rmse: number;
  /** Over the ranked test items of each user. */
  readonly ndcg: number;
}

/** Length of the evaluated lists. */
const listLength = 10;

/**
 * Asks users about items, one after another, and after every question predicts each user's test
 * items from the answers so far. A test rating is never part of an answer.
 *
 * @param next items in the order in which all are asked, or what to ask after the answers so far.
 * @param score scores items for a user who was not in the training data.
 */
export async function askUsers(
  users: readonly AskedUser[],
  next: Int32Array | NextQuestion,
  {
    questions,
    scale,
    score,
    signal,
  }: {
    readonly questions: number;
    readonly scale: RatingScale;
    readonly score: (own: NewUserRatings, items: Int32Array) => Float32Array | Promise<Float32Array>;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<AskedPoint[]> {
  const ask = next instanceof Int32Array ? (before: readonly AskedQuestion[]) => next[before.length] : next;
  const asked = users.map((): AskedQuestion[] => []);
  const predictions: Float32Array[] = users.map(() => new Float32Array(0));
  const points: AskedPoint[] = [];
  let [answers, all] = [0, 0];
  const breather = new Breather();
  for (let question = 0; question <= questions; question++) {
    let isLeft = question === 0;
    for (const [place, { pool, test }] of users.entries()) {
      const own = asked[place] as AskedQuestion[];
      if (breather.isDue) await breather.rest();
      signal?.throwIfAborted();
      if (question > 0) {
        const item = ask(own);
        if (item === undefined) continue;
        const answer = pool.get(item);
        own.push({ item, answer });
        isLeft = true;
        all++;
        if (answer === undefined) continue;
        answers++;
      }
      const given = own.filter(({ answer }) => answer !== undefined);
      const known = {
        items: Int32Array.from(given, ({ item }) => item),
        values: Float32Array.from(given, ({ answer }) => answer as number),
      };
      predictions[place] = await score(known, test.items);
    }
    if (!isLeft) break;
    points.push({
      questions: question,
      answered: question === 0 ? Number.NaN : answers / all,
      ...judged(users, predictions, scale),
    });
  }
  return points;
}

function judged(users: readonly AskedUser[], predictions: readonly Float32Array[], scale: RatingScale) {
  const predicted = predictions.map((own) => Float64Array.from(own, (value) => clip(value, scale)));
  const errors = users.map(({ test }, user) => {
    const squares = test.values.reduce((sum, value, at) => sum + (value - (predicted[user]?.[at] as number)) ** 2, 0);
    return Math.sqrt(squares / test.values.length);
  });
  const rows = users.flatMap(({ test }, user) => Array.from(test.items, (item, at) => ({ user, item, at, test })));
  const { ranking } = evaluate(
    {
      users: Int32Array.from(rows, ({ user }) => user),
      items: Int32Array.from(rows, ({ item }) => item),
      ratings: Float64Array.from(rows, ({ test, at }) => test.values[at] as number),
      predictions: Float64Array.from(rows, ({ user, at }) => predicted[user]?.[at] as number),
    },
    { scale, ks: [listLength] },
  );
  const rmse = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return { rmse, ndcg: ranking[String(listLength)]?.ndcg ?? Number.NaN };
}
