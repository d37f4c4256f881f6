import type { Statistic } from './statistics.ts';

/**
 * Something with a time: an embedding, or any vector a function of the user made of a frame or a
 * patch.
 */
export interface Timed {
  /** Seconds from the container's start; decides the subclip. */
  readonly time: number;
  /**
   * Seconds from the container's start, at least `time`: the middle of the span that the row is
   * over. Left out (or the same as `time`) for what is of a moment and shows until the next row.
   * Decides which row an empty subclip takes.
   */
  readonly centre?: number | undefined;
  /** D values, the same D for every row of a stream. */
  readonly vector: Float32Array | readonly number[];
}

/** One statistic of one subclip of one stream. */
export interface SubclipRow {
  /** `id` of the span it is a part of (the video), where it has one. */
  readonly item?: string | undefined;
  /** Name of the stream: `visual`, `audio`, or a name of the user's. */
  readonly stream: string;
  /** What `vector` holds. */
  readonly statistic: Statistic;
  /** Number of subclips the span was cut into. */
  readonly subclips: number;
  /** Length of the subclips, where the span was cut into subclips of fixed length. */
  readonly seconds?: number | undefined;
  /** Which of them, from 0. */
  readonly subclip: number;
  /** Its start in seconds: `subclip * duration / subclips`, or `subclip * seconds`. */
  readonly start: number;
  /** Its end in seconds: the start of the next one; of the last one the end of the span. */
  readonly end: number;
  /** Rows of its own that the statistic is over; 0 when it was empty and took another's. */
  readonly count: number;
  /** D or 2 D float32 values, see `Statistic`. Belongs to the receiver. */
  readonly vector: Float32Array;
}

/** What is cut into subclips: a video, or anything with a duration in seconds. */
export interface Span {
  /** Seconds; read when the first row arrives, so a video need not have been probed before. */
  readonly duration: number;
  /** Copied to `item` of every row. */
  readonly id?: string | undefined;
}
