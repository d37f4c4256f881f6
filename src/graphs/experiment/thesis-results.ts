import { readFileSync } from 'node:fs';

/** A row of the thesis's result tables. */
export interface ThesisRow {
  /** Number of the table. */
  readonly table: number;
  /** Ratings drawn of each user. */
  readonly perUser: number;
  /** Not in the table of times, which tells none apart. */
  readonly scenario?: 'non-cold' | 'hard-cold' | undefined;
  readonly recommender: string;
  /** List length of ranking metrics. */
  readonly k?: number | undefined;
  /** Aggregate of the features, where the table compares these. */
  readonly aggregate?: string | undefined;
  /** By the names of our metrics: its recall is `recallAdjusted`, its NDCG `ndcgRelevant`. */
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
      // Its NDCG is not defined there; only the form over relevant items can have such figures.
      name.replace(/^recall@/, 'recallAdjusted@').replace(/^ndcg@/, 'ndcgRelevant@'),
      value,
    ]),
  ),
}));

function publishedRows(): readonly ThesisRow[] {
  return JSON.parse(readFileSync(new URL('thesis-results.json', import.meta.url), 'utf8'));
}
