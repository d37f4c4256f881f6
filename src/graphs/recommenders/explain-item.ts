import { checkInteger, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { plainId } from '../../io/ratings/identifiers.ts';
import type { Predicts } from '../../models/recommenders/recommender.ts';
import { sharesOfStreams } from './attended-subclips.ts';
import { type FurtherItem, featuresOf, scoreFurtherItems } from './further-items.ts';
import { featuresOfItem } from './item-features.ts';
import { type ExplainedWord, explainedWords } from './item-words.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { named } from './ranking.ts';
import { shownPrediction } from './recommend.ts';
import { predictsOf } from './recommender-names.ts';
import { withoutSubclip, withSubclips } from './scene-variants.ts';
import { type SubclipTime, subclipTimes } from './subclip-times.ts';
import { trainedOn } from './trained-on.ts';

/** Which item to explain, and for whom. */
export interface ExplainItemOptions {
  readonly item: string;
  /** A store of features that includes the item; the recommender then need not know the item. */
  readonly itemFeatures?: string | undefined;
  /** The group of each user, by id; the change is then also reported for each group. */
  readonly groups?: ReadonlyMap<string, string> | undefined;
  /** At most this many users are used, evenly spaced over all. Default 1,000. */
  readonly users?: number | undefined;
  /** Chooses subclips for this user. */
  readonly user?: string | undefined;
  /** How many subclips to choose. Default 3. */
  readonly choose?: number | undefined;
}

const known: KnownOptions<ExplainItemOptions> = {
  ...{ item: true, itemFeatures: true, groups: true, users: true, user: true, choose: true },
};

/** What a subclip contributes to its item's predictions. */
export interface ExplainedSubclip extends Partial<SubclipTime> {
  /** Counted from 0, as in the tables. */
  readonly subclip: number;
  /**
   * How much lower the prediction is without the subclip (with the mean of all subclips instead),
   * on average over the users; below 0 if they would like the item better without it.
   */
  readonly change: number;
  /**
   * By stream how much of it the subclip is where the network pools by attention: a reading of what
   * it does, whoever the user is.
   */
  readonly attention?: Readonly<Record<string, number>> | undefined;
  /** The same change over the users of each group. */
  readonly groups?: Readonly<Record<string, number>> | undefined;
}

/** The subclips that a user is predicted to like best together. */
export interface ChosenSubclips {
  readonly user: string;
  /** In the order in which they occur in the item. */
  readonly subclips: readonly ({ readonly subclip: number } & Partial<SubclipTime>)[];
  /** The prediction for these subclips alone, and for the whole item. */
  readonly prediction: number;
  readonly whole: number;
}

/** What an item's predictions depend on. */
export interface ExplainedItem {
  readonly itemId: string;
  readonly title?: string | undefined;
  readonly recommender: string;
  /** `scores`: predictions only rank. */
  readonly predicts: Predicts;
  /** How many users the averages are over. */
  readonly users: number;
  /** Their mean prediction. */
  readonly mean: number;
  readonly subclips: readonly ExplainedSubclip[];
  /** What the heaviest words of the item's text contribute; empty without a text. */
  readonly words: readonly ExplainedWord[];
  readonly chosen?: ChosenSubclips | undefined;
  /** What the recommender was trained on. */
  readonly trainedOn: readonly string[];
}

/**
 * What each subclip of an item, and each word of its text, contributes to its predictions, found
 * by leaving one out at a time; and, for a user, the subclips that together are predicted to please
 * most, chosen one after another. No video is encoded.
 *
 * @throws UsageError `no-content` for a recommender that reads no features; `unknown-item`,
 * `unknown-user`; what `rankUsers` throws for `itemFeatures`.
 * @example
 * const { subclips, chosen } = await explainItem(await loadRecommender('recommenders/dcf-av-1'), { item: '193609', user: '42' });
 */
export async function explainItem(model: LoadedRecommender, options: ExplainItemOptions): Promise<ExplainedItem> {
  checkKnownOptions('explainItem', options, known);
  const { saved } = model;
  const { itemFeatures, groups } = options;
  const most = checkInteger('users', options.users ?? 1000);
  const user = options.user === undefined ? undefined : userOf(model, checkString('user', options.user));
  const item = await featuresOfItem(model, checkString('item', options.item), itemFeatures);
  const count = featuresOf(model).modalities[0]?.steps ?? 0;
  const choose = checkInteger('choose', options.choose ?? Math.min(3, count), 1, count);
  const shares = sharesOfStreams(saved, item.vectors);
  const times = await timesOf(model, item, itemFeatures, count);
  const users = evenly(saved.userIds.length, most);
  const subclips = Array.from({ length: count }, (_, subclip) => subclip);
  const variants = [item, ...subclips.map((subclip) => withoutSubclip(item, subclip, count))];
  // The user for whom subclips are chosen comes last.
  const asked = user === undefined ? users : Int32Array.of(...users, user);
  const scores = await scoreFurtherItems(model, variants, asked);
  const [whole = new Float32Array(0), ...without] = scores.map((each) => each.subarray(0, users.length));
  const choice = { choose, count, times, whole: scores[0]?.[users.length] as number };
  const changesOf = (place: number) => whole.map((score, at) => score - (without[place]?.[at] as number));
  const groupOf = groups && Array.from(users, (each) => groups.get(saved.userIds[each] as string));
  return {
    ...(item.variantOf === undefined ? { itemId: item.id } : named(saved, item.variantOf)),
    ...{ recommender: saved.facts.recommender, predicts: predictsOf(saved.facts.recommender, saved.facts.options) },
    ...{ users: users.length, mean: meanOf(whole.map((score) => shownPrediction(saved, score))) },
    subclips: subclips.map((subclip) => {
      const changes = changesOf(subclip);
      const own = groupOf && groupMeans(changes, groupOf);
      const attention = Object.fromEntries([...shares].map(([stream, of]) => [stream, of[subclip] as number]));
      return { subclip, ...times?.[subclip], change: meanOf(changes), attention, groups: own };
    }),
    words: await explainedWords(model, item, users, whole),
    chosen: user === undefined ? undefined : await chosenFor(model, item, user, choice),
    trainedOn: trainedOn(model),
  };
}

/**
 * Chooses subclips one after another, each the one that pleases most together with those already
 * chosen.
 */
async function chosenFor(
  model: LoadedRecommender,
  item: FurtherItem,
  user: number,
  {
    choose,
    count,
    times,
    whole,
  }: {
    readonly choose: number;
    readonly count: number;
    readonly times: SubclipTime[] | undefined;
    readonly whole: number;
  },
): Promise<ChosenSubclips> {
  const { saved } = model;
  const users = Int32Array.of(user);
  const chosen = new Set<number>();
  let prediction = Number.NaN;
  while (chosen.size < choose) {
    const rest = Array.from({ length: count }, (_, subclip) => subclip).filter((subclip) => !chosen.has(subclip));
    const tried = rest.map((subclip) => withSubclips(item, new Set([...chosen, subclip]), count));
    const scores = (await scoreFurtherItems(model, tried, users)).map((each) => each[0] as number);
    const best = scores.reduce((place, score, at) => (score > (scores[place] as number) ? at : place), 0);
    chosen.add(rest[best] as number);
    prediction = scores[best] as number;
  }
  const subclips = [...chosen].sort((a, b) => a - b).map((subclip) => ({ subclip, ...times?.[subclip] }));
  const shown = (score: number) => shownPrediction(saved, score);
  return { user: saved.userIds[user] as string, subclips, prediction: shown(prediction), whole: shown(whole) };
}

async function timesOf(
  { saved }: LoadedRecommender,
  { id, variantOf }: FurtherItem,
  itemFeatures: string | undefined,
  count: number,
): Promise<SubclipTime[] | undefined> {
  const store = itemFeatures ?? saved.facts.features?.path;
  const featureId = variantOf === undefined ? id : (saved.featureIds[variantOf] ?? id);
  return store === undefined ? undefined : subclipTimes(store, featureId, count);
}

/** @throws UsageError `unknown-user`. */
function userOf({ saved }: LoadedRecommender, id: string): number {
  const user = saved.userIds.indexOf(plainId(id));
  if (user >= 0) return user;
  throw new UsageError(`user '${id}' has no ratings in the training of this recommender`, {
    code: 'unknown-user',
    option: 'user',
  });
}

/** At most this many numbers below `count`, evenly spaced. */
function evenly(count: number, most: number): Int32Array {
  const taken = Math.min(count, most);
  return Int32Array.from({ length: taken }, (_, place) => Math.floor((place * count) / taken));
}

function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

function groupMeans(
  changes: ArrayLike<number>,
  groupOf: readonly (string | undefined)[],
): Readonly<Record<string, number>> {
  const names = [...new Set(groupOf)].filter((name) => name !== undefined).sort();
  return Object.fromEntries(
    names.map((name) => [name, meanOf(Array.from(changes).filter((_, at) => groupOf[at] === name))]),
  );
}
