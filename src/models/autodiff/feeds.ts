/** Values of one input for one batch. */
export interface BatchFeed {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** What a batch gives the graph, by input name. */
export type Feeds = Readonly<Record<string, BatchFeed>>;

/** A batch of a training or an evaluation. */
export interface FedBatch {
  /** Rows that the loss is the mean of. */
  readonly rows: number;
  readonly feeds: Feeds;
}
