/** A row of the thesis's result tables. */
export interface ThesisRow {
  /** Number of the table. */
  readonly table: number;
  /** Ratings drawn of each user. */
  readonly perUser: number;
  /** Undefined in the table of times, which tells none apart. */
  readonly scenario: 'non-cold' | 'hard-cold' | undefined;
  readonly model: string;
  /** List length of ranking metrics. */
  readonly k: number | undefined;
  /** Aggregate of the features, where the table compares these. */
  readonly aggregate: string | undefined;
  /** By the names of the result metrics, `precision@4` for instance. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What the thesis's tables were made of. */
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

/** What the columns after the first five are, by what they tell. */
const columns = {
  accuracy: ['mae', 'rmse', 'mse'],
  ranking: ['precision', 'recall', 'f1', 'mrr', 'map', 'ndcg'],
  other: ['coverage', 'diversity', 'personalisation', 'averageRecommended', 'averageRelevant'],
  cost: ['trainSeconds', 'predictSeconds'],
  aggregates: ['mrr', 'map', 'ndcg'],
} as const;

/** The comparison of aggregates does not say its list length; its NDCG is that of lists of 4. */
const aggregateK = 4;

// table, ratings per user, scenario, model, list length or aggregate, figures
const text = `
4 40 non-cold dcf-av-1 - 0.632 0.818 0.668
4 40 hard-cold dcf-av-1 - 0.747 0.952 0.906
4 40 non-cold dcf-av-2 - 0.632 0.82 0.672
4 40 hard-cold dcf-av-2 - 0.746 0.949 0.9
4 40 non-cold lstm-av - 0.719 0.917 0.842
4 40 hard-cold lstm-av - 0.744 0.942 0.888
4 40 non-cold deepcf - 0.636 0.82 0.673
4 40 hard-cold deepcf - 0.751 0.947 0.897
4 40 non-cold regsvd - 0.674 0.856 0.732
4 40 hard-cold regsvd - 0.801 0.988 0.977
4 40 non-cold user-knn - 0.638 0.83 0.689
4 40 hard-cold user-knn - 0.806 1.001 1.003
4 40 non-cold item-knn - 0.641 0.83 0.689
4 40 hard-cold item-knn - 0.806 1.001 1.003
4 40 non-cold genre-content - 0.763 0.982 0.965
4 40 hard-cold genre-content - 0.767 0.987 0.974
4 40 non-cold baseline - 0.641 0.825 0.68
4 40 hard-cold baseline - 0.753 0.948 0.898
4 40 non-cold random - 1.11 1.386 1.922
4 40 hard-cold random - 1.109 1.386 1.92
5 40 non-cold dcf-av-1 4 0.704 0.681 0.692 0.813 0.62 0.635
5 40 non-cold dcf-av-2 4 0.703 0.625 0.662 0.802 0.588 0.665
5 40 non-cold lstm-av 4 0.406 0.367 0.386 0.469 0.335 0.517
5 40 non-cold deepcf 4 0.718 0.65 0.682 0.822 0.608 0.667
5 40 non-cold regsvd 4 0.66 0.514 0.578 0.724 0.489 0.667
5 40 non-cold user-knn 4 0.682 0.598 0.637 0.767 0.561 0.66
5 40 non-cold item-knn 4 0.695 0.617 0.654 0.794 0.579 0.659
5 40 non-cold genre-content 4 0.533 0.475 0.503 0.629 0.415 0.481
6 40 non-cold dcf-av-1 10 0.68 0.683 0.681 0.813 0.597 0.735
6 40 non-cold dcf-av-2 10 0.677 0.591 0.631 0.797 0.535 0.753
6 40 non-cold lstm-av 10 0.394 0.393 0.394 0.469 0.336 0.656
6 40 non-cold deepcf 10 0.694 0.614 0.652 0.822 0.558 0.757
6 40 non-cold regsvd 10 0.651 0.433 0.52 0.725 0.405 0.756
6 40 non-cold user-knn 10 0.662 0.555 0.604 0.767 0.506 0.753
6 40 non-cold item-knn 10 0.677 0.568 0.618 0.794 0.519 0.752
6 40 non-cold genre-content 10 0.526 0.462 0.492 0.63 0.385 0.634
7 40 hard-cold dcf-av-1 4 0.295 0.285 0.29 0.338 0.255 0.512
7 40 hard-cold dcf-av-2 4 0.236 0.247 0.241 0.28 0.214 0.433
7 40 hard-cold lstm-av 4 0.312 0.277 0.294 0.353 0.249 0.508
7 40 hard-cold deepcf 4 0.207 0.215 0.211 0.24 0.185 0.417
7 40 hard-cold regsvd 4 0.0 0.0 0.0 0.0 0.0 0.424
7 40 hard-cold user-knn 4 0.0 0.0 0.0 0.0 0.0 0.424
7 40 hard-cold item-knn 4 0.0 0.0 0.0 0.0 0.0 0.424
7 40 hard-cold genre-content 4 0.515 0.464 0.488 0.612 0.404 0.481
8 40 hard-cold dcf-av-1 10 0.278 0.327 0.301 0.339 0.271 0.654
8 40 hard-cold dcf-av-2 10 0.235 0.32 0.271 0.281 0.251 0.6
8 40 hard-cold lstm-av 10 0.302 0.3 0.301 0.353 0.253 0.65
8 40 hard-cold deepcf 10 0.208 0.28 0.239 0.241 0.219 0.59
8 40 hard-cold regsvd 10 0.0 0.0 0.0 0.0 0.0 0.595
8 40 hard-cold user-knn 10 0.0 0.0 0.0 0.0 0.0 0.594
8 40 hard-cold item-knn 10 0.0 0.0 0.0 0.0 0.0 0.594
8 40 hard-cold genre-content 10 0.511 0.457 0.482 0.613 0.377 0.633
9 40 non-cold dcf-av-1 - 0.921 0.629 0.981 5.002 5.003
9 40 non-cold dcf-av-2 - 0.896 0.561 0.982 4.101 5.003
9 40 non-cold lstm-av - 0.98 0.349 0.993 3.193 5.003
9 40 non-cold deepcf - 0.921 0.583 0.982 4.357 5.003
9 40 non-cold regsvd - 0.759 0.471 0.983 3.021 5.003
9 40 non-cold user-knn - 0.921 0.538 0.985 4.014 5.003
9 40 non-cold item-knn - 0.881 0.565 0.984 4.054 5.003
9 40 non-cold genre-content - 0.999 0.457 0.939 3.907 5.003
10 40 hard-cold dcf-av-1 - 0.999 0.268 0.997 2.84 5.003
10 40 hard-cold dcf-av-2 - 0.918 0.246 0.996 2.819 5.003
10 40 hard-cold lstm-av - 0.993 0.256 0.997 2.565 5.003
10 40 hard-cold deepcf - 0.998 0.213 0.998 2.463 5.003
10 40 hard-cold regsvd - 0.0 0.0 0.0 0.0 5.003
10 40 hard-cold user-knn - 0.0 0.0 0.0 0.0 5.003
10 40 hard-cold item-knn - 0.0 0.0 0.0 0.0 5.003
10 40 hard-cold genre-content - 0.999 0.44 0.941 3.851 5.003
12 20 non-cold dcf-av-1 - 0.708 0.911 0.829
12 20 hard-cold dcf-av-1 - 0.806 1.012 1.025
12 20 non-cold deepcf - 0.671 0.861 0.741
12 20 hard-cold deepcf - 0.775 0.979 0.958
12 20 non-cold regsvd - 0.732 0.922 0.85
12 20 hard-cold regsvd - 0.815 1.007 1.015
13 20 non-cold dcf-av-1 4 0.522 0.447 0.481 0.605 0.395 0.612
13 20 non-cold deepcf 4 0.576 0.508 0.54 0.637 0.476 0.69
13 20 non-cold regsvd 4 0.471 0.311 0.375 0.494 0.301 0.693
14 20 hard-cold dcf-av-1 4 0.556 0.5 0.526 0.646 0.438 0.615
14 20 hard-cold deepcf 4 0.263 0.276 0.27 0.309 0.24 0.589
14 20 hard-cold regsvd 4 0 0 0 0 0 0.583
15 20 non-cold dcf-av-1 10 0.521 0.435 0.474 0.606 0.381 0.665
15 20 non-cold deepcf 10 0.574 0.5 0.535 0.638 0.465 0.72
15 20 non-cold regsvd 10 0.47 0.295 0.363 0.494 0.285 0.722
16 20 hard-cold dcf-av-1 10 0.556 0.492 0.522 0.646 0.426 0.667
16 20 hard-cold deepcf 10 0.264 0.297 0.28 0.309 0.251 0.646
16 20 hard-cold regsvd 10 0.0 0.0 0.0 0.0 0.0 0.644
17 20 non-cold dcf-av-1 - 0.628 0.413 0.992 1.962 2.556
17 20 non-cold deepcf - 0.795 0.382 0.993 1.937 2.556
17 20 non-cold regsvd - 0.537 0.216 0.994 1.067 2.556
18 20 hard-cold dcf-av-1 - 0.573 0.464 0.991 2.199 2.556
18 20 hard-cold deepcf - 0.953 0.232 0.999 1.398 2.556
18 20 hard-cold regsvd - 0.0 0.0 0.0 0.0 2.556
19 80 non-cold dcf-av-1 - 0.635 0.827 0.684
19 80 hard-cold dcf-av-1 - 0.744 0.941 0.886
19 80 non-cold deepcf - 0.624 0.809 0.655
19 80 hard-cold deepcf - 0.754 0.952 0.907
19 80 non-cold regsvd - 0.642 0.826 0.683
19 80 hard-cold regsvd - 0.792 0.987 0.975
20 80 non-cold dcf-av-1 4 0.784 0.73 0.756 0.883 0.69 0.586
20 80 non-cold deepcf 4 0.79 0.726 0.756 0.883 0.688 0.586
20 80 non-cold regsvd 4 0.758 0.699 0.727 0.85 0.661 0.577
21 80 hard-cold dcf-av-1 4 0.424 0.358 0.388 0.479 0.327 0.397
21 80 hard-cold deepcf 4 0.279 0.253 0.266 0.324 0.22 0.296
21 80 hard-cold regsvd 4 0.113 0.113 0.113 0.132 0.098 0.303
22 80 non-cold dcf-av-1 10 0.752 0.605 0.671 0.883 0.553 0.687
22 80 non-cold deepcf 10 0.757 0.596 0.667 0.883 0.547 0.687
22 80 non-cold regsvd 10 0.726 0.581 0.646 0.85 0.53 0.681
23 80 hard-cold dcf-av-1 10 0.402 0.302 0.345 0.463 0.26 0.511
23 80 hard-cold deepcf 10 0.275 0.255 0.265 0.315 0.203 0.415
23 80 hard-cold regsvd 10 0.112 0.119 0.116 0.132 0.095 0.426
24 80 non-cold dcf-av-1 - 0.94 0.66 0.964 6.685 8.334
24 80 non-cold deepcf - 0.927 0.655 0.964 6.532 8.334
24 80 non-cold regsvd - 0.886 0.631 0.965 6.502 8.334
25 80 hard-cold dcf-av-1 - 0.999 0.348 0.99 3.619 8.334
25 80 hard-cold deepcf - 0.999 0.272 0.995 3.434 8.334
25 80 hard-cold regsvd - 0.499 0.117 0.499 1.579 8.334
26 40 non-cold dcf-av-1 mean 0.769 0.546 0.665
26 40 hard-cold dcf-av-1 mean 0.287 0.223 0.509
26 40 non-cold dcf-av-1 meanvar 0.784 0.559 0.66
26 40 hard-cold dcf-av-1 meanvar 0.315 0.243 0.483
26 40 non-cold dcf-av-1 median 0.79 0.577 0.662
26 40 hard-cold dcf-av-1 median 0.295 0.226 0.51
26 40 non-cold dcf-av-1 medmad 0.783 0.56 0.67
26 40 hard-cold dcf-av-1 medmad 0.325 0.252 0.499
26 40 non-cold dcf-av-2 mean 0.79 0.578 0.668
26 40 hard-cold dcf-av-2 mean 0.257 0.193 0.417
26 40 non-cold dcf-av-2 meanvar 0.802 0.593 0.668
26 40 hard-cold dcf-av-2 meanvar 0.241 0.184 0.422
26 40 non-cold dcf-av-2 median 0.778 0.559 0.662
26 40 hard-cold dcf-av-2 median 0.284 0.215 0.436
26 40 non-cold dcf-av-2 medmad 0.786 0.577 0.669
26 40 hard-cold dcf-av-2 medmad 0.269 0.206 0.433
26 40 non-cold lstm-av mean 0.767 0.554 0.654
26 40 hard-cold lstm-av mean 0.517 0.358 0.508
26 40 non-cold lstm-av meanvar 0.763 0.557 0.656
26 40 hard-cold lstm-av meanvar 0.587 0.388 0.51
26 40 non-cold lstm-av median 0.794 0.586 0.655
26 40 hard-cold lstm-av median 0.601 0.416 0.506
26 40 non-cold lstm-av medmad 0.781 0.579 0.654
26 40 hard-cold lstm-av medmad 0.616 0.419 0.514
11 40 - dcf-av-1 - 900 10
11 40 - dcf-av-2 - 900 10
11 40 - lstm-av - 800 10
11 40 - deepcf - 150 5
11 40 - regsvd - 80 2
11 40 - user-knn - 0 60
11 40 - item-knn - 0 60
11 40 - genre-content - 0 1320
`;

/** Every row of the thesis's tables 4 to 26, as published. */
export const thesisRows: readonly ThesisRow[] = text.trim().split('\n').map(rowOf);

function rowOf(line: string): ThesisRow {
  const [table = '', perUser = '', scenario = '', model = '', qualifier = '', ...figures] = line.split(' ');
  const k = /^\d+$/.test(qualifier) ? Number(qualifier) : undefined;
  const aggregate = k === undefined && qualifier !== '-' ? qualifier : undefined;
  const cut = k ?? (aggregate === undefined ? undefined : aggregateK);
  const names = columnsOf(scenario, k, aggregate, figures.length);
  const metric = (name: string) => (cut === undefined ? name : `${name}@${cut}`);
  return {
    table: Number(table),
    perUser: Number(perUser),
    scenario: scenario === 'non-cold' || scenario === 'hard-cold' ? scenario : undefined,
    model,
    k,
    aggregate,
    metrics: Object.fromEntries(names.map((name, index) => [metric(name), Number(figures[index])])),
  };
}

function columnsOf(scenario: string, k: number | undefined, aggregate: string | undefined, figures: number) {
  if (scenario === '-') return columns.cost;
  if (aggregate !== undefined) return columns.aggregates;
  if (k !== undefined) return columns.ranking;
  return figures === columns.accuracy.length ? columns.accuracy : columns.other;
}
