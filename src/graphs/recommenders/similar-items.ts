import { AskedOnce } from '../../core/asked-once.ts';
import { checkInteger, checkOneOf, checkString } from '../../core/check.ts';
import { UsageError } from '../../core/errors.ts';
import { checkKnownOptions, type KnownOptions } from '../../core/known-options.ts';
import { UnitRows } from '../../models/analysis/unit-length-rows.ts';
import { type SimilarItem, type SimilarityBasis, similarityOf } from './content-similarity.ts';
import type { LoadedRecommender } from './load-recommender.ts';
import { itemNumber, named, rankingOf } from './ranking.ts';

/** What to compare items by: their content, or what was learnt about them from their ratings. */
export const similarityBases = ['content', 'factors'] as const;

/** Which items to find. */
export interface SimilarItemsOptions {
  /** Id of the item. */
  readonly item: string;
  /** Default `content`. */
  readonly by?: (typeof similarityBases)[number] | undefined;
  /** Maximum number of items. Default 10. */
  readonly k?: number | undefined;
}

/** Items that resemble another one. */
export interface SimilarItems {
  readonly itemId: string;
  readonly title?: string | undefined;
  readonly recommender: string;
  readonly by: (typeof similarityBases)[number];
  readonly items: readonly {
    readonly itemId: string;
    readonly title?: string | undefined;
    /** Cosine. */
    readonly similarity: number;
    readonly basis: SimilarityBasis | 'factors';
  }[];
}

const known: KnownOptions<SimilarItemsOptions> = { item: true, by: true, k: true };

/**
 * The items most similar to another one: by `content`, the cosine of their mean features or,
 * without features, of their genres; by `factors`, the cosine of the vectors that the recommender
 * has learnt about items from their ratings.
 *
 * @throws UsageError `unknown-item`; `no-factors` when the recommender learns no vectors, or has
 * none for this item; `no-content` when nothing is known about its content.
 * @example
 * const { items } = await similarItems(await loadRecommender('recommenders/svd'), { item: '1', by: 'factors' });
 */
export async function similarItems(model: LoadedRecommender, options: SimilarItemsOptions): Promise<SimilarItems> {
  checkKnownOptions('similarItems', options, known);
  const { saved } = model;
  const k = checkInteger('k', options.k ?? 10);
  const by = checkOneOf('by', options.by ?? 'content', similarityBases);
  const item = itemNumber(saved, checkString('item', options.item));
  let found: readonly (Omit<SimilarItem, 'basis'> & { readonly basis: SimilarityBasis | 'factors' })[];
  if (by === 'factors') found = await byFactors(model, item, k);
  else {
    found = await similarityOf(model).nearest(item, k);
    if (found.length === 0) {
      throw new UsageError(`item '${options.item}' has no content in common with any other item`, {
        code: 'no-content',
        option: 'by',
        remedy: "Train with features or a list of movies with genres, or compare by learnt vectors: `by: 'factors'`.",
      });
    }
  }
  return {
    ...{ ...named(saved, item), recommender: saved.facts.recommender, by },
    items: found.map(({ item: other, similarity, basis }) => ({ ...named(saved, other), similarity, basis })),
  };
}

/** Vectors that were learnt, of items with ratings. */
interface LearntVectors {
  readonly rows: UnitRows;
  /** Items of the rows, ascending. */
  readonly items: Int32Array;
}

const learnt = new WeakMap<object, AskedOnce<LearntVectors | undefined>>();

function learntVectors(model: LoadedRecommender): Promise<LearntVectors | undefined> {
  const { saved } = model;
  const asked = learnt.get(saved) ?? new AskedOnce<LearntVectors | undefined>();
  learnt.set(saved, asked);
  return asked.ask(async () => {
    const factors = await model.itemFactors();
    if (factors === undefined) return undefined;
    const { values, dimension } = factors;
    const { counts } = rankingOf(saved);
    const items = Int32Array.from(counts.keys()).filter((item) => (counts[item] as number) > 0);
    const rows = new UnitRows(dimension);
    for (const item of items) rows.add(values.subarray(item * dimension, (item + 1) * dimension));
    return { rows, items };
  });
}

async function byFactors(model: LoadedRecommender, item: number, k: number) {
  const { saved } = model;
  const vectors = await learntVectors(model);
  const row = vectors?.items.indexOf(item) ?? -1;
  if (vectors === undefined || row < 0) {
    const what =
      vectors === undefined
        ? 'learns no vectors of items'
        : `has learnt nothing about item '${saved.catalogue[item]?.id}'`;
    throw new UsageError(`recommender ${saved.facts.recommender} ${what}`, {
      code: 'no-factors',
      option: 'by',
      remedy: "Compare by `by: 'content'`, or take a recommender with factors, such as svd, and an item with ratings.",
    });
  }
  const [found = []] = await vectors.rows.nearest([row], k, { first: row, end: row + 1 });
  return found.map(({ row: other, similarity }) => ({
    ...{ item: vectors.items[other] as number, similarity },
    basis: 'factors' as const,
  }));
}
