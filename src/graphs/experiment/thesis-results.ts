import { readFileSync } from 'node:fs';

/** A row of the thesis's result tables. */
export interface ThesisRow {
  /** Number of the table. */
  readonly table: number;
  /** Ratings drawn from each user. */
  readonly perUser: number;
  /** Absent from the table of times, which does not distinguish scenarios. */
  readonly scenario?: 'non-cold' | 'hard-cold' | undefined;
  readonly recommender: string;
  /** List length of ranking metrics. */
  readonly k?: number | undefined;
  /** Aggregate of the features, if the table compares them. */
  readonly aggregate?: string | undefined;
  /**
   * Under the names of our metrics: the thesis's recall is `recallAdjusted`, its NDCG
   * `ndcgRelevant`.
   */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What the thesis's tables were made from. */
export const thesisSetting = {
  source:
    'the thesis on audiovisual-content-enhanced deep collaborative filtering, tables 4 to 26 (MovieLens 20M with trailers)',
  ratingsRead: 20_000_263,
  movies: 1000,
  users: 1500,
  perUser: [20, 40, 80],
  folds: 2,
  years: { from: 1970, to: 2015 },
  threshold: 3.5,
  thresholdRule: 'gt',
} as const;

/**
 * Every row of the thesis's tables 4 to 26, as published: in `thesis-results.json`, which the build
 * puts beside this file.
 */
export const thesisRows: readonly ThesisRow[] = publishedRows().map((row) => ({
  ...row,
  metrics: Object.fromEntries(
    Object.entries(row.metrics).map(([name, value]) => [
      // The thesis does not define its NDCG; only the form over relevant items can produce such
      // figures.
      name.replace(/^recall@/, 'recallAdjusted@').replace(/^ndcg@/, 'ndcgRelevant@'),
      value,
    ]),
  ),
}));

function publishedRows(): readonly ThesisRow[] {
  return JSON.parse(readFileSync(new URL('thesis-results.json', import.meta.url), 'utf8'));
}
