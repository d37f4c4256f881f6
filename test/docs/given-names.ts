// The names that an example of a doc comment may use without saying where it has them from, beside
// what the package exports: `test/fixtures/doc-comments.ts`.

import type { Flow, Video, VideoScope } from 'reelflow';
import type { Plan, VideoGraph } from 'reelflow/commands';
import type { Pca } from 'reelflow/pca';
import type { RatingTable } from 'reelflow/ratings';
import type { TrainingRatings, TrainingSet } from 'reelflow/recommenders';

export declare const flow: Flow;
/** Of a column of a dataset, or of a video alone. */
export declare const scope: VideoScope & ReturnType<Flow['scope']>;
/** The videos of a run, and the graph that computes them. */
export declare const corpus: readonly Video[];
export declare const graph: VideoGraph;
export declare const plan: Plan;
export declare const signal: AbortSignal;

/** A table, and what a recommender learns from. */
export declare const ratings: RatingTable & TrainingRatings;
export declare const training: TrainingSet & TrainingRatings;
export declare const validation: TrainingSet & TrainingRatings;
/** Pairs to predict: user and item numbers. */
export declare const users: Int32Array;
export declare const items: Int32Array;
export declare const pca: Pca;
