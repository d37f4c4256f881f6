/**
 * Policies for new users on REAL ratings: reinforcement learning (`ddpg`, `td3`) beside the greedy
 * reward model that it must beat, and beside simple recommenders. A quarter of the users is held
 * out of training; each policy then recommends them one of the items that they have rated after
 * another, and knows the answers so far. Means over users, with a paired t-test over users against
 * `greedy-reward`, each user's mean over the seeds.
 *
 *   node dist/bench/policies.js --ratings ml-latest-small [--seeds 1,2,3] [--steps 10] [--users 300]
 *     [--movies 600] [--epochs 40] [--recommenders popularity,svd,ease,greedy-reward,ddpg,td3]
 *
 * The environment is simulated: what a user has not rated is never recommended. `best` always
 * recommends the item that the user rated highest, `random` any.
 */

import { fitRecommender } from '../src/graphs/recommenders/fit-recommender.ts';
import { type RecommenderName, trainsInEpochs } from '../src/graphs/recommenders/recommender-names.ts';
import { parseOptionText } from '../src/graphs/recommenders/recommender-options.ts';
import { alignedRows } from '../src/graphs/text-table.ts';
import { openMovieLens } from '../src/io/ratings/movielens.ts';
import { seededUniform } from '../src/models/autodiff/initialisers.ts';
import type { NewUserRatings, TrainingRatings } from '../src/models/recommenders/recommender.ts';
import { playLoggedEpisodes } from '../src/models/recommenders/reinforcement/logged-episodes.ts';
import { pairedTTest } from '../src/models/statistics/paired-t-test.ts';
import { benchOptions } from './clips.ts';

const options = benchOptions({
  ...{ ratings: 'ml-latest-small', seeds: '1,2,3', steps: '10', users: '300', movies: '600', epochs: '40' },
  recommenders: 'popularity,user-mean,baseline,svd,ease,greedy-reward,ddpg,td3,ddpg:discount=0',
});
const numberOf = (name: string) => Number(options[name]);
const seeds = (options.seeds as string).split(',').map(Number);
const reference = 'greedy-reward';

/** The most frequent of these numbers. */
function mostFrequent(numbers: Int32Array, count: number): Set<number> {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const order = [...counts].sort(([one, left], [other, right]) => right - left || one - other);
  return new Set(order.slice(0, count).map(([number]) => number));
}

const { ratings: all, scale } = await openMovieLens(options.ratings as string, { timestamps: true });
const movies = mostFrequent(all.items, numberOf('movies'));
const ofMovies = Int32Array.from(all.items.keys()).filter((row) => movies.has(all.items[row] as number));
const users = mostFrequent(
  ofMovies.map((row) => all.users[row] as number),
  numberOf('users'),
);
const rows = ofMovies.filter((row) => users.has(all.users[row] as number));

function subset(of: Int32Array): TrainingRatings {
  return {
    users: of.map((row) => all.users[row] as number),
    items: of.map((row) => all.items[row] as number),
    values: Float32Array.from(of, (row) => all.values[row] as number),
    userCount: all.userIds.length,
    itemCount: all.itemIds.length,
    scale,
  };
}

interface Policy {
  scoreNewUser(own: NewUserRatings, items: Int32Array): Float32Array | Promise<Float32Array>;
  close?(): Promise<void>;
}

async function trained(label: string, train: Int32Array, seed: number): Promise<Policy> {
  const [name = '', ...settings] = label.split(':');
  const recommender = name as RecommenderName;
  const given = settings.map((setting) => {
    const [key = '', value = ''] = setting.split('=');
    return [key, parseOptionText(recommender, key, value)] as const;
  });
  const limit: Record<string, number> = trainsInEpochs(recommender) ? { epochs: numberOf('epochs') } : {};
  const fitted = await fitRecommender(
    { ratings: all, train, validation: new Int32Array(0), scale },
    {
      ...{ recommender, seed },
      options: { ...Object.fromEntries(given), ...limit },
    },
  );
  const { scoreNewUser } = fitted;
  if (scoreNewUser === undefined) throw new Error(`${label} cannot serve new users`);
  return { scoreNewUser: (own, items) => scoreNewUser(own, items), close: () => fitted.close?.() ?? Promise.resolve() };
}

/** The best and a random choice, given what a user will answer. */
function knowing(test: TrainingRatings, seed: number): Record<string, (user: number) => Policy> {
  const answers = new Map<number, Map<number, number>>();
  for (const [row, user] of test.users.entries()) {
    const own = answers.get(user) ?? new Map<number, number>();
    own.set(test.items[row] as number, test.values[row] as number);
    answers.set(user, own);
  }
  return {
    best: (user) => ({
      scoreNewUser: (_, items) => Float32Array.from(items, (item) => answers.get(user)?.get(item) as number),
    }),
    random: (user) => {
      const uniform = seededUniform(seed, `random policy ${user}`);
      return { scoreNewUser: (_, items) => Float32Array.from(items, () => uniform()) };
    },
  };
}

interface Played {
  /** Mean reward of each user, summed over the seeds. */
  readonly byUser: Map<number, number>;
  readonly byStep: Float64Array;
  precision: number;
  distinct: number;
}

const steps = numberOf('steps');
const played = new Map<string, Played>();

/** Plays one user at a time, for the tests, and all together, for the items. */
async function play(label: string, policyOf: (user: number) => Policy, test: TrainingRatings): Promise<void> {
  const into = played.get(label) ?? { byUser: new Map(), byStep: new Float64Array(steps), precision: 0, distinct: 0 };
  played.set(label, into);
  const tested = [...new Set(test.users)].sort((one, other) => one - other);
  for (const user of tested) {
    const own = Int32Array.from(test.users.keys()).filter((row) => test.users[row] === user);
    const one = {
      ...test,
      users: new Int32Array(own.length),
      items: own.map((row) => test.items[row] as number),
      values: Float32Array.from(own, (row) => test.values[row] as number),
      userCount: 1,
    };
    const { reward, byStep, precision } = await playLoggedEpisodes(policyOf(user), one, { steps });
    into.byUser.set(user, (into.byUser.get(user) ?? 0) + reward / seeds.length);
    for (const [step, value] of byStep.entries()) {
      into.byStep[step] = (into.byStep[step] as number) + value / tested.length / seeds.length;
    }
    into.precision += precision / tested.length / seeds.length;
  }
  if (label === 'best' || label === 'random') return;
  const { distinct } = await playLoggedEpisodes(policyOf(-1), test, { steps });
  into.distinct += distinct / seeds.length;
}

// The same users are held out for all seeds, so that each has a mean over them; users with fewer
// ratings than an episode and one more cannot be played whole.
const counts = new Map<number, number>();
for (const row of rows) counts.set(all.users[row] as number, (counts.get(all.users[row] as number) ?? 0) + 1);
const isHeldOut = (user: number) =>
  (counts.get(user) ?? 0) > steps && seededUniform(1, `policies ${all.userIds[user]}`)() < 0.25;
const train = rows.filter((row) => !isHeldOut(all.users[row] as number));
const test = subset(rows.filter((row) => isHeldOut(all.users[row] as number)));
for (const seed of seeds) {
  for (const [label, policyOf] of Object.entries(knowing(test, seed))) await play(label, policyOf, test);
  for (const label of (options.recommenders as string).split(',')) {
    const policy = await trained(label, train, seed);
    await play(label, () => policy, test);
    await policy.close?.();
    console.log(`seed ${seed}: ${label}`);
  }
}
const base = played.get(reference)?.byUser;
const lines = [...played].map(([label, { byUser, byStep, precision, distinct }]) => {
  const own = [...byUser.values()];
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  const difference = base === undefined ? [] : [...byUser].map(([user, value]) => value - (base.get(user) as number));
  const gap = difference.reduce((sum, value) => sum + value, 0) / own.length;
  const test =
    base === undefined || label === reference
      ? ''
      : `${gap < 0 ? '' : '+'}${gap.toFixed(3)} (p ${pairedTTest(
          own,
          [...byUser.keys()].map((user) => base.get(user) as number),
        ).p.toPrecision(2)})`;
  const shown = [mean, byStep[0] as number, byStep.at(-1) as number, precision].map((value) => value.toFixed(3));
  return [label, ...shown, distinct === 0 ? '' : distinct.toFixed(0), test];
});
console.log(`\n${played.get('best')?.byUser.size} new users, ${steps} recommendations each, seeds ${options.seeds}`);
console.log(
  alignedRows([['', 'reward', 'first', 'last', 'liked', 'items', `reward - ${reference}`], ...lines]).join('\n'),
);
