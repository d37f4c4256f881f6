/** What the metrics of one user's list over the whole catalogue are computed from. */
interface CatalogueList {
  /** 1 if the item at that rank is one that the user chose, else 0; at most k values. */
  readonly hits: Uint8Array;
  /** Number of items that the user chose and that could have been listed. */
  readonly relevant: number;
  readonly k: number;
}

/**
 * Metrics of the first k of all items that a user has not seen yet: each a mean over the users that
 * have a relevant test item. `docs/metrics.md` defines each.
 */
export const catalogueMetrics = {
  recall: ({ hits, relevant }) => sum(hits) / relevant,
  recallAdjusted: ({ hits, relevant, k }) => sum(hits) / Math.min(k, relevant),
  precision: ({ hits, k }) => sum(hits) / k,
  ndcg: ({ hits, relevant, k }) => discounted(hits) / discounted(new Uint8Array(Math.min(k, relevant)).fill(1)),
  hitRate: ({ hits }) => (hits.includes(1) ? 1 : 0),
  mrr: ({ hits }) => (hits.includes(1) ? 1 / (hits.indexOf(1) + 1) : 0),
  map: ({ hits, relevant, k }) => precisions(hits) / Math.min(k, relevant),
} as const satisfies Readonly<Record<string, (list: CatalogueList) => number>>;

/** Name of a metric of one user's list. */
export type CatalogueMetricName = keyof typeof catalogueMetrics;

/** The names, in the order of the record. */
export const catalogueMetricNames = Object.keys(catalogueMetrics) as readonly CatalogueMetricName[];

/** Prefix of the names of figures over the whole catalogue. */
export const cataloguePrefix = 'catalogue.';

/** The name of a catalogue figure at one list length, beside those of the rated items. */
export function catalogueFigure(name: string, k: number | string): string {
  return `${cataloguePrefix}${name}@${k}`;
}

function sum(hits: Uint8Array): number {
  let count = 0;
  for (const hit of hits) count += hit;
  return count;
}

function discounted(hits: Uint8Array): number {
  let gain = 0;
  for (let rank = 0; rank < hits.length; rank++) gain += (hits[rank] as number) / Math.log2(rank + 2);
  return gain;
}

/** Sum of the precisions at the ranks of the hits. */
function precisions(hits: Uint8Array): number {
  let [count, total] = [0, 0];
  for (let rank = 0; rank < hits.length; rank++) {
    if (hits[rank] !== 1) continue;
    count++;
    total += count / (rank + 1);
  }
  return total;
}
