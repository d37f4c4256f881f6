import { checkInteger, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { identifierRanks } from '../../io/ratings/identifiers.ts';
import { clip } from '../../models/recommenders/recommender.ts';
import { type BranchOutputs, branchNoteOf, branchOutputs, hasTwoBranches } from './branch-outputs.ts';
import { ContentSimilarity, type SimilarityBasis } from './content-similarity.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { contentOf } from './recommender-names.ts';
import type { SavedRecommender } from './saved-recommender.ts';

/** What is recommended to whom. */
export interface RecommendOptions {
  /** Id of the user. */
  readonly user: string;
  /** Most items; default 10. */
  readonly k?: number | undefined;
  /** Only items that nobody has rated in training. */
  readonly coldOnly?: boolean | undefined;
  /**
   * Says for each item which rated items of the user are nearest in content, and what each branch
   * of a two-branch network predicts alone.
   */
  readonly explain?: boolean | undefined;
}

/** A rated item of the user that is near in content. */
export interface NearestRated {
  readonly itemId: string;
  readonly title?: string;
  /** The user's rating of it. */
  readonly rating: number;
  readonly similarity: number;
  readonly basis: SimilarityBasis;
}

/** One recommended item. */
export interface RecommendedItem {
  readonly itemId: string;
  readonly title?: string;
  readonly genres: readonly string[];
  readonly prediction: number;
  /** Ratings that it has in training. */
  readonly ratings: number;
  /** With `explain`: at most three, the nearest first. */
  readonly nearest?: readonly NearestRated[];
  /** With `explain`, of recommenders with two branches. */
  readonly branches?: BranchOutputs;
}

/** Recommendations for a user. */
export interface Recommendations {
  readonly user: string;
  readonly model: string;
  /** Items that the user has rated: they are not recommended. */
  readonly rated: number;
  /** Items that were ranked. */
  readonly candidates: number;
  /**
   * By what is predicted before it is clipped to the scale; ties by number of ratings, then by
   * ascending id.
   */
  readonly items: readonly RecommendedItem[];
  /** With `branches`: how they are made. */
  readonly branchNote?: string;
}

/** Nearest items that an explanation names. */
const explainedBy = 3;

const known: KnownOptions<RecommendOptions> = { user: true, k: true, coldOnly: true, explain: true };

/**
 * The items with the highest predicted rating among those that a user has not rated. A recommender
 * that knows nothing of an item's content ranks items with ratings only; the others (`lstm-av`,
 * `dcf-av-1`, `dcf-av-2` by features, `genre-content` by genres) rank those without ratings too.
 *
 * @throws UsageError `unknown-user` for a user without ratings in training, `no-content` for
 * `coldOnly` of a recommender that knows no content.
 * @example
 * const { items } = await recommend(await loadRecommender('models/dcf-av-1'), { user: '42', k: 10, coldOnly: true, explain: true });
 */
export async function recommend(model: LoadedRecommender, options: RecommendOptions): Promise<Recommendations> {
  checkKnownOptions('recommend', options, known);
  const k = checkInteger('k', options.k ?? 10);
  const { saved } = model;
  const user = userNumber(saved, checkString('user', options.user));
  const own = ratingsOf(saved, user);
  const counts = new Int32Array(saved.catalogue.length);
  for (const item of saved.ratings.items) counts[item] = (counts[item] as number) + 1;
  const candidates = candidatesOf(saved, counts, own, options.coldOnly ?? false);
  const users = new Int32Array(candidates.length).fill(user);
  const scores = candidates.length === 0 ? new Float32Array(0) : await model.score(users, candidates);
  const { scale } = saved.facts;
  const ranks = identifierRanks(saved.catalogue.map(({ id }) => id));
  const order = [...candidates.keys()].sort(
    (a, b) =>
      (scores[b] as number) - (scores[a] as number) ||
      (counts[candidates[b] as number] as number) - (counts[candidates[a] as number] as number) ||
      (ranks[candidates[a] as number] as number) - (ranks[candidates[b] as number] as number),
  );
  const best = order.slice(0, k).map((place) => ({
    item: candidates[place] as number,
    prediction: clip(scores[place] as number, scale),
  }));
  const explained = options.explain ? await explanations(model, user, own, best) : undefined;
  return {
    ...{ user: options.user, model: saved.facts.model, rated: own.size, candidates: candidates.length },
    items: best.map(({ item, prediction }, place) => ({
      ...{ ...named(saved, item), genres: saved.catalogue[item]?.genres ?? [], prediction },
      ratings: counts[item] as number,
      ...explained?.[place],
    })),
    ...(options.explain && hasTwoBranches(saved) && { branchNote: branchNoteOf(saved) }),
  };
}

function userNumber({ userIds }: SavedRecommender, id: string): number {
  const user = userIds.indexOf(id);
  if (user >= 0) return user;
  const some = userIds.slice(0, 3).map((known) => `'${known}'`);
  throw new UsageError(`user '${id}' has no ratings in the training of this recommender`, {
    code: 'unknown-user',
    remedy: `It knows ${userIds.length} users, such as ${some.join(', ')}. Add ratings by '${id}' and train again.`,
  });
}

/** The user's ratings by item, validation ratings included. */
function ratingsOf({ ratings: { users, items, values } }: SavedRecommender, user: number): Map<number, number> {
  const own = new Map<number, number>();
  for (let row = 0; row < users.length; row++) {
    if (users[row] === user) own.set(items[row] as number, values[row] as number);
  }
  return own;
}

function candidatesOf(
  { facts: { model }, catalogue }: SavedRecommender,
  counts: Int32Array,
  own: ReadonlyMap<number, number>,
  coldOnly: boolean,
): Int32Array {
  const content = contentOf(model);
  if (coldOnly && content === undefined) {
    throw new UsageError(`recommender ${model} cannot judge items without ratings`, {
      code: 'no-content',
      option: 'coldOnly',
      remedy: 'Train dcf-av-1, dcf-av-2 or lstm-av with features, or genre-content, for `coldOnly`.',
    });
  }
  return Int32Array.from(catalogue.keys()).filter((item) => {
    const isCold = counts[item] === 0;
    return !own.has(item) && (coldOnly ? isCold : !isCold || content !== undefined);
  });
}

async function explanations(
  model: LoadedRecommender,
  user: number,
  own: ReadonlyMap<number, number>,
  best: readonly { readonly item: number }[],
): Promise<{ nearest: NearestRated[]; branches?: BranchOutputs }[]> {
  const { saved, features, genres } = model;
  const items = Int32Array.from(best, ({ item }) => item);
  const users = new Int32Array(items.length).fill(user);
  const branches =
    hasTwoBranches(saved) && items.length > 0 ? await branchOutputs(model, users, items) : ([] as BranchOutputs[]);
  const similarity = new ContentSimilarity(features, genres, saved.catalogue.length);
  const explained: { nearest: NearestRated[]; branches?: BranchOutputs }[] = [];
  for (const [place, item] of items.entries()) {
    const near = await similarity.nearest(item, own.keys(), explainedBy);
    const nearest = near.map(({ item: other, similarity: likeness, basis }) => ({
      ...named(saved, other),
      ...{ rating: own.get(other) as number, similarity: likeness, basis },
    }));
    const outputs = branches[place];
    explained.push({ nearest, ...(outputs && { branches: outputs }) });
  }
  return explained;
}

function named({ catalogue }: SavedRecommender, item: number): { itemId: string; title?: string } {
  const { id, title } = catalogue[item] as SavedRecommender['catalogue'][number];
  return { itemId: id, ...(title !== undefined && { title }) };
}
