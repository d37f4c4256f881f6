import { checkInteger, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import type { Reasons, UsedPart } from '../../models/recommenders/reasons.ts';
import { clip, type Predicts } from '../../models/recommenders/recommender.ts';
import { type AttendedSubclip, mostAttended } from './attended-subclips.ts';
import { type BranchOutputs, branchNoteOf, branchOutputs, hasTwoBranches } from './branch-outputs.ts';
import { type SimilarityBasis, similarityOf } from './content-similarity.ts';
import { commonWords } from './item-words.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { named, type Ranking, rankingOf } from './ranking.ts';
import { predictsOf } from './recommender-names.ts';
import type { SavedRecommender } from './saved-recommender.ts';

/** What to recommend, and to whom. */
export interface RecommendOptions {
  /** Id of a user in the training ratings. */
  readonly user?: string | undefined;
  /**
   * Instead of `user`: ratings, by item id, of a user who was not in the training data. Only what
   * the recommender knows about that user is learnt.
   */
  readonly ratings?: ReadonlyMap<string, number> | undefined;
  /** Maximum number of items. Default 10. */
  readonly k?: number | undefined;
  /** Only items that nobody has rated in training. */
  readonly coldOnly?: boolean | undefined;
  /** Only items with at least this many ratings in training. Default 0: all. */
  readonly minRatings?: number | undefined;
  /**
   * Reports for each item how its prediction was computed, if the recommender computes it from a
   * few ratings or from other recommenders (`reasons`); otherwise which of the user's rated items
   * are nearest in content. Also what each branch of a two-branch network predicts alone; if it
   * pools by attention, which subclip of the item counts most; of items with texts, words that both
   * have.
   */
  readonly explain?: boolean | undefined;
}

/**
 * A training rating from which a prediction was computed.
 *
 * @example
 * const line = ({ title, rating, contribution }: RatingUsed) => `${contribution}: ${title}, rated ${rating}`;
 */
export interface RatingUsed {
  /** The rated item; undefined if it is the recommended one, rated by another user. */
  readonly itemId?: string | undefined;
  readonly title?: string | undefined;
  /** The other user who has rated the recommended item. */
  readonly userId?: string | undefined;
  readonly rating: number;
  /** The similarity, or what else the rating is weighted by. */
  readonly weight: number;
  /** What it adds to the prediction. */
  readonly contribution: number;
  /** Of the first three items: at most five words that both texts have. */
  readonly words?: readonly string[] | undefined;
}

/**
 * How a prediction was computed: before it is clipped to the scale, it is `base` plus all
 * contributions of `ratings`, or for a blend the sum of weight times score over its `parts`.
 *
 * @example
 * const added = ({ ratings: used }: PredictionReasons) => used.reduce((sum, { contribution }) => sum + contribution, 0);
 */
export interface PredictionReasons {
  readonly base: number;
  /** All that were used, the largest weight first. */
  readonly ratings: readonly RatingUsed[];
  readonly parts?: readonly UsedPart[] | undefined;
  /** Of a `switch`: the part that predicted this item. */
  readonly by?: string | undefined;
}

/** One of the user's rated items that is near in content. */
export interface NearestRated {
  readonly itemId: string;
  readonly title?: string | undefined;
  /** The user's rating of it. */
  readonly rating: number;
  readonly similarity: number;
  readonly basis: SimilarityBasis;
  /** At most five words that both texts have, if the features have a stream of texts. */
  readonly words?: readonly string[] | undefined;
}

/** One recommended item. */
export interface RecommendedItem {
  readonly itemId: string;
  readonly title?: string | undefined;
  readonly genres: readonly string[];
  /** A rating within the scale, or a score, as `predicts` says. */
  readonly prediction: number;
  /** Number of its training ratings. */
  readonly ratings: number;
  /**
   * With `explain`: at most three of the user's rated items, the most similar in content first. The
   * prediction was not computed from them; undefined if `reasons` name ratings or parts.
   */
  readonly nearest?: readonly NearestRated[] | undefined;
  /** With `explain`: how the prediction was computed, of recommenders that can say so. */
  readonly reasons?: PredictionReasons | undefined;
  /** With `explain`, for recommenders with two branches. */
  readonly branches?: BranchOutputs | undefined;
  /** With `explain`, of networks that pool by attention: what counted most of each stream. */
  readonly attended?: readonly AttendedSubclip[] | undefined;
}

/** Recommendations for a user. */
export interface Recommendations {
  /** Undefined for a user given by ratings. */
  readonly user: string | undefined;
  readonly recommender: string;
  /** `scores`: `prediction` only ranks; it is not a rating. */
  readonly predicts: Predicts;
  /** Number of items that the user has rated, which are not recommended. */
  readonly rated: number;
  /** How many of the given ratings are of items that the recommender does not know. */
  readonly unknownItems?: number | undefined;
  /** How many items were ranked. */
  readonly candidates: number;
  /**
   * Sorted by the prediction before it is clipped to the scale; ties by number of ratings, then by
   * ascending id.
   */
  readonly items: readonly RecommendedItem[];
  /** With `branches`: how they are computed. */
  readonly branchNote?: string | undefined;
  /** Why there are no items, if there are none. */
  readonly whyEmpty?: string | undefined;
}

/** How many nearest items an explanation names, and how many words of each. */
const explainedBy = 3;
const namedWords = 5;

const known: KnownOptions<RecommendOptions> = {
  user: true,
  k: true,
  coldOnly: true,
  minRatings: true,
  explain: true,
  ratings: true,
};

/**
 * The items with the highest predicted rating among those that a user has not rated. A recommender
 * that does not know the content of items ranks only items with ratings; the others (by features or
 * by genres) also rank items without ratings.
 *
 * @throws UsageError `unknown-user` for a user without ratings in training, `no-content` for
 * `coldOnly` with a recommender that knows no content, `no-new-users` for `ratings` if the
 * recommender cannot serve a new user.
 * @example
 * const { items } = await recommend(await loadRecommender('recommenders/dcf-av-1'), { user: '42', k: 10, coldOnly: true, explain: true });
 */
export async function recommend(model: LoadedRecommender, options: RecommendOptions): Promise<Recommendations> {
  checkKnownOptions('recommend', options, known);
  const k = checkInteger('k', options.k ?? 10);
  const { saved } = model;
  const ranking = rankingOf(saved);
  const whoseItems = whose(model, ranking, options);
  const { own, score, unknownItems } = whoseItems;
  const candidates = ranking.candidates(own, options);
  const scores = candidates.length === 0 ? new Float32Array(0) : await score(candidates);
  const predicts = predictsOf(saved.facts.recommender, saved.facts.options);
  const best = ranking.best(candidates, scores, k).map((place) => ({
    item: candidates[place] as number,
    prediction: shownPrediction(saved, scores[place] as number),
  }));
  const explained = options.explain ? await explanations(model, whoseItems, best) : undefined;
  return {
    ...{
      user: options.user,
      recommender: saved.facts.recommender,
      predicts,
      rated: own.size,
      candidates: candidates.length,
    },
    unknownItems: unknownItems > 0 ? unknownItems : undefined,
    items: best.map(({ item, prediction }, place) => ({
      ...{ ...named(saved, item), genres: saved.catalogue[item]?.genres ?? [], prediction },
      ratings: ranking.counts[item] as number,
      ...explained?.[place],
    })),
    branchNote: explained?.some(({ branches }) => branches) ? branchNoteOf(saved) : undefined,
    whyEmpty: best.length > 0 ? undefined : whyEmpty(options),
  };
}

function whyEmpty({ coldOnly, minRatings = 0 }: RecommendOptions): string {
  if (coldOnly === true) return 'every item that the recommender can predict for has ratings in training';
  if (minRatings > 0) return `no item that the user has not rated has ${minRatings} ratings or more in training`;
  return 'the user has rated every item that the recommender can predict for';
}

/** A score as shown to users: ratings are clipped to the scale. */
export function shownPrediction({ facts }: SavedRecommender, score: number): number {
  return predictsOf(facts.recommender, facts.options) === 'scores' ? score : clip(score, facts.scale);
}

/** The user of the list: the ratings, and how items are scored. */
function whose(model: LoadedRecommender, ranking: Ranking, { user: id, ratings }: RecommendOptions) {
  const { saved } = model;
  if ((id === undefined) === (ratings === undefined)) {
    throw new UsageError('exactly one of `user` and `ratings` must be given', { option: 'user' });
  }
  if (ratings === undefined) {
    const user = userNumber(saved, ranking, checkString('user', id));
    const score = (items: Int32Array) => model.score(new Int32Array(items.length).fill(user), items);
    const reasons =
      model.reasons && ((items: Int32Array) => model.reasons?.(new Int32Array(items.length).fill(user), items));
    return { user, own: ranking.ratingsOf(user), unknownItems: 0, score, reasons };
  }
  const own = new Map<number, number>();
  for (const [itemId, rating] of ratings) {
    const { minimum, maximum } = saved.facts.scale;
    if (!(rating >= minimum && rating <= maximum)) {
      throw new UsageError(`the rating of item '${itemId}' is ${rating}, but the scale is ${minimum} to ${maximum}`, {
        code: 'ratings',
      });
    }
    const item = ranking.numberOf(itemId);
    if (item !== undefined) own.set(item, rating);
  }
  const news = { items: Int32Array.from(own.keys()), values: Float32Array.from(own.values()) };
  const score = (items: Int32Array) => model.scoreNewUser(news, items);
  const reasons = model.reasonsForNewUser && ((items: Int32Array) => model.reasonsForNewUser?.(news, items));
  return { user: undefined, own, unknownItems: ratings.size - own.size, score, reasons };
}

/** @throws UsageError `unknown-user`. */
function userNumber({ userIds }: SavedRecommender, ranking: Ranking, id: string): number {
  const user = ranking.userNumberOf(id);
  if (user !== undefined) return user;
  const some = userIds.slice(0, 3).map((known) => `'${known}'`);
  throw new UsageError(`user '${id}' has no ratings in the training of this recommender`, {
    code: 'unknown-user',
    remedy: `It knows ${userIds.length} users, such as ${some.join(', ')}. Give the ratings of '${id}' instead (\`ratings\`), or train again with them.`,
  });
}

/** The words that an item has in common with each of these; undefined without texts. */
async function wordsShared(
  { features }: LoadedRecommender,
  item: number,
  near: readonly { readonly item: number }[],
): Promise<string[][] | undefined> {
  if (features === undefined || features.words.size === 0 || !features.has(item)) return undefined;
  const own = await features.vectorsOf(item);
  const shared: string[][] = [];
  for (const { item: other } of near) {
    shared.push(features.has(other) ? commonWords(features, own, await features.vectorsOf(other), namedWords) : []);
  }
  return shared;
}

type Explanation = Required<Pick<RecommendedItem, 'nearest' | 'reasons' | 'branches' | 'attended'>>;

async function explanations(
  model: LoadedRecommender,
  { user, own, reasons }: Pick<ReturnType<typeof whose>, 'user' | 'own' | 'reasons'>,
  best: readonly { readonly item: number }[],
): Promise<Explanation[]> {
  const { saved } = model;
  const items = Int32Array.from(best, ({ item }) => item);
  const branches =
    user !== undefined && hasTwoBranches(saved) && items.length > 0
      ? await branchOutputs(model, new Int32Array(items.length).fill(user), items)
      : ([] as BranchOutputs[]);
  const similarity = similarityOf(model);
  const found = items.length > 0 ? await reasons?.(items) : undefined;
  const explained: Explanation[] = [];
  for (const [place, item] of items.entries()) {
    const computed = found?.[place];
    const used = computed?.ratings.slice(0, explainedBy).filter((each) => each.item !== item);
    const shown = computed && reasonsShown(saved, item, computed, await wordsShared(model, item, used ?? []));
    if (computed && computed.ratings.length + (computed.parts?.length ?? 0) > 0) {
      explained.push({ nearest: undefined, reasons: shown, branches: undefined, attended: undefined });
      continue;
    }
    const near = await similarity.nearestOf(item, own.keys(), explainedBy);
    const words = await wordsShared(model, item, near);
    const nearest = near.map(({ item: other, similarity: likeness, basis }, at) => ({
      ...named(saved, other),
      ...{ rating: own.get(other) as number, similarity: likeness, basis, words: words?.[at] },
    }));
    const outputs = branches[place];
    explained.push({ nearest, reasons: shown, branches: outputs, attended: await mostAttended(model, item) });
  }
  return explained;
}

/** Reasons with ids instead of numbers. */
function reasonsShown(
  saved: SavedRecommender,
  item: number,
  { base, ratings, parts, by }: Reasons,
  words: readonly string[][] | undefined,
): PredictionReasons {
  const shown = ratings.map(({ user, item: other, rating, weight, contribution }, at) => ({
    ...(other === item ? { userId: saved.userIds[user] } : { ...named(saved, other), words: words?.[at] }),
    ...{ rating, weight, contribution },
  }));
  return { base, ratings: shown, parts, by };
}
