/** Values of one input for one batch. */
export interface BatchFeed {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** The inputs of the graph for a batch, by name. */
export type Feeds = Readonly<Record<string, BatchFeed>>;

/** A batch of a training or an evaluation. */
export interface FedBatch {
  /** Number of rows that the loss is averaged over. */
  readonly rows: number;
  readonly feeds: Feeds;
}
